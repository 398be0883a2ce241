"""The generator's process: stopped on close, gone with its host, and never left running."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

from images.catalogue import Asset
from sandbox import builder as module
from sandbox.builder import RuntimeBuilder
from sandbox.errors import InfrastructureError

ASSET = Asset("model", "owner/tiny", (), False, {})


@pytest.fixture
def generator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stands for launch.py: notes its process id, then works for a minute."""
    script = tmp_path / "launch.py"
    script.write_text(
        textwrap.dedent(f"""
        import os, pathlib, sys, threading, time
        sys.stdin.readline()
        threading.Thread(target=lambda: (sys.stdin.read(), os._exit(1)), daemon=True).start()
        pathlib.Path({str(tmp_path)!r}, "pid").write_text(str(os.getpid()))
        time.sleep(60)
        """)
    )
    monkeypatch.setattr(module, "LAUNCHER", script)
    monkeypatch.setattr("images.runtime.ensure_runtime", lambda cache: Path(sys.executable))
    return tmp_path / "pid"


def wait_for(path: Path) -> int:
    for _ in range(200):
        if path.exists() and path.read_text():
            return int(path.read_text())
        time.sleep(0.05)
    raise AssertionError("the generator did not start")


def alive(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rsplit(")", 1)[1].split()[0] != "Z"


def test_close_kills_the_generator_and_the_waiting_call_ends(generator: Path, tmp_path: Path) -> None:
    builder = RuntimeBuilder(tmp_path)
    told: list[str] = []

    def make() -> None:
        try:
            builder([(ASSET, tmp_path)])
        except InfrastructureError as error:
            told.append(str(error))

    thread = threading.Thread(target=make)
    thread.start()
    pid = wait_for(generator)
    began = time.monotonic()
    builder.close()
    thread.join(5)
    assert not thread.is_alive() and time.monotonic() - began < 2
    assert "stopped" in told[0]
    assert not alive(pid)
    with pytest.raises(InfrastructureError, match="stopped"):
        builder([(ASSET, tmp_path)])


def test_a_generator_that_hangs_is_killed(generator: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BUILD_SECONDS", 1.0)
    with pytest.raises(InfrastructureError, match="hangs"):
        RuntimeBuilder(tmp_path)([(ASSET, tmp_path)])
    assert not alive(wait_for(generator))


def test_the_generator_does_not_outlive_a_killed_host(tmp_path: Path) -> None:
    """With the real launcher's way of ending: its standard input closes."""
    here = Path(module.__file__).parent.parent / "images" / "standins"
    host = textwrap.dedent(f"""
        import subprocess, sys, time
        program = '''
        import importlib.util, sys, time
        sys.modules["torch"] = None
        spec = importlib.util.spec_from_file_location("standins", {str(here / "__init__.py")!r},
            submodule_search_locations=[{str(here)!r}])
        package = importlib.util.module_from_spec(spec); sys.modules["standins"] = package
        import importlib; build = importlib.import_module("standins.build")
        build.main.__globals__["zlib"] = type("z", (), dict(crc32=staticmethod(lambda b: time.sleep(60))))
        build.main()
        '''
        import textwrap
        child = subprocess.Popen([sys.executable, "-c", textwrap.dedent(program)], stdin=subprocess.PIPE, text=True)
        child.stdin.write('[{{"kind": "metric", "id": "x", "folder": "/nowhere", "facts": {{}}}}]\\n')
        child.stdin.flush()
        print(child.pid, flush=True)
        time.sleep(60)
    """)
    process = subprocess.Popen([sys.executable, "-c", host], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    pid = int(process.stdout.readline())
    time.sleep(1)
    assert alive(pid)
    process.kill()
    process.wait()
    for _ in range(100):
        if not alive(pid):
            break
        time.sleep(0.05)
    else:
        os.kill(pid, 9)
        raise AssertionError("the generator outlived its host")
