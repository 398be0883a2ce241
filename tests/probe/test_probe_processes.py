"""The probe in processes of every kind: nothing that happened before an end is lost, and nobody is disturbed."""

from __future__ import annotations

import socket
import time
from pathlib import Path

from probed import TOOLS, probed

from sandbox.probe import EventServer

WRITE = "open('{0}', 'w').close()\n"


def written(facts) -> set[str]:
    return {item.path for item in facts.written}


def test_what_was_sent_before_a_kill_is_there_after_it(tmp_path: Path) -> None:
    done = probed(WRITE.format("a.txt") + "import os; os.kill(os.getpid(), 9)", tmp_path / "r")
    assert done.exit_code == -9
    assert written(done.facts) == {"a.txt"}
    assert not done.facts.processes[0].ended


def test_leaving_by_os_exit_loses_nothing(tmp_path: Path) -> None:
    program = "import os, sys\nopen('a.txt', 'w').close()\nsys.stdout.write('x'); sys.stdout.flush(); os._exit(3)"
    done = probed(program, tmp_path / "r")
    assert (done.exit_code, done.stdout, written(done.facts)) == (3, "x", {"a.txt"})


def test_forks_threads_spawned_and_started_processes_speak_for_themselves(tmp_path: Path) -> None:
    program = """
import multiprocessing, os, subprocess, sys, threading
def work(name): open(name, 'w').close()
if __name__ == '__main__':
    pid = os.fork()
    if pid == 0:
        work('os-fork.txt'); os._exit(0)
    os.waitpid(pid, 0)
    thread = threading.Thread(target=work, args=('thread.txt',)); thread.start(); thread.join()
    for method in ('spawn', 'fork', 'forkserver'):
        child = multiprocessing.get_context(method).Process(target=work, args=(method + '.txt',))
        child.start(); child.join()
    subprocess.run([sys.executable, '-c', "open('started.txt', 'w').close()"], check=True)
"""
    done = probed(program, tmp_path / "r")
    assert done.exit_code == 0, done.stderr
    names = {"os-fork.txt", "fork.txt", "thread.txt", "spawn.txt", "forkserver.txt", "started.txt"}
    assert names <= written(done.facts)
    assert len(done.facts.processes) >= 6
    assert not done.facts.unobserved and not done.facts.disputed
    pids = {item.path: item.pid for item in done.facts.written}
    assert len({pids[name] for name in names - {"thread.txt"}}) == 5
    assert next(item for item in done.facts.started if "started.txt" in item.command).place.file == "main.py"


def test_a_child_without_the_probe_is_noticed(tmp_path: Path) -> None:
    program = "import subprocess, sys\nsubprocess.run([sys.executable, '-I', '-c', 'pass'], check=True)"
    facts = probed(program, tmp_path / "r").facts
    assert len(facts.unobserved) == 1 and facts.counters["unobserved_children"] == 1


def test_asking_an_interpreter_for_its_version_hides_nothing(tmp_path: Path) -> None:
    program = "import subprocess, sys\nsubprocess.run([sys.executable, '--version'], check=True)"
    assert not probed(program, tmp_path / "r").facts.unobserved


def test_another_sitecustomize_still_runs(tmp_path: Path) -> None:
    site = tmp_path / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text("import sys\nsys.planted = True\n")
    variables = {"PYTHONPATH": f"{TOOLS}/site:{site}"}
    done = probed("import sys\nassert sys.planted", tmp_path / "r", variables=variables)
    assert done.exit_code == 0, done.stderr
    assert len(done.facts.processes) == 1


def test_a_host_that_is_gone_disturbs_nobody(tmp_path: Path) -> None:
    done = probed(WRITE.format("a.txt"), tmp_path / "r", variables={"SANDBOX_REVIEW_EVENTS": str(tmp_path / "none")})
    assert (done.exit_code, done.stderr) == (0, "")
    assert not done.facts.processes

    def leave(server: EventServer, _process) -> None:
        time.sleep(0.3)
        server._stop.set()
        server._thread.join()
        for connection in list(server._buffers):
            server._drop(connection)

    program = "import time\ntime.sleep(0.8)\nfor i in range(50): open('f%d' % i, 'w').close()\n"
    done = probed(program, tmp_path / "r2", during=leave)
    assert (done.exit_code, done.stderr) == (0, "")


def test_a_torch_of_another_shape_disturbs_nobody(tmp_path: Path) -> None:
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / "torch.py").write_text("x = 1\n")
    done = probed("import torch; assert torch.x == 1", tmp_path / "r")
    assert (done.exit_code, done.stderr) == (0, "")
    assert "torch" in done.facts.processes[0].disabled


def test_only_the_submissions_own_import_of_another_framework_counts(tmp_path: Path) -> None:
    packages = tmp_path / "site-packages"
    packages.mkdir()
    (packages / "sklearn.py").write_text("")
    (packages / "library.py").write_text("import sklearn\n")
    variables = {"PYTHONPATH": f"{TOOLS}/site:{packages}"}
    by_library = probed("import library", tmp_path / "a", variables=variables).facts
    by_itself = probed("import sklearn", tmp_path / "b", variables=variables).facts
    assert by_library.counters.get("other_framework", 0) == 0
    assert by_itself.counters["other_framework"] == 1


def test_network_attempts_are_told_but_for_loopback(tmp_path: Path) -> None:
    program = """
import socket
for host in ('127.0.0.1', '192.0.2.1'):
    near = socket.socket(); near.settimeout(0.05)
    try: near.connect((host, 9))
    except OSError: pass
try: socket.getaddrinfo('example.invalid', 443)
except OSError: pass
"""
    contacts = probed(program, tmp_path / "r").facts.contacts
    assert {(item.host, item.port, item.place.line) for item in contacts} == {
        ("192.0.2.1", 9, 5),
        ("example.invalid", 443, 7),
    }


def test_running_and_importing_the_evaluation_are_told(tmp_path: Path) -> None:
    source = tmp_path / "r" / "src"
    source.mkdir(parents=True)
    (source / "evaluate.py").write_text("")
    program = "import subprocess, sys\nimport src.evaluate\nsubprocess.run([sys.executable, '-m', 'src.evaluate'])"
    facts = probed(program, tmp_path / "r").facts
    assert [(item.file, item.line) for item in facts.imported_evaluation] == [("main.py", 2)]
    assert [item.evaluates for item in facts.started] == [True]


def test_what_a_submission_writes_to_the_socket_is_told_apart(tmp_path: Path) -> None:
    program = """
import json, os, socket
def say(*lines):
    near = socket.socket(socket.AF_UNIX); near.connect(os.environ['SANDBOX_REVIEW_EVENTS'])
    for line in lines: near.sendall(line if isinstance(line, bytes) else json.dumps(line).encode() + b'\\n')
    near.close()
say(b'\\xff\\x00garbage\\n', b'[' * 200000 + b'\\n', {'e': 1}, b'{"e": "x", "c": 1, "n": 1, "p": 1}\\n', b'no end')
say({'e': 'counters', 'p': 7, 'n': 1, 'v': {'optimizer_steps': 5}})
hello = {'e': 'hello', 'p': 7, 'n': 1, 'parent': 1}
say(hello, {'e': 'pass', 'p': 8, 'n': 2, 'i': 1}, {'e': 'goodbye', 'p': 7, 'n': 3, 'lost': 5},
    {'e': 'optimizer', 'p': 7, 'n': 9, 'i': 1, 'steps': 'many'}, {'e': 'losses', 'p': 7, 'n': 10, 'i': 0, 'first': 3})
"""
    done = probed(program, tmp_path / "r")
    assert done.exit_code == 0, done.stderr
    told = "\n".join(done.facts.disputed)
    for words in (
        "5 lines that the probe cannot have written",
        "never introduced itself",
        "over the connection of process 7",
        "process 7 went on after its goodbye",
        "not in a row",
        "make no sense",
    ):
        assert words in told
    assert not done.facts.optimizers and not done.facts.counters.get("optimizer_steps")


def test_a_flood_of_events_is_bounded_and_the_last_state_is_kept(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("sandbox.probe.server.MAX_LINES", 100)
    near = socket.socket(socket.AF_UNIX)
    with EventServer(tmp_path / "e.sock", tmp_path / "log") as server:
        near.connect(str(tmp_path / "e.sock"))
        near.sendall(b'{"e": "hello", "p": 1, "n": 1, "parent": 0}\n')
        for number in range(2, 5000):
            near.sendall(b'{"e": "counters", "p": 1, "n": %d, "v": {"backward": %d}}\n' % (number, number))
        give_up = time.monotonic() + 5
        while server.counters().get("backward") != 4999 and time.monotonic() < give_up:
            time.sleep(0.01)
        assert server.counters() == {"backward": 4999}
        near.close()
    lines = (tmp_path / "log").read_text().splitlines()
    assert len(lines) == 102
    assert '"backward": 4999' in lines[-2]


def test_a_process_tells_the_cpu_time_that_it_used(tmp_path: Path) -> None:
    done = probed("import time\nwhile time.process_time() < 0.5: pass\n", tmp_path / "r")
    assert 0.5 <= done.facts.counters["cpu_seconds"] < 5
