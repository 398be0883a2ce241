"""The evaluate stage: the evaluation command on what full mode logged, and on variants of it."""
