"""Files opened for writing, programs started, network attempts, imports of the evaluation: by audit events.

What C or Rust code opens by itself (Arrow files, safetensors) raises none; the host lists a workspace's files anyway.
"""

import os
import sys
import threading

from .channel import channel
from .places import own_file, place, root
from .quiet import quietly

MAX_EVENTS = 600
"""Of each kind; the host is told where there was more."""
MAX_SCRIPT = 4000
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_UNSEEN = ("/dev/", "/proc/", "/sys/")
_LOCAL = ("127.", "localhost", "::1", "0.0.0.0", "::ffff:127.")
_ANSWERS_AND_ENDS = {"-V", "--version", "-h", "--help", "-VV"}
_SHELLS = ("sh", "bash", "dash", "zsh", "ksh", "ash")
_LISTS = {
    "opened": "configurations",
    "written": "written",
    "started": "started",
    "contact": "contacts",
    "evaluation": "imported_evaluation",
}
"""Kind -> the host's list that it belongs to."""
_seen: dict = {kind: set() for kind in _LISTS}
_state: dict = {"home": ""}


class _Local(threading.local):
    busy = False


def watch():
    """Attach to the interpreter; an audit hook stays for good."""
    _state["home"] = os.path.realpath(os.path.expanduser("~")).rstrip("/") + "/"
    channel().resets.append(lambda: [known.clear() for known in _seen.values()])
    handlers, local = _HANDLERS, _Local()

    def hook(event, args):
        handler = handlers.get(event)
        if handler is not None and not local.busy:
            local.busy = True
            try:
                handler(args)
            finally:
                local.busy = False

    sys.addaudithook(hook)


def _once(kind, key):
    known = _seen[kind]
    if key in known:
        return False
    if len(known) >= MAX_EVENTS:
        channel().cut(_LISTS[kind])
        return False
    known.add(key)
    return True


@quietly
def _opened(args):
    path, mode, flags = args
    if isinstance(path, int) or path is None:
        return
    name = os.fsdecode(path)
    if flags & _WRITES if isinstance(flags, int) else any(letter in (mode or "") for letter in "wax+"):
        _written(name)
    elif name.endswith((".yaml", ".yml")):
        full = os.path.abspath(name)
        if full.startswith(root()) and "/.venv/" not in full and not _by_hydra() and _once("opened", full):
            channel().send("opened", path=full[len(root()) :])


def _written(name):
    shown = _shown(os.path.abspath(name))
    if shown is not None and _once("written", shown):
        channel().send("written", path=shown[:300], at=place())


def _shown(path):
    """As the host is told it; a library's cache as its folder, None for what is nobody's business."""
    if path.startswith(_UNSEEN) or "/__pycache__/" in path or path.endswith(".pyc"):
        return None
    if path.startswith(root()):
        shown = path[len(root()) :]
        return "/".join(shown.split("/")[:2]) if shown.startswith(".cache/") else shown
    if path.startswith(_state["home"]):
        shown = "~/" + path[len(_state["home"]) :]
        return "/".join(shown.split("/")[:4]) if shown.startswith(("~/.cache/", "~/.config/")) else shown
    return os.path.dirname(path) + "/"


def _by_hydra():
    frame = sys._getframe(1)
    for _ in range(40):
        if frame is None:
            return False
        if frame.f_globals.get("__name__", "").startswith("hydra."):
            return True
        if own_file(frame.f_code.co_filename) is not None:
            return False
        frame = frame.f_back
    return False


@quietly
def _popen(args):
    executable, words, folder, variables = args
    words = [words] if isinstance(words, (str, bytes, os.PathLike)) else list(words)
    _started(words, executable, folder=folder, variables=variables)


@quietly
def _exec(args):
    _started(args[1], args[0], replaces=True)


@quietly
def _spawn(args):
    _started(args[1], args[0])


@quietly
def _spawn_in_mode(args):
    _started(args[2], args[1])


@quietly
def _system(args):
    _started(["sh", "-c", args[0]], "/bin/sh")


def _started(words, executable, replaces=False, folder=None, variables=None):
    words = [os.fsdecode(word) for word in words]
    executable = os.fsdecode(executable) if executable else words[0] if words else ""
    program = os.path.basename(executable)
    answers = program.startswith("python") and _ANSWERS_AND_ENDS.intersection(words[1:2])
    python = (program.startswith("python") or executable == sys.executable) and not answers
    command = " ".join(words)[:300]
    if answers or not (python or _once("started", command)):
        return
    channel().send(
        "started",
        command=command,
        program=program,
        script=_script(program, words),
        python=python,
        found=_found(executable, folder, variables),
        replaces=replaces,
        evaluates=any(
            word == "src.evaluate" or word.endswith("evaluate.py") or "src.evaluate" in word for word in words
        ),
        at=place(),
    )


def _script(program, words):
    """The text that a shell is given; None where there is none, or too much of it."""
    if program not in _SHELLS or len(words) < 3 or words[1] != "-c" or len(words[2]) > MAX_SCRIPT:
        return None
    return words[2]


def _found(executable, folder, variables):
    """Whether there is such a program; one that is not there starts nothing."""
    folders = [""] if "/" in executable else ["", *os.get_exec_path(variables)]
    return any(os.path.exists(os.path.join(os.fsdecode(folder or ""), each, executable)) for each in folders)


@quietly
def _connected(args):
    address = args[1]
    if isinstance(address, tuple) and len(address) >= 2:
        _contact(address[0], address[1])


@quietly
def _looked_up(args):
    _contact(args[0], args[1])


def _contact(host, port):
    host = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host or "")
    if not host or host.startswith(_LOCAL) or host == _hostname():
        return
    if _once("contact", host):
        port = int(port) if isinstance(port, int) or str(port or "").isdigit() else None
        channel().send("contact", host=host[:200], port=port, at=place())


def _hostname():
    return os.uname().nodename


@quietly
def _imported(args):
    if args[0] == "src.evaluate" and _once("evaluation", ""):
        at = place()
        if at is not None:
            channel().send("imported_evaluation", at=at)


_HANDLERS = {
    "open": _opened,
    "subprocess.Popen": _popen,
    "os.exec": _exec,
    "os.posix_spawn": _spawn,
    "os.spawn": _spawn_in_mode,
    "os.system": _system,
    "socket.connect": _connected,
    "socket.getaddrinfo": _looked_up,
    "import": _imported,
}
