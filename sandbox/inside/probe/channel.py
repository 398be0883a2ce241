"""The connection to the host: one JSON object a line over a unix stream socket, connected to by path.

What was sent lies in the host's buffer, whatever becomes of this process. Two kinds of events:
- plain ones, sent at once by send();
- objects (a loader's pass, an optimizer, ...) whose whole state is sent again after it changed. Changes are sent at
  once as long as a budget lasts that refills over time, else together, `FLUSH_SECONDS` later, by the next change or by
  a timer, whatever the process does then: so a kill loses nothing of a slow run, and of a fast one no more than that
  long.

Every event has `e` (its kind), `p` (pid), `n` (number in this process, from 1), `t` (monotonic seconds).
"""

import json
import os
import socket
import sys
import threading
import time

from .timer import Timer

FLUSH_SECONDS = 0.2
BURST = 64
REFILL_PER_SECOND = 4
SEND_SECONDS = 10.0
"""A host that reads nothing for so long is gone."""
LONGEST = 100_000
"""Bytes of an event; the host takes no longer ones."""
_HIGH_DESCRIPTOR = 400
"""Out of the way of programs that close or count low descriptors."""


class State:
    """Something whose latest state the host is to know. Subclasses say of what `kind`, and `describe()` it."""

    kind = ""

    def describe(self):
        raise NotImplementedError


class Channel:
    """One per process; everything here may be called from any thread, and by what a garbage collection runs."""

    def __init__(self, path):
        self.path = path
        self.resets = []
        self.timer = Timer(FLUSH_SECONDS, self.flush)
        self._start(forked=False)

    def _start(self, forked):
        self._lock = threading.Lock()
        self._owner = 0
        self._late = []
        self._dirty = {}
        self._told_cut = set()
        self._numbers = 0
        self._allowance = float(BURST)
        self._refilled = self._flushed = time.monotonic()
        self.number = 0
        self.pid = os.getpid()
        self.phase = "import"
        self._socket = None
        try:
            self._socket = _connect(self.path)
        except (OSError, ValueError):
            return
        self.send("hello", parent=os.getppid(), forked=forked, command=_command_line(), python=sys.version.split()[0])

    def before_fork(self):
        """No thread of ours may run meanwhile."""
        if self.timer.cancel():
            self.flush()

    def after_fork(self):
        """In the child: a connection of its own, nothing of what the parent did."""
        old, self._socket = self._socket, None
        if old is not None:
            old.close()
        self.timer.forget()
        self._start(forked=True)
        for reset in self.resets:
            reset()

    def next_id(self):
        """A number for an object, unique in this process."""
        self._numbers += 1
        return self._numbers

    def send(self, event, /, **fields):
        """Send one event now. Never raises."""
        self._send([(event, fields)])

    def _send(self, events, last=False):
        """`events` are pairs of a kind and fields, and objects; `last`: nothing follows them, of any thread."""
        me = threading.get_ident()
        if self._owner == me:
            self._late.extend(events)  # a finaliser or a signal, in the middle of sending
            return
        with self._lock:
            self._owner = me
            try:
                self._write(events)
                if last:
                    self.close()
                while self._late:
                    late, self._late = self._late, []
                    self._write(late)
            finally:
                self._owner = 0

    def cut(self, name):
        """There is more for the list of this name, of the host's facts, than is told."""
        if name not in self._told_cut:
            self._told_cut.add(name)
            self.send("cut", list=name)

    def mark(self, state):
        """`state` changed: send it with what is sent next."""
        self._dirty[state] = None

    def touch(self, state):
        """`state` changed: send it now or soon, and with it all that was marked."""
        self._dirty[state] = None
        now = time.monotonic()
        self._allowance = min(float(BURST), self._allowance + (now - self._refilled) * REFILL_PER_SECOND)
        self._refilled = now
        if self._allowance >= 1:
            self._allowance -= 1
            self.flush(now)
        elif now - self._flushed >= FLUSH_SECONDS:
            self.flush(now)
        else:
            self.timer.arm()

    def flush(self, now=None):
        """Send every object that changed since it was last sent."""
        self._flushed = now or time.monotonic()
        dirty = list(self._dirty)
        for state in dirty:
            self._dirty.pop(state, None)  # before it is looked at: who changes it now marks it again
        self._send(dirty)

    def enter(self, phase):
        """What the process is doing: import, data, training or evaluation."""
        if phase != self.phase:
            self.phase = phase
            self.touch(_phase)

    def farewell(self, /, **fields):
        """Say goodbye. Nothing more is sent from this process: what interpreters do while they end is nobody's work."""
        self.timer.cancel()
        self._send([("goodbye", fields)], last=True)

    def close(self):
        """Leave the host."""
        self._socket, old = None, self._socket
        if old is not None:
            old.close()

    def _write(self, events):
        if self._socket is None or not events:
            return
        lines = []
        for item in events:
            # Objects are looked at here, where no other thread can send a later state before this one.
            kind, fields = (item.kind, item.describe()) if isinstance(item, State) else item
            self.number += 1
            line = self._line(kind, fields)
            if len(line) > LONGEST:
                line = self._line("trouble", {"part": kind, "message": "an event of %d bytes" % len(line)})
            lines.append(line)
        try:
            self._socket.sendall(b"".join(lines))
        except (OSError, ValueError):
            self._socket = None  # nobody listens any more: stop quietly

    def _line(self, kind, fields):
        event = {"e": kind, "p": self.pid, "n": self.number, "t": round(time.monotonic(), 4), **fields}
        # Half a character, as a file's name may have, is no text for the host.
        return json.dumps(event, default=str, ensure_ascii=False).encode("utf-8", "replace") + b"\n"


class _Phase(State):
    kind = "phase"

    def describe(self):
        return {"to": channel().phase}


_phase = _Phase()
_channels: list = []


def channel():
    """The channel of this process."""
    return _channels[0]


def open_channel(path):
    """Connect, and connect anew in every process that this one forks."""
    _channels[:] = [Channel(path)]
    os.register_at_fork(before=lambda: _channels[0].before_fork(), after_in_child=lambda: _channels[0].after_fork())


def _connect(path):
    near = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    near.settimeout(SEND_SECONDS)
    near.connect(path)
    try:
        import fcntl

        high = fcntl.fcntl(near.fileno(), fcntl.F_DUPFD_CLOEXEC, _HIGH_DESCRIPTOR)
    except (OSError, ValueError):
        return near
    near.close()
    moved = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, fileno=high)
    moved.settimeout(SEND_SECONDS)
    return moved


def _command_line():
    # sys.argv is not there yet, and lacks the interpreter's own words.
    try:
        with open("/proc/self/cmdline", "rb") as file:
            return file.read(4000).replace(b"\0", b" ").decode("utf-8", "replace").strip()[:300]
    except OSError:
        return " ".join(getattr(sys, "orig_argv", []))[:300]
