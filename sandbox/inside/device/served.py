"""What the stand-in served, for the host to read: one line for each name, written when it is first used.

A file for each process, opened for appending and written with one system call a line: what was written before a kill
is there after it.
"""

import os

_state: dict = {"folder": None, "file": None, "seen": set()}


def open_report(folder):
    """Write to files in `folder`; nothing is written where it is None or cannot be used."""
    _state["folder"] = folder
    os.register_at_fork(after_in_child=_forget_file)


def served(name):
    """Note that `name` was served by the stand-in; cheap to call again."""
    if name not in _state["seen"]:
        _state["seen"].add(name)
        _write("served " + name)


def not_served(name, reason):
    """Note that a part of the stand-in could not be put in place."""
    _write("not-served %s: %s" % (name, str(reason).replace("\n", " ")[:300]))


def _write(line):
    if not _state["folder"]:
        return
    try:
        if _state["file"] is None:
            name = "%d-%s.served" % (os.getpid(), os.urandom(4).hex())
            path = os.path.join(_state["folder"], name)
            _state["file"] = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        os.write(_state["file"], (line + "\n").encode("utf-8", "replace"))
    except OSError:
        _state["folder"] = None  # a full disk must not fail the experiment


def _forget_file():
    # A forked child shares the descriptor; its lines belong into a file of its own.
    _state["file"] = None
    _state["seen"] = set()
