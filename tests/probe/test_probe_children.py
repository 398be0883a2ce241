"""Processes that an experiment starts: seen, missed, or possibly hidden behind another program."""

from __future__ import annotations

import subprocess
import venv
from pathlib import Path

import pytest
from probed import probed

from runner.rules.probed import missed
from sandbox.inside.install import add_switch


def written(facts) -> set[str]:
    return {item.path for item in facts.written}


LAUNCHER = """
import os, subprocess, sys
with open('launcher', 'w') as file: file.write('#!%s\\npass\\n' % sys.executable)
os.chmod('launcher', 0o755)
"""


def test_a_child_with_a_python_path_of_its_own_is_seen(tmp_path: Path) -> None:
    environment = tmp_path / "environment"
    venv.create(environment, symlinks=True, with_pip=False)
    add_switch(next(environment.glob("lib/python3*/site-packages")))
    program = """
import os, subprocess, sys
subprocess.run('PYTHONPATH=. %s -c "open(\\'a.txt\\', \\'w\\')"' % sys.executable, shell=True, check=True)
own = {**os.environ, 'PYTHONPATH': os.getcwd()}
with open('launcher', 'w') as file: file.write('#!%s\\nopen("b.txt", "w")\\n' % sys.executable)
os.chmod('launcher', 0o755)
subprocess.run(['./launcher'], env=own, check=True)
text = 'import sys; open("c.txt", "w"); print(len(set(sys.path)) - len(sys.path))'
subprocess.run([sys.executable, '-c', text], check=True)
subprocess.run([sys.executable, '-I', '-c', 'open("d.txt", "w")'], check=True)
"""
    done = probed(program, tmp_path / "r", python=environment / "bin" / "python")
    assert (done.exit_code, done.stdout) == (0, "0\n"), done.stderr
    assert {"a.txt", "b.txt", "c.txt"} <= written(done.facts)
    assert len(done.facts.processes) == 4 and not done.facts.hiding
    assert len(done.facts.unobserved) == 1 and "d.txt" in done.facts.unobserved[0]


def test_outside_of_a_stage_the_switch_does_nothing(tmp_path: Path) -> None:
    environment = tmp_path / "environment"
    venv.create(environment, symlinks=True, with_pip=False)
    add_switch(next(environment.glob("lib/python3*/site-packages")))
    ask = [environment / "bin" / "python", "-c", "import sys; print([p for p in sys.path if 'inside' in p])"]
    for variables in ({}, {"SANDBOX_REVIEW_SITE": str(tmp_path / "gone")}):
        done = subprocess.run(ask, env=variables, capture_output=True, text=True, check=True)
        assert (done.stdout, done.stderr) == ("[]\n", "")


@pytest.mark.parametrize(
    "start",
    [
        """subprocess.run('PYTHONPATH=. %s -c pass' % sys.executable, shell=True, check=True)""",
        """os.system('env PYTHONPATH= %s -c pass' % sys.executable)""",
        """subprocess.run(['./launcher', 'src/train.py'], env={**os.environ, 'PYTHONPATH': os.getcwd()}, check=True)""",
        """os.posix_spawn('launcher', ['launcher'], {})""",
        """os.fork() or os.execve('launcher', ['launcher'], {}); os.wait()""",
    ],
)
def test_behind_a_program_that_may_start_python_something_may_be_hidden(start: str, tmp_path: Path) -> None:
    facts = probed(LAUNCHER + start, tmp_path / "r").facts
    assert len(facts.hiding) == 1 and not facts.unobserved and not facts.disputed
    assert "a program that was started" in missed(facts)


@pytest.mark.parametrize(
    "start",
    [
        """subprocess.run('%s -c pass' % sys.executable, shell=True, check=True)""",
        """subprocess.run(['./launcher', 'src/train.py'], check=True)""",
        """subprocess.run(['bash', '-c', '%s -c pass; true' % sys.executable], check=True)""",
        """subprocess.run(['env', 'A=1', sys.executable, '-c', 'pass'], check=True)""",
        """os.fork() or os.execv('launcher', ['launcher']); os.wait()""",
        """os.fork() or os.execv(sys.executable, [sys.executable, '-c', 'pass']); os.wait()""",
        """os.execv(sys.executable, [sys.executable, '-c', 'pass'])""",
        """subprocess.run('git --version; uname -a 2>&1 | head -1', shell=True)""",
        """os.system('mkdir -p results && ls > /dev/null')""",
        """subprocess.run(['/usr/bin/uname', '-p'])""",
        """import platform, ctypes.util; platform.processor(); ctypes.util.find_library('c')""",
    ],
)
def test_what_was_seen_or_starts_no_python_hides_nothing(start: str, tmp_path: Path) -> None:
    facts = probed(LAUNCHER + start, tmp_path / "r").facts
    assert (facts.hiding, facts.unobserved, facts.disputed) == ([], [], [])


def test_a_program_that_is_not_there_hides_nothing(tmp_path: Path) -> None:
    program = """
import subprocess
for words in (['no-such-launcher', 'x'], ['./no-such-launcher'], ['python9.99', 'x.py']):
    try: subprocess.run(words)
    except FileNotFoundError: pass
"""
    facts = probed(program, tmp_path / "r").facts
    assert len(facts.started) == 3 and (facts.hiding, facts.unobserved) == ([], [])
