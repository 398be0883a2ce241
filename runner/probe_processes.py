"""Which processes an attempt had, beyond those whose events came: what was started and never spoke, what may hide more,
and whose silence contradicts the way in which the command ended.

Python processes are told by their parents and by themselves. Of another program, only that it was started is known; the
Python processes behind it show by a parent that never spoke, or by a command line that is part of the program's.
"""

from __future__ import annotations

from runner.launched import may_start_python
from runner.probe_stream import Event, Log, Stream


class Family:
    """The processes of one log."""

    def __init__(self, streams: list[Stream]) -> None:
        self.unobserved: list[str] = []
        """Command lines of Python processes that were started and never spoke."""
        self.hiding: list[str] = []
        """Command lines of programs behind which Python processes may have run unseen."""
        self._born = [stream for stream in streams if not (stream.hello or {}).get("forked")]
        self.main = self._born.pop(0) if self._born else None
        """The command's own process."""
        known = {stream.pid for stream in streams}
        hiding: list[tuple[Stream, Event]] = []
        for stream in streams:
            for event in stream.of("started"):
                if event.get("found") is False:
                    continue
                if event.get("python") is True:
                    self._expect(stream, event)
                elif may_start_python(str(event.get("program", "")), event.get("script")):
                    hiding.append((stream, event))
        self._explain(hiding, known)

    def _expect(self, stream: Stream, event: Event) -> None:
        for born in self._born:
            kin = born.pid == stream.pid if event.get("replaces") else _parent(born) == stream.pid
            if kin and _arguments(born.hello or {}) == _arguments(event):
                self._born.remove(born)
                return
        self.unobserved.append(str(event.get("command"))[:300])

    def _explain(self, hiding: list[tuple[Stream, Event]], known: set[int]) -> None:
        """Each program that Python processes were seen of hides nothing; what remains may."""
        for born in self._born:
            if _parent(born) in known:
                shown = [item for item in hiding if _may_be(born, *item)]
                hiding = [item for item in hiding if item is not (shown[0] if shown else None)]
        strangers = {_parent(born) for born in self._born} - known
        self.hiding = [str(event.get("command"))[:300] for _, event in hiding[len(strangers) :]]


def fell_silent(log: Log, main: Stream | None, exit_code: int | None) -> str:
    """Why the command's own process must have been kept from telling, "" where that cannot be said.

    A process that ends with exit code 0 was not killed and did not crash: it says goodbye, leaves by os._exit, or
    becomes another program.
    """
    if exit_code != 0 or log.dropped or main is None or main.goodbye is not None or main.left is not None:
        return ""
    if any(event.get("replaces") for event in main.of("started")):
        return ""
    return f"process {main.pid} ended with exit code 0, and its events had stopped before"


def _parent(stream: Stream) -> int:
    parent = (stream.hello or {}).get("parent")
    return parent if isinstance(parent, int) else -1


def _may_be(born: Stream, starter: Stream, event: Event) -> bool:
    """Whether a process is what a program of `starter` became, as a shell becomes the last command of its line."""
    kin = starter.pid in (_parent(born), born.pid)
    words = str((born.hello or {}).get("command", "")).split()
    return kin and len(words) > 1 and words[-1] in str(event.get("command", ""))


def _arguments(event: Event) -> str:
    """A command line without its program, which may be called by another path."""
    return str(event.get("command", "")).strip().partition(" ")[2][:200]
