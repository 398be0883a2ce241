"""Receives the events of all processes of one command over a unix socket, and keeps them in a file.

Whoever can reach the socket can write to it, the submission too: a line that is no event is counted and left out, and
nothing that arrives can make this end or grow without bound.

Every line of the log is an event as it was sent, with `c`, the number of the connection that it came over, before it.
Of objects that are sent again and again (they have an `i`), lines over the bound are not kept one by one; the last
state of each stands at the end of the log whatever happens, and so do the first and last words of every process. A last
line {"e": "log", ...} says what was left out: `superseded` lines have a later one of the same object, `dropped` none.
"""

from __future__ import annotations

import contextlib
import json
import selectors
import socket
import threading
import time
from collections import Counter
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from sandbox.errors import InfrastructureError

MAX_LINE = 1 << 17
MAX_LINES = 40_000
MAX_BYTES = 24 << 20
MAX_OBJECTS = 4000
MAX_CONNECTIONS = 2000
MAX_DIGITS = 100
"""Of a whole number; what is far beyond any count fits no float either."""
DRAIN_SECONDS = 2.0
"""At the end, so long what is still in the sockets is waited for."""
STALLED_SECONDS = 5.0
"""Where nothing was read for so long, processes may have given up telling; they wait for ten."""
_BOUNDARIES = ("hello", "left", "goodbye")
"""What a process says once, of itself."""


def is_peak(name: str) -> bool:
    """Whether a counter of several processes is the largest of theirs, not the sum."""
    return name.startswith("longest_") or name == "gpu_peak_mb"


class EventServer:
    """`with EventServer(socket_path, log_path) as events`: up while a command runs.

    Raises InfrastructureError where the socket cannot be made. After the block the log is complete: everything that
    was sent before a process ended or was killed is in it.
    """

    def __init__(self, socket_path: Path, log_path: Path) -> None:
        self.socket_path = socket_path
        self.log_path = log_path
        self.forged = 0
        """Lines that were no events."""
        self._introduced: set[int] = set()
        self._live: dict[int, dict[str, float]] = {}
        self._last: dict[tuple[int, str, int], str] = {}
        self._kept = Counter[str]()
        self._stop = threading.Event()
        self._selector = selectors.DefaultSelector()
        self._connections = 0
        self._buffers: dict[socket.socket, tuple[int, bytearray]] = {}
        self._log: IO[str] | None = None

    def counters(self) -> dict[str, float]:
        """The counters of all processes, at this moment: sums, but for peaks, the largest of any process."""
        totals: dict[str, float] = {}
        for values in self.by_process():
            for name, value in values.items():
                if is_peak(name):
                    totals[name] = max(totals.get(name, 0), value)
                else:
                    totals[name] = totals.get(name, 0) + value
        return totals

    def by_process(self) -> list[dict[str, float]]:
        """The counters of each process, at this moment."""
        return list(self._live.values())

    def __enter__(self) -> EventServer:
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._listener.bind(str(self.socket_path))
            self.socket_path.chmod(0o666)  # the sandbox's user is another one
        except OSError as error:
            self._listener.close()
            raise InfrastructureError(f"no events can be received at {self.socket_path}: {error}") from error
        self._listener.listen(512)
        self._listener.setblocking(False)
        self._log = self.log_path.open("w", encoding="utf-8")
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._serve, name="probe-events", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join(DRAIN_SECONDS + 5)
        assert self._log is not None
        with contextlib.suppress(OSError, ValueError):
            for line in self._last.values():
                self._log.write(line)
            counts = {name: self._kept[name] for name in ("dropped", "superseded", "bytes")}
            self._log.write(json.dumps({"e": "log", "forged": self.forged, **counts}) + "\n")
        self._log.close()
        for connection in list(self._buffers):
            self._drop(connection)
        self._listener.close()
        self._selector.close()
        with contextlib.suppress(OSError):
            self.socket_path.unlink()

    def _serve(self) -> None:
        """Until told to stop; then what is left in the sockets is read, as far as it comes without waiting."""
        deadline, looked = None, time.monotonic()
        while deadline is None or time.monotonic() < deadline:
            if self._stop.is_set() and deadline is None:
                deadline = time.monotonic() + DRAIN_SECONDS
            if time.monotonic() - looked > STALLED_SECONDS:
                self._kept["dropped"] += 1
            looked = time.monotonic()
            ready = self._selector.select(0.05)
            if deadline is not None and not ready:
                return
            for key, _ in ready:
                with contextlib.suppress(OSError, ValueError):
                    if key.fileobj is self._listener:
                        self._accept()
                    else:
                        self._read(key.fileobj)  # type: ignore[arg-type]
        self._kept["dropped"] += 1  # something was still coming

    def _accept(self) -> None:
        connection, _ = self._listener.accept()
        if self._connections >= MAX_CONNECTIONS:
            self._kept["dropped"] += 1
            connection.close()
            return
        connection.setblocking(False)
        self._connections += 1
        self._buffers[connection] = (self._connections, bytearray())
        self._selector.register(connection, selectors.EVENT_READ)

    def _read(self, connection: socket.socket) -> None:
        number, buffer = self._buffers[connection]
        try:
            data = connection.recv(1 << 18)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            # A line without an end: of a process that was killed while the host was slow, or of nobody's.
            self.forged += bool(buffer) and number not in self._introduced
            self._drop(connection)
            return
        buffer += data
        *lines, rest = bytes(buffer).split(b"\n")
        buffer[:] = rest
        for line in lines:
            self._take(number, line)
        if len(buffer) > MAX_LINE:
            self.forged += 1
            self._drop(connection)

    def _drop(self, connection: socket.socket) -> None:
        with contextlib.suppress(KeyError, ValueError):
            self._selector.unregister(connection)
        self._buffers.pop(connection, None)
        connection.close()

    def _take(self, number: int, line: bytes) -> None:
        event = _parsed(line)
        text = _text(number, event) if event is not None else None
        if event is None or text is None:
            self.forged += 1
            return
        if event["e"] == "hello":
            self._introduced.add(number)
        if event["e"] == "counters" and isinstance(event.get("v"), dict):
            self._live[number] = {
                str(name): float(value) for name, value in event["v"].items() if isinstance(value, (int, float))
            }
        self._keep(_identity(number, event), text)

    def _keep(self, key: tuple[int, str, int] | None, text: str) -> None:
        """Write a line to the log; over the bound, keep it as the last state of what `key` names."""
        if self._kept["lines"] < MAX_LINES and self._kept["bytes"] < MAX_BYTES:
            self._kept["lines"] += 1
            self._kept["bytes"] += len(text)
            assert self._log is not None
            self._log.write(text)
            self._log.flush()
            if key is not None:
                self._last.pop(key, None)
        elif key is not None and (key in self._last or len(self._last) < MAX_OBJECTS):
            # Every stream has a gap in its numbers now, whatever is kept of it.
            self._kept["superseded"] += 1
            self._last[key] = text
        else:
            self._kept["dropped"] += 1


def _identity(number: int, event: dict[str, Any]) -> tuple[int, str, int] | None:
    """What an event is the state of, None for one that stands for itself."""
    identity = 0 if event["e"] in ("counters", *_BOUNDARIES) else event.get("i")
    return (number, event["e"], identity) if isinstance(identity, int) and event["e"] != "load" else None


def _text(number: int, event: dict[str, Any]) -> str | None:
    """The log's line of an event; None where it is nested too deep to be written."""
    try:
        return json.dumps({"c": number, **event}) + "\n"
    except (ValueError, RecursionError):
        return None


def _parsed(line: bytes) -> dict[str, Any] | None:
    """The event of a line; None if it is none."""
    if len(line) > MAX_LINE:
        return None
    try:
        event = json.loads(line, parse_int=_whole)
    except (ValueError, RecursionError):
        return None
    if not isinstance(event, dict) or not isinstance(event.get("e"), str) or len(event["e"]) > 40 or "c" in event:
        return None
    return event if isinstance(event.get("n"), int) and isinstance(event.get("p"), int) else None


def _whole(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise ValueError(f"a number of {len(digits)} digits")
    return int(digits)
