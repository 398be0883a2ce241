"""`sandbox-review judge DIR`: judge again from stored evidence, running nothing."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from runner.conclude import judge_again
from runner.reports.console import make_console, print_verdict


def run(words: Sequence[str]) -> int:
    """Judge and write the reports anew."""
    parser = argparse.ArgumentParser(prog="sandbox-review judge")
    parser.add_argument("directory", type=Path, metavar="DIR")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(list(words))
    try:
        review = judge_again(options.directory)
    except FileNotFoundError as error:
        print(f"{options.directory} holds no stored review: {error.filename} is missing", file=sys.stderr)
        return 2
    except ValueError as error:
        print(f"{options.directory}: its evidence cannot be read by this version: {error}", file=sys.stderr)
        return 2
    print_verdict(review, options.directory, make_console(json_output=options.json))
    if options.json:
        print((options.directory / "review.json").read_text("utf-8"), end="")
    return review.verdict.exit_status
