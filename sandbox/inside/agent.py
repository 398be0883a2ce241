"""The sandbox's main process: runs one command, relays its loopback ports, tells the host how it ended.

Usage: agent.py CONTROL_SOCKET. Standard library only, one file, Python 3.8 and newer: it is shown to every
sandbox as it is, whatever the image holds.

The command runs as the same user and may want to lie about its own end. What it cannot do:
- talk to the host in the agent's place: the control socket is connected before the command starts, takes no
  second connection, is not inherited, and cannot be taken out of a process that is not dumpable;
- end the agent: it is process 1 of its pid namespace (containers, bubblewrap), which its own namespace cannot
  kill. Without a namespace (process backend) it can; then the host sees the connection close and no report;
- outlive the agent: process 1 takes its namespace with it, and without one the agent, a subreaper, kills all
  descendants.

Conversation on the control socket, one JSON object a line:
    host  -> {"command": [], "cwd": "", "environment": {}, "services": {port: socket path}, "limits": {}}
    agent -> {"event": "started"} or {"event": "refused", "message": ""}
    agent -> {"event": "ended", "code": int|null, "signal": int|null, "cpu_seconds": 0.0, "max_rss_mb": 0.0}
    host  -> {"signal": 15} at any time: passed on to the command's process group
    host closes the socket: everything is killed and the agent exits. So it does if the host program dies.
"""

# pathlib alone would add a third to the agent's start-up time.
# ruff: noqa: PTH119, PTH120, PTH123, PTH208

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import selectors
import signal
import socket
import subprocess
import sys
import time
from typing import Any

PR_SET_DUMPABLE = 4
PR_SET_CHILD_SUBREAPER = 36
CHUNK = 1 << 18


class Relay:
    """Bytes of one loopback connection, passed on to a service's unix socket and back, without threads:
    a command at its process limit must not be able to starve its services."""

    def __init__(self, selector: selectors.BaseSelector, near: socket.socket, path: str) -> None:
        self.selector = selector
        self.near = near
        self.far = connect(path)
        self.pending = {near: bytearray(), self.far: bytearray()}  # what waits to be sent to each side
        self.open_for_reading = {near, self.far}
        for side in (near, self.far):
            side.setblocking(False)
            selector.register(side, selectors.EVENT_READ, self.serve)

    def other(self, side: socket.socket) -> socket.socket:
        return self.far if side is self.near else self.near

    def serve(self, side: socket.socket, mask: int) -> None:
        if side.fileno() < 0:
            return  # closed by an earlier event of the same round
        try:
            if mask & selectors.EVENT_READ:
                self.read(side)
            if mask & selectors.EVENT_WRITE:
                self.flush(side)
        except BlockingIOError:
            pass
        except OSError:
            self.close()
            return
        if not self.open_for_reading and not any(self.pending.values()):
            self.close()
            return
        self.watch()

    def read(self, side: socket.socket) -> None:
        data = side.recv(CHUNK)
        other = self.other(side)
        if data:
            self.pending[other] += data
        else:
            self.open_for_reading.discard(side)
        self.flush(other)

    def flush(self, side: socket.socket) -> None:
        waiting = self.pending[side]
        while waiting:
            try:
                sent = side.send(waiting[:CHUNK])
            except BlockingIOError:
                return
            del waiting[:sent]
        if self.other(side) not in self.open_for_reading:
            side.shutdown(socket.SHUT_WR)

    def watch(self) -> None:
        """Read only what can be passed on: a slow reader slows the writer instead of filling memory."""
        for side in (self.near, self.far):
            wanted = 0
            if side in self.open_for_reading and len(self.pending[self.other(side)]) < 4 * CHUNK:
                wanted |= selectors.EVENT_READ
            if self.pending[side]:
                wanted |= selectors.EVENT_WRITE
            registered = self.selector.get_map().get(side.fileno())
            if wanted and registered:
                self.selector.modify(side, wanted, self.serve)
            elif wanted:
                self.selector.register(side, wanted, self.serve)
            elif registered:
                self.selector.unregister(side)

    def close(self) -> None:
        for side in (self.near, self.far):
            if self.selector.get_map().get(side.fileno()):
                self.selector.unregister(side)
            side.close()


class Service:
    """A listening loopback port and the unix socket that answers it."""

    def __init__(self, selector: selectors.BaseSelector, port: int, path: str) -> None:
        self.selector = selector
        self.path = path
        self.listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", port))
        self.listener.listen(128)
        self.listener.setblocking(False)
        selector.register(self.listener, selectors.EVENT_READ, self.serve)

    def serve(self, _listener: socket.socket, _mask: int) -> None:
        try:
            near, _ = self.listener.accept()
        except OSError:
            return
        try:
            Relay(self.selector, near, self.path)
        except OSError:
            near.close()  # the service is gone; the client sees a connection reset, as from any dead server


class Agent:
    def __init__(self, control: socket.socket, victim: Victim) -> None:
        self.victim = victim
        self.control: socket.socket | None = control
        self.buffer = b""
        self.selector = selectors.DefaultSelector()
        self.command: int | None = None
        self.ended = False
        self.status = 125  # nobody saw the command end

    def run(self) -> None:
        """Serve one task until the host closes the control connection."""
        task = json.loads(self.read_line())
        wakeup, alarm = socket.socketpair()
        wakeup.setblocking(False)
        alarm.setblocking(False)
        signal.set_wakeup_fd(alarm.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGTERM, lambda *_: self.forward(signal.SIGTERM))
        self.selector.register(wakeup, selectors.EVENT_READ, self.reap)
        try:
            for port, path in task["services"].items():
                Service(self.selector, int(port), path)
            with self.victim:
                self.command = start(task)
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            self.tell(event="refused", message=str(error))
            return
        self.tell(event="started")
        if self.control is not None:
            self.selector.register(self.control, selectors.EVENT_READ, self.listen)
        while self.control is not None:
            for key, mask in self.selector.select():
                key.data(key.fileobj, mask)

    def read_line(self) -> bytes:
        assert self.control is not None
        while b"\n" not in self.buffer:
            data = self.control.recv(CHUNK)
            if not data:
                sys.exit("the host closed the control connection before it sent a task")
            self.buffer += data
        line, self.buffer = self.buffer.split(b"\n", 1)
        return line

    def listen(self, control: socket.socket, _mask: int) -> None:
        """A word from the host; its end of the connection closing is the last one."""
        try:
            data = control.recv(CHUNK)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.control = None
            return
        self.buffer += data
        while b"\n" in self.buffer:
            line, self.buffer = self.buffer.split(b"\n", 1)
            self.forward(json.loads(line)["signal"])

    def forward(self, number: int) -> None:
        if self.command is not None and not self.ended:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.command, number)

    def reap(self, wakeup: socket.socket, _mask: int) -> None:
        """Collect every child that ended, adopted orphans too; report the command itself once."""
        with contextlib.suppress(BlockingIOError):
            while wakeup.recv(4096):
                pass
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid == self.command and not self.ended:
                self.ended = True
                number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else None
                code = os.WEXITSTATUS(status) if number is None else None
                self.status = code if code is not None else 128 + os.WTERMSIG(status)
                total = resource.getrusage(resource.RUSAGE_CHILDREN)
                self.tell(
                    event="ended",
                    code=code,
                    signal=number,
                    cpu_seconds=total.ru_utime + total.ru_stime,
                    max_rss_mb=usage.ru_maxrss / 1024,
                )

    def tell(self, **event: Any) -> None:
        if self.control is None:
            return
        try:
            self.control.setblocking(True)
            self.control.sendall(json.dumps(event).encode() + b"\n")
            self.control.setblocking(False)
        except OSError:
            self.control = None


def start(task: dict[str, Any]) -> int:
    """Start the command in its own session; returns its pid. Raises OSError where it cannot be started."""

    def prepare() -> None:
        for name, value in task["limits"].get("rlimits", {}).items():
            kind = getattr(resource, name)
            hard = resource.getrlimit(kind)[1]
            value = value if hard == resource.RLIM_INFINITY else min(value, hard)
            resource.setrlimit(kind, (value, value))
        if task["limits"].get("cpu_set"):
            os.sched_setaffinity(0, task["limits"]["cpu_set"])

    process = subprocess.Popen(
        task["command"],
        cwd=task["cwd"],
        env=task["environment"],
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        close_fds=True,
        preexec_fn=prepare,
    )
    process.returncode = 0  # Popen must never wait for it: the agent's own wait4 would miss how it ended
    return process.pid


class Victim:
    """While this context is entered, children are born as the kernel's first choice when memory runs out:
    a memory kill must hit the command, not the process that reports it. Opened before the process stops being
    dumpable, for then its /proc files belong to root."""

    def __init__(self) -> None:
        self.file = -1
        self.before = ""
        with contextlib.suppress(OSError):
            self.file = os.open("/proc/self/oom_score_adj", os.O_RDWR | os.O_CLOEXEC)
            self.before = os.read(self.file, 16).decode().strip()

    def __enter__(self) -> None:
        self.write("500")

    def __exit__(self, *_: object) -> None:
        self.write(self.before)

    def write(self, value: str) -> None:
        # gVisor and hardened kernels refuse; the agent is small and an unlikely victim anyway
        with contextlib.suppress(OSError):
            os.pwrite(self.file, value.encode(), 0)


def connect(path: str) -> socket.socket:
    """A socket connected to a unix socket, however long its path (the kernel takes 107 bytes)."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(5)  # a service whose queue is full must not hold up the agent
    if len(os.fsencode(path)) < 108:
        connection.connect(path)
        return connection
    folder = os.open(os.path.dirname(path), os.O_PATH | os.O_DIRECTORY)
    try:
        connection.connect(f"/proc/self/fd/{folder}/{os.path.basename(path)}")
    finally:
        os.close(folder)
    return connection


def descendants(root: int) -> list[int]:
    """Pids below `root`, from /proc; empty if /proc cannot be read."""
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat", "rb") as stat:
                fields = stat.read().rsplit(b")", 1)[1].split()
        except (OSError, IndexError):
            continue
        if fields[0] not in (b"Z", b"X"):
            children.setdefault(int(fields[1]), []).append(int(name))
    found: list[int] = []
    queue = [root]
    while queue:
        below = children.get(queue.pop(), [])
        found += below
        queue += below
    return found


def kill_everything() -> None:
    """Kill all descendants until none is left: what they fork meanwhile is re-parented to this subreaper."""
    while True:
        left = descendants(os.getpid())
        for pid in left:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            if not left:
                return
        time.sleep(0.005)


def main() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    victim = Victim()
    libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    control = connect(sys.argv[1])
    control.settimeout(None)
    agent = Agent(control, victim)
    try:
        agent.run()
    finally:
        signal.set_wakeup_fd(-1)
        if os.getpid() != 1:  # the kernel ends a pid namespace together with its process 1
            kill_everything()
    sys.exit(agent.status)


if __name__ == "__main__":
    main()
