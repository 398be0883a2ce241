"""Runs programs with the probe loaded, and gives what it saw."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import sandbox
from runner.probe_facts import ProbeFacts
from runner.probe_summary import summarise_events
from sandbox.probe import EventServer, probe_variables

TOOLS = Path(sandbox.__file__).parent / "inside"
CLIENTS = Path(__file__).parent / "clients"


@dataclass(frozen=True)
class Probed:
    exit_code: int
    facts: ProbeFacts
    stdout: str
    stderr: str
    log: str


def probed(
    program: str | Path,
    folder: Path,
    *words: str,
    python: Path | str = sys.executable,
    variables: dict[str, str] | None = None,
    during: Callable[[EventServer, subprocess.Popen[str]], None] | None = None,
) -> Probed:
    """Run a program's text (as main.py in `folder`, a repository), or a file copied there, with the probe."""
    folder.mkdir(exist_ok=True)
    main = folder / "main.py"
    main.write_text(program if isinstance(program, str) else program.read_text())
    log = folder.parent / "events.jsonl"
    with tempfile.TemporaryDirectory() as short, EventServer(Path(short) / "e.sock", log) as server:
        environment = {
            "PATH": "/usr/bin:/bin",
            "HOME": str(folder.parent / "home"),
            "OMP_NUM_THREADS": "2",
            "OMP_WAIT_POLICY": "PASSIVE",
            **probe_variables(str(TOOLS), f"{short}/e.sock", str(folder)),
            **(variables or {}),
        }
        process = subprocess.Popen(
            [str(python), "-W", "ignore", str(main), *words],
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        if during is not None:
            during(server, process)
        stdout, stderr = process.communicate(timeout=400)
    facts = summarise_events(log, process.returncode)
    return Probed(process.returncode, facts, stdout, stderr, log.read_text())
