"""Where in the submission something happened: the innermost frame of a file below the repository's root."""

import os
import sys

_state: dict = {"root": "", "start": "", "files": {}}
_LIBRARIES = ("/site-packages/", "/dist-packages/", "/.venv/", "/node_modules/")
MAX_FRAMES = 200


def open_root(root):
    """`root` is the repository's; file names that are relative are meant from the folder that Python started in."""
    _state["start"] = os.getcwd()
    _state["root"] = os.path.realpath(root).rstrip("/") + "/"
    _state["given"] = os.path.abspath(root).rstrip("/") + "/"


def root():
    """The repository's root, with a slash at its end."""
    return _state["root"]


def own_file(name):
    """`name` of a code object as a path below the root; None where it is not one of the submission's files."""
    known = _state["files"]
    if name not in known:
        known[name] = _own_file(name)
    return known[name]


def _own_file(name):
    if not name or name[0] == "<":
        return None
    path = os.path.normpath(os.path.join(_state["start"], name))
    for top in (_state["root"], _state["given"]):
        if path.startswith(top):
            inner = path[len(top) :]
            return None if any(part in "/" + inner for part in _LIBRARIES) else inner
    return None


def place(frame=None):
    """[file, line] of the innermost own frame of this thread, from `frame` outwards; None where there is none."""
    frame = frame or sys._getframe(1)
    for _ in range(MAX_FRAMES):
        if frame is None:
            return None
        file = own_file(frame.f_code.co_filename)
        if file is not None:
            return [file, frame.f_lineno]
        frame = frame.f_back
    return None
