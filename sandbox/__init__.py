"""Isolation: backends, limits, cause of death, and the services a sandbox may talk to.

This package runs commands and reports facts. It knows nothing of checklists, criteria or verdicts.
"""
