"""`sandbox-review doctor`: what this machine can do, and what is missing."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict

from rich.text import Text

from runner.reports.console import make_console
from runner.settings import default_cache
from sandbox.doctor import Check, examine


def run(words: Sequence[str]) -> int:
    """Print every check; exit status 3 if a review cannot run on this machine."""
    parser = argparse.ArgumentParser(prog="sandbox-review doctor")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(list(words))
    checks = [*examine(), _cache()]
    usable = all(check.ok for check in checks if check.needed)
    if options.json:
        print(json.dumps({"usable": usable, "checks": [asdict(check) for check in checks]}, indent=2))
        return 0 if usable else 3
    console = make_console()
    width = max(len(check.name) for check in checks)
    for check in checks:
        mark, style = ("✓", "green") if check.ok else ("✗", "red" if check.needed else "yellow")
        console.print(Text.assemble((mark, style), f" {check.name:{width}}  ", check.detail), soft_wrap=True)
        if check.advice:
            console.print(Text(f"  {'':{width}}  {check.advice}", style="dim"), soft_wrap=True)
    console.print()
    console.print("Reviews can run here." if usable else "Reviews cannot run here yet; see the red lines.")
    return 0 if usable else 3


def _cache() -> Check:
    folder = default_cache()
    size = sum(1 for _ in folder.glob("assets/standins/*/*")) if folder.is_dir() else 0
    return Check("cache", True, f"{folder}, {size} stand-ins made")
