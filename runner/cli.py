"""The command line: find the subcommand, import it, run it."""

from __future__ import annotations

import importlib
import io
import os
import sys
import traceback
from collections.abc import Sequence
from typing import Any

USAGE = """\
usage: sandbox-review SUBMISSION [--output DIR] [--json] [KEY=VALUE ...]
       sandbox-review COMMAND ...

Runs a machine-written ML experiment in a sandbox and says whether it is ready.

SUBMISSION is a submission.json, a reviewer's transcript, a research_history.json,
a directory, a .zip or .tar.gz of a repository, or a local git repository as PATH@COMMIT.

commands:
  review SUBMISSION ...   the same as naming the submission alone
  import FILE|DIR         turn any accepted form into a submission.json
  nightly CORPUS ...      review all of a corpus, compare with the last accepted verdicts;
                          also: nightly accept, nightly history SUBMISSION
  judge DIR               judge again from stored evidence, running nothing
  assets list|show|add    the models, data sets and metrics that the sandbox can serve
  hub                     the hub stand-in by itself; prints its URL
  wandb-mock              the W&B mock by itself; prints its URL
  doctor                  what this machine can do and what is missing
  schema NAME             the JSON Schema of submission or review

options:
  -o, --output DIR        where the review is written (default: ./review-<id>)
  --json                  print the answer as JSON on stdout, progress on stderr
  -h, --help              this text
  --version               the program's version

Common overrides (KEY=VALUE; all of them stand in the README):
  backend=docker|bubblewrap|process   limits.wall_seconds=900   gpu=1
  stages=[files,environment,compose,trial]   runs=[RUN_ID,...]   env.torch=auto

exit status: 0 ready, 1 not ready, 2 submission or command line cannot be used, 3 inconclusive
"""
OUR_FAULT = 3
_COMMANDS = {
    "review": "runner.commands.review",
    "import": "runner.commands.import_",
    "judge": "runner.commands.judge",
    "nightly": "runner.nightly.command",
    "assets": "runner.commands.assets",
    "hub": "runner.commands.hub",
    "wandb-mock": "runner.commands.wandb_mock",
    "doctor": "runner.commands.doctor",
    "schema": "runner.commands.schema",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if not words or words[0] in ("-h", "--help"):
        print(USAGE, end="")
        return 0 if words else 2
    if words[0] == "--version":
        from runner import __version__

        print(f"sandbox-review {__version__}")
        return 0
    # A first word that names no subcommand is a submission; a file of that name is written ./name.
    command = _COMMANDS.get(words[0])
    try:
        module = importlib.import_module(command or _COMMANDS["review"])
        status: int = module.run(words[1:] if command else words)
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return OUR_FAULT
    except Exception:
        # Python's own exit status for this is 1, which here means "not ready": a bug of ours must not say that.
        traceback.print_exc()
        print("sandbox-review itself failed; this says nothing about the submission.", file=sys.stderr)
        return OUR_FAULT
    return status


class _Unread(io.FileIO):
    """A standard stream whose reader may go. The work and its exit status stay what they are; the rest is not shown."""

    def write(self, data: Any) -> int:
        try:
            return super().write(data)
        except BrokenPipeError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.fileno())
            os.close(nowhere)
            return memoryview(data).nbytes


def _outlive_readers() -> None:
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if isinstance(stream, io.TextIOWrapper) and not stream.isatty():
            raw = io.BufferedWriter(_Unread(stream.fileno(), "w", closefd=False))
            setattr(
                sys,
                name,
                io.TextIOWrapper(
                    raw,
                    stream.encoding,
                    stream.errors,
                    line_buffering=stream.line_buffering,
                    write_through=stream.write_through,
                ),
            )


def entry() -> None:
    """The console script."""
    _outlive_readers()
    sys.exit(main())


if __name__ == "__main__":
    entry()
