"""`sandbox-review import FILE|DIR [-o submission.json]`: any accepted form becomes a submission.json."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from runner.submissions import SubmissionError, load, to_json


def run(words: Sequence[str]) -> int:
    """Convert; prints to stdout without -o."""
    parser = argparse.ArgumentParser(prog="sandbox-review import")
    parser.add_argument("submission", metavar="FILE|DIR")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE")
    options = parser.parse_args(list(words))
    try:
        text = to_json(load(options.submission))
    except SubmissionError as error:
        print(error, file=sys.stderr)
        return 2
    if options.output is None:
        print(text, end="" if text.endswith("\n") else "\n")
        return 0
    try:
        options.output.write_text(text, encoding="utf-8")
    except OSError as error:
        print(f"{options.output} cannot be written: {error.strerror}", file=sys.stderr)
        return 2
    return 0
