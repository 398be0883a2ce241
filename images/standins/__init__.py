"""Generators that turn facts of the catalogue into stand-ins. They run in the runtime environment only."""
