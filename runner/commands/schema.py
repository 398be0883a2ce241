"""`sandbox-review schema submission|review`: the JSON Schemas."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence


def run(words: Sequence[str]) -> int:
    """Print one schema."""
    parser = argparse.ArgumentParser(prog="sandbox-review schema")
    parser.add_argument("name", choices=["submission", "review"])
    parser.add_argument("--json", action="store_true", help="accepted for uniformity: the schema is JSON anyway")
    options = parser.parse_args(list(words))
    if options.name == "review":
        from runner.review import review_schema

        schema = review_schema()
    else:
        from runner.submissions import submission_schema

        schema = submission_schema()
    print(json.dumps(schema, indent=2))
    return 0
