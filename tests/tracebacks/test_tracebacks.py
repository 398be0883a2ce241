"""Root tracebacks: `programs/` are really run (this interpreter, real Hydra); `samples/` are output as captured."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from runner.tracebacks import read_tracebacks, root_traceback

HERE = Path(__file__).parent
ROOT = "/workspace"


def cases(folder: str) -> list[Any]:
    """Every case of every file of a folder; a file holds cases by name."""
    found = []
    for path in sorted((HERE / folder).glob("*.yaml")):
        for name, case in yaml.safe_load(path.read_text("utf-8")).items():
            found.append(pytest.param(case, id=f"{path.stem}-{name}"))
    return found


def check(expect: dict[str, Any] | None, stderr: str, stdout: str, root: str) -> None:
    """Compare the root traceback with what a case expects; `says` lists what the message must hold."""
    root_one = root_traceback(stderr, stdout, root)
    if expect is None:
        assert root_one is None, root_one
        return
    assert root_one is not None, stderr[-2000:]
    told = f"{root_one}\n{stderr[-3000:]}"
    assert root_one.type == expect["type"], told
    for words in [expect["says"]] if isinstance(expect.get("says"), str) else expect.get("says", []):
        assert words in root_one.message, told
    if "message" in expect:
        assert root_one.message == expect["message"], told
    assert root_one.file == expect.get("file"), told
    if "line" in expect or "file" not in expect:
        assert root_one.line == expect.get("line"), told
    if "source" in expect:
        assert next(f.source for f in reversed(root_one.frames) if f.in_submission) == expect["source"], told
    if "chain" in expect:
        assert [link.partition(":")[0] for link in root_one.chain] == expect["chain"], told
    assert not any(frame.in_submission and frame.file.startswith(("/", "<")) for frame in root_one.frames), told
    if "count" in expect:
        assert len(read_tracebacks(stderr, stdout, root)) == expect["count"], told


@pytest.mark.parametrize("case", cases("programs"))
def test_the_root_traceback_of_a_program_that_really_failed(case: dict[str, Any], tmp_path: Path) -> None:
    for name, text in case["files"].items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    environment = {**os.environ, "PYTHONPATH": "", **case.get("environment", {})}
    done = subprocess.run(
        [sys.executable, "-u", *case["command"]],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode != 0, done.stdout
    check(case["expect"], done.stderr, done.stdout, str(tmp_path))


@pytest.mark.parametrize("case", cases("samples"))
def test_the_root_traceback_of_captured_output(case: dict[str, Any]) -> None:
    check(case["expect"], case.get("stderr", ""), case.get("stdout", ""), case.get("root", ROOT))


BAR = "\r 50%|█████     | 1/2 [00:00<00:00, 10.3it/s, loss=0.31]"
FAILURE = 'Traceback (most recent call last):\n  File "/workspace/src/train.py", line 3, in f\n    g()\nKeyError: 1\n'
FLOODS = {
    "nothing but newlines": "\n",
    "progress bars": BAR,
    "tracebacks": FAILURE,
    "headers": "Traceback (most recent call last):\n",
    "headers on one line": "Traceback (most recent call last):",
    "frames without an end": '  File "/workspace/a.py", line 1, in f\n    x\n',
    "exception lines": "KeyError: 1\n",
    "hydra's footers": "Set the environment variable HYDRA_FULL_ERROR=1 for a complete stack trace.\n",
    "usage errors": "x: error: no\n",
    "one line": "x" * 1000,
    "broken terminal codes": "\x1b]\x1b[1",
    "crash reports": 'Fatal Python error: Aborted\n\nCurrent thread 0x1 (most recent\n  File "a", line 1 in f\n',
    "chains": FAILURE + "\nDuring handling of the above exception, another exception occurred:\n\n",
    "box titles": "╭─ Traceback (most recent call last) ─╮\n│ /a\n",
    "groups": "  + Exception Group Traceback (most recent call last):\n  | E: x\n  +-+-------- 1 --------\n",
    "bar parts": "5%|",
    "modules": "python: No module named x\n",
}


@pytest.mark.parametrize("part", [pytest.param(part, id=name) for name, part in FLOODS.items()])
def test_eight_megabytes_of_anything_are_read_within_seconds(part: str) -> None:
    flood = part * (8 * 2**20 // len(part.encode()) + 1)
    started = time.process_time()
    found = root_traceback(flood + "\n" + FAILURE, "", ROOT)
    seconds = time.process_time() - started
    assert found is not None
    # Measured under 2 s each; the limit leaves room for a busy machine.
    assert seconds < 6, f"{seconds:.1f} s"
