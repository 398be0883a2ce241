"""What is known of a process when it is over, however it ends; and what is disputed then."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from probed import probed

from sandbox.probe import EventServer


def written(facts) -> set[str]:
    return {item.path for item in facts.written}


@pytest.mark.parametrize(
    "off",
    [
        "sys.modules['_sandbox_review_probe.channel'].channel().close()",
        "os.closerange(3, 1024)",
        "sys.modules['_sandbox_review_probe.channel'].channel().close(); os._exit(0)",
    ],
)
def test_a_probe_that_was_turned_off_is_told_by_its_silence(off: str, tmp_path: Path) -> None:
    done = probed(f"import os, sys\n{off}\nopen('a.txt', 'w').close()\n", tmp_path / "r")
    assert done.exit_code == 0 and not written(done.facts)
    assert len(done.facts.disputed) == 1 and "its events had stopped before" in done.facts.disputed[0]


@pytest.mark.parametrize(
    "end",
    [
        "os._exit(0)",
        "sys.exit(0)",
        "os.execv('/bin/true', ['true'])",
        "os.fork() or os.kill(os.getpid(), 9)",
        "os.fork() or os._exit(0)",
        "import atexit; atexit.register(os._exit, 0)",
        "os.kill(os.getpid(), 9)",
        "import ctypes; ctypes.string_at(0)",
        "threading.Thread(target=lambda: [open('x', 'w') for _ in range(99)]).start()",
        "threading.Thread(target=time.sleep, args=(60,), daemon=True).start()",
        "from multiprocessing import Process; Process(target=time.sleep, args=(60,), daemon=True).start()",
        "subprocess.run(['/bin/true'], preexec_fn=lambda: None)",
        "open(b'a\\xff.txt', 'w').close()",
    ],
)
def test_no_way_to_end_is_disputed(end: str, tmp_path: Path) -> None:
    program = f"import os, subprocess, sys, threading, time\nopen('a.txt', 'w').close()\n{end}\n"
    done = probed(program, tmp_path / "r")
    assert "a.txt" in written(done.facts) and done.facts.disputed == []


def test_a_kill_loses_nothing_that_happened_a_while_before(tmp_path: Path) -> None:
    program = """
import os, sys, time
from _sandbox_review_probe.work import work
from _sandbox_review_probe.channel import channel
for _ in range(500):
    work.counters.add('train_batches')
    channel().touch(work.counters)
time.sleep(0.6)
os.kill(os.getpid(), 9)
"""
    done = probed(program, tmp_path / "r")
    assert done.exit_code == -9
    assert done.facts.counters["train_batches"] == 500


def test_the_timer_is_no_thread_that_code_sees_or_forks_with(tmp_path: Path) -> None:
    program = """
import os, threading, _thread
from _sandbox_review_probe.work import work
from _sandbox_review_probe.channel import channel
def count(times):
    for _ in range(times):
        work.counters.add('train_batches')
        channel().touch(work.counters)
count(200)
assert threading.enumerate() == [threading.main_thread()]
for _ in range(20):
    count(5)
    if os.fork() == 0:
        assert len(os.listdir('/proc/self/task')) == 1
        count(5)
        os._exit(0)
    assert os.wait()[1] == 0
"""
    done = probed(program, tmp_path / "r")
    assert done.exit_code == 0, done.stderr
    assert done.facts.counters["train_batches"] == 200 + 20 * 5 + 20 * 5
    assert not done.facts.disputed


def test_what_a_parent_did_is_not_counted_again_in_its_children(tmp_path: Path) -> None:
    program = """
import os
from _sandbox_review_probe.work import Pass, work
from _sandbox_review_probe.channel import channel
of = Pass('d', 4, None)
work.delivered(of, ahead=False)
work.forward(True, None)
work.backward()
if os.fork() == 0:
    os._exit(0)
os.wait()
channel().touch(work.counters)
"""
    facts = probed(program, tmp_path / "r").facts
    assert [(item.kind, item.batches) for item in facts.phases] == [("train", 1)]
    assert facts.counters["backward"] == 1


def test_states_of_many_threads_are_told_in_their_order(tmp_path: Path) -> None:
    program = """
import sys, threading
from _sandbox_review_probe.work import Pass, work
from _sandbox_review_probe.channel import channel
sys.setswitchinterval(1e-6)
of = Pass('d', 4, None)
def deliver():
    for _ in range(3000):
        of.delivered += 1
        channel().mark(of)
        channel().flush()
threads = [threading.Thread(target=deliver) for _ in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""
    done = probed(program, tmp_path / "r")
    assert done.exit_code == 0, done.stderr
    assert done.facts.disputed == [] and not done.facts.processes[0].disabled


def test_more_than_is_told_is_said(tmp_path: Path) -> None:
    program = "import os\nfor i in range(700): open('f%d' % i, 'w').close()\nos.system('make')"
    facts = probed(program, tmp_path / "r").facts
    assert "written" in facts.cut and not facts.disputed
    assert len(facts.started) == 1


def test_reads_of_a_configuration_beyond_those_that_are_told_are_said(tmp_path: Path) -> None:
    program = """
from importlib import import_module
from types import SimpleNamespace
node = SimpleNamespace(_metadata=SimpleNamespace(key=None), _parent=None)
for number in range({}): import_module('_sandbox_review_probe.configuration')._note_read(node, 'key%d' % number)
"""
    assert probed(program.format(3000), tmp_path / "a").facts.cut == []
    assert probed(program.format(3001), tmp_path / "b").facts.cut == ["configurations"]


def test_numbers_that_cannot_be_end_nothing(tmp_path: Path) -> None:
    program = """
import os, socket
near = socket.socket(socket.AF_UNIX); near.connect(os.environ['SANDBOX_REVIEW_EVENTS'])
near.sendall(b'{"e":"counters","p":7,"n":1,"v":{"x":1' + b'0' * 400 + b'}}\\n')
near.close()
import time; time.sleep(0.3)
open('a.txt', 'w').close()
"""
    done = probed(program, tmp_path / "r")
    assert written(done.facts) == {"a.txt"}
    assert done.facts.disputed == ["1 lines that the probe cannot have written"]


def test_a_line_that_a_kill_cut_off_is_nobodys_forgery(tmp_path: Path) -> None:
    with EventServer(tmp_path / "e.sock", tmp_path / "log") as server:
        for first in (b'{"e": "hello", "p": 1, "n": 1, "parent": 0}\n', b""):
            with socket.socket(socket.AF_UNIX) as near:
                near.connect(str(tmp_path / "e.sock"))
                near.sendall(first + b'{"e": "counters", "p": 1, "n"')
    assert server.forged == 1


def test_first_and_last_words_are_kept_over_the_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandbox.probe.server.MAX_LINES", 3)
    program = """
import os
for name in 'abcdef': open(name, 'w').close()
if os.fork() == 0: os._exit(0)
os.wait()
"""
    facts = probed(program, tmp_path / "r").facts
    assert facts.disputed == []
    assert sorted((item.ended, item.left) for item in facts.processes) == [(False, True), (True, False)]
    assert "written" in facts.cut


def test_an_event_that_is_too_long_is_trouble_and_no_forgery(tmp_path: Path) -> None:
    program = """
import sys
sys.modules['_sandbox_review_probe.channel'].channel().send('config', resolved='語' * 60000)
"""
    facts = probed(program, tmp_path / "r").facts
    assert facts.disputed == []
    assert "config: an event of" in facts.processes[0].disabled


def test_text_of_any_script_fits(tmp_path: Path) -> None:
    program = """
import sys
sys.modules['_sandbox_review_probe.channel'].channel().send('config', resolved='語' * 30000)
"""
    facts = probed(program, tmp_path / "r").facts
    assert (facts.disputed, len(facts.configurations[0].resolved)) == ([], 30000)


@pytest.mark.parametrize("end", ["os._exit(0)", "os.kill(os.getpid(), 9)", "torch.peak = 700 << 20"])
def test_the_peak_of_gpu_memory_survives_every_end(end: str, tmp_path: Path) -> None:
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / "torch.py").write_text("""
from types import SimpleNamespace as Space
peak = 300 << 20
backends = Space(cuda=Space(is_built=lambda: True))
cuda = Space(is_initialized=lambda: True, max_memory_allocated=lambda: peak)
""")
    program = f"""
import os, torch
from _sandbox_review_probe.work import work
from _sandbox_review_probe.channel import channel
work.counters.look_at_gpu()
channel().touch(work.counters)
{end}
"""
    done = probed(program, tmp_path / "r")
    assert done.facts.counters["gpu_peak_mb"] == (700 if "700" in end else 300)
    assert done.facts.disputed == []
