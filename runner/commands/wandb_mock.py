"""`sandbox-review wandb-mock [--port N] [--store FILE]`: the W&B mock by itself, for a person's own use."""

from __future__ import annotations

import argparse
import json
import signal
import sqlite3
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path

from sandbox.errors import InfrastructureError
from sandbox.wandb_mock import Fault, FaultKind, WandbServer


def run(words: Sequence[str]) -> int:
    """Serve until interrupted; prints the URL, and the variables that make a client use it."""
    options = _parser().parse_args(list(words))
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with tempfile.TemporaryDirectory(prefix="wandb-mock-") as scratch:
            _serve(options, options.store or Path(scratch) / "runs.db")
    except KeyboardInterrupt:
        return 0
    except InfrastructureError as error:
        print(error, file=sys.stderr)
        return 3
    except (sqlite3.Error, OSError) as error:
        print(f"{options.store}: not a store that can be used: {error}", file=sys.stderr)
        return 2
    return 0


def _serve(options: argparse.Namespace, store: Path) -> None:
    with WandbServer(store, port=options.port, log=options.log, faults=options.fault) as server:
        try:
            environment = server.environment()
            if options.json:
                print(json.dumps({"url": server.url, "environment": environment}), flush=True)
            else:
                words = " ".join(f"{name}={value}" for name, value in environment.items())
                print(f"{server.url}\nUse it with: export {words}", flush=True)
            threading.Event().wait()
        finally:
            server.close()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="sandbox-review wandb-mock")
    parser.add_argument("--port", type=int, default=0, help="loopback port (default: any free one)")
    parser.add_argument("--store", type=Path, metavar="FILE", help="keep the runs here (default: until it stops)")
    parser.add_argument("--log", type=Path, metavar="FILE", help="append every call to this JSON Lines file")
    parser.add_argument(
        "--fault",
        type=_fault,
        action="append",
        default=[],
        metavar="KIND[:OPERATION[:TIMES]]",
        help=f"inject a fault ({', '.join(FaultKind)}) into an operation (UpsertBucket, file_stream, upload, ...), "
        "so many times; without them into every request, always",
    )
    parser.add_argument("--json", action="store_true")
    return parser


def _fault(word: str) -> Fault:
    kind, operation, times = (word.split(":") + ["", ""])[:3]
    try:
        return Fault(FaultKind(kind), operation, int(times) if times else None)
    except ValueError as problem:
        raise argparse.ArgumentTypeError(f"{word!r}: {problem}") from problem
