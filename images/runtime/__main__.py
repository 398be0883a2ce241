"""`python -m images.runtime make DIR | lock`: make the runtime environment, or resolve its lock anew."""

from __future__ import annotations

import argparse
from pathlib import Path

from images.runtime.environment import ensure_runtime, write_lock


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m images.runtime", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    make = commands.add_parser("make", help="make the environment below this cache directory; print its Python")
    make.add_argument("cache", type=Path)
    commands.add_parser("lock", help="resolve requirements.in into requirements.lock")
    arguments = parser.parse_args()
    if arguments.command == "make":
        print(ensure_runtime(arguments.cache.resolve()))
    else:
        write_lock()


if __name__ == "__main__":
    main()
