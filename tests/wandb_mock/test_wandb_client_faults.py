"""The newest real client on a bad day: it gets over faults that pass, and says why where they do not."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from wandb_clients import CLIENTS, client_python

from sandbox.wandb_mock import Fault, FaultKind, WandbServer

pytestmark = [pytest.mark.clients, pytest.mark.slow, pytest.mark.timeout(300)]

PROGRAM = Path(__file__).parent / "clients" / "faults.py"
PASSING = [
    Fault(FaultKind.SERVER_ERROR, "UpsertBucket", times=1),
    Fault(FaultKind.TOO_MANY, "file_stream", times=1),
    Fault(FaultKind.SLOW, "CreateRunFiles", times=1, seconds=1.0),
    Fault(FaultKind.RESET, "upload", times=1),
]


def run_client(server: WandbServer, folder: Path, **environment: str) -> tuple[int, str]:
    """Exit status, and what the program said."""
    done = subprocess.run(
        [str(client_python(CLIENTS[-1])), str(PROGRAM), str(folder / "result.json")],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), **server.environment(), **environment},
        capture_output=True,
        text=True,
        timeout=200,
    )
    return done.returncode, done.stdout + done.stderr


def test_faults_that_pass_lose_nothing(server: WandbServer, tmp_path: Path) -> None:
    server.faults.inject(*PASSING)
    status, said = run_client(server, tmp_path)
    assert status == 0, said
    assert {call.fault for call in server.calls} - {""} == {fault.kind.value for fault in PASSING}
    assert json.loads((tmp_path / "result.json").read_text()) == {"state": "finished", "rows": [0, 1, 2, 3, 4]}
    (run,) = server.runs()
    assert run.state == "finished" and "note.txt" in run.files


def test_a_wrong_key_is_said_to_be_wrong(server: WandbServer, tmp_path: Path) -> None:
    server.faults.inject(Fault(FaultKind.WRONG_KEY))
    status, said = run_client(server, tmp_path)
    assert status != 0
    assert "401" in said or "not logged in" in said, said
    assert server.runs() == []
