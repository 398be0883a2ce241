"""Stages gather facts and judge nothing. Each reads as prepare, run, collect."""
