"""Makers of stand-ins, one module per file format.

`make(facts, folder, seed)` writes the files that the facts name into `folder` and returns the md5 sums of the files
inside its archives, which libraries check too.
"""
