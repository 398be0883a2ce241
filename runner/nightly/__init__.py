"""Nightly: every submission of a corpus reviewed again and held against the last accepted verdicts."""
