"""One night: every submission of a corpus is reviewed, until what changed is known."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

import runner
from runner.nightly import compare
from runner.nightly.canary import canary_member, is_well
from runner.nightly.corpus import Corpus, Member
from runner.nightly.executors import Executor, Job, Reservation
from runner.nightly.folder import NightFolder
from runner.nightly.key import Key, key_of
from runner.nightly.night import Change, Entry, Night, NightStatus, NightVerdict, Result
from runner.nightly.results import result_of
from runner.nightly.review_process import Ran
from runner.nightly.settings import NightlySettings
from runner.nightly.store import Store, StoredNight
from runner.settings import Settings, SettingsError
from runner.submissions import SubmissionError, to_json

_POLL = 0.5
"""Seconds after which a night looks whether it was told to stop."""


class Watcher(Protocol):
    """Told what happens, for whoever watches."""

    def began(self, submissions: int, executor: str) -> None: ...
    def running(self, names: list[str]) -> None: ...
    def decided(self, entry: Entry) -> None: ...
    def canary(self, result: Result, last: bool) -> None: ...


@dataclass
class _Open:
    """A submission of which something is still to be known."""

    member: Member
    digest: str
    key: Key
    settings: Settings
    before: Result | None
    results: list[Result] = field(default_factory=list)
    reused: bool = False
    roles: tuple[str, ...] = ()
    """The runs that it gets, whatever they show; empty: as many as the comparison needs."""


class NightRun:
    """Runs one night; `run()` returns what it found and leaves it in the night's folder and in the store."""

    def __init__(
        self,
        settings: NightlySettings,
        corpus: Corpus,
        store: Store,
        executor: Executor,
        night: StoredNight,
        folder: NightFolder,
        watcher: Watcher,
        stop: threading.Event,
    ) -> None:
        self._settings = settings
        self._corpus = corpus
        self._store = store
        self._executor = executor
        self._night = night
        self._folder = folder
        self._watcher = watcher
        self._stop = stop
        self._entries: dict[str, Entry] = {}
        self._canary: list[Result] = []

    def run(self) -> Night:
        """Review all. Raises InfrastructureError where no review can run, CorpusError for the canary's."""
        self._around = self._executor.surroundings(self._settings.review)
        self._kept = self._store.results_of(self._night.number)
        self._decided = self._store.entries_of(self._night.number)
        self._accepted = self._store.accepted(self._corpus.name)
        self._watcher.began(len(self._corpus.members), self._executor.name)
        status = self._status_of_night()
        finished_at = None if status is NightStatus.RUNNING else self._store.end(self._night.number, status)
        night = self._as_night(status, finished_at)
        self._folder.write(night)
        return night

    def _status_of_night(self) -> NightStatus:
        well = self._canary_is_well("canary_first")
        if well:
            self._review(self._openings())
            if any(entry.now.verdict is not NightVerdict.READY for entry in self._entries.values()):
                well = self._canary_is_well("canary_last")
        if self._stop.is_set():
            return NightStatus.RUNNING
        return NightStatus.FINISHED if well else NightStatus.INFRASTRUCTURE

    def _canary_is_well(self, role: str) -> bool:
        member = canary_member(self._settings.nightly.canary)
        if member is None or self._stop.is_set():
            return True
        words = [f"stages=[{','.join(self._settings.nightly.canary_stages)}]"]
        own = [*member.expect.overrides, *(words if self._settings.nightly.canary_stages else ()), "runs=[]"]
        member = member.model_copy(update={"expect": member.expect.model_copy(update={"overrides": tuple(own)})})
        item = self._opened(member)
        if isinstance(item, Entry):
            result = item.now
        else:
            item.roles = (role,)
            kept = self._kept.get((member.name, role))
            if kept is None or kept.key != item.key.digest:
                self._review(iter([item]))
            else:
                item.results.append(kept.result)
            if not item.results:  # told to stop
                return True
            result = item.results[-1]
        self._canary.append(result)
        self._watcher.canary(result, role == "canary_last")
        return is_well(result)

    def _openings(self) -> Iterator[_Open]:
        """The submissions that need a run, in the corpus's order; what needs none is decided on the way."""
        only = set(self._settings.nightly.only)
        for member in self._corpus.members:
            if only and member.name not in only:
                continue
            item = self._opened(member)
            if isinstance(item, Entry):
                self._decide(item)
                continue
            done = self._decided.get(member.name)
            if done is not None and done.now.key == item.key.digest:
                self._entries[member.name] = done
                self._watcher.decided(done)
                continue
            self._take_what_is_known(item)
            if self._next_role(item) is None:
                self._close(item)
            else:
                yield item

    def _opened(self, member: Member) -> _Open | Entry:
        """A submission with its key; the answer at once where it cannot be used."""
        before = self._before(member)
        try:
            submission = member.load()
            settings = self._settings.review_settings(member.expect.overrides)
        except (SubmissionError, SettingsError) as error:
            now = Result(verdict=NightVerdict.UNUSABLE, problem=str(error), finished_at=datetime.now(UTC))
            change = compare.change_of(before, now, self._settings.nightly)
            return self._entry(member, "", change, before, now)
        key = key_of(submission, settings, self._around)
        return _Open(member, submission.digest, key, settings, before)

    def _before(self, member: Member) -> Result | None:
        accepted = self._accepted.get(member.name)
        if accepted is not None:
            return accepted.seen_from(self._folder.path)
        return Result(verdict=member.expect.verdict) if member.expect.verdict else None

    def _take_what_is_known(self, item: _Open) -> None:
        """Results of this night's that an earlier program left, or those of earlier nights."""
        for role in ("first", "again", "confirmation"):
            kept = self._kept.get((item.member.name, role))
            if kept is not None and kept.key == item.key.digest:
                item.results.append(kept.result)
        if item.results or not self._settings.reuse:
            return
        known = [stored.seen_from(self._folder.path) for stored in self._store.reusable(item.key.digest)]
        if not known or not all(compare.agree(known[0], other) for other in known[1:]):
            return
        item.reused = True
        item.results = known[:1]
        if self._next_role(item) == "confirmation":
            item.results = known[:2]

    def _next_role(self, item: _Open) -> str | None:
        if item.roles:
            return item.roles[len(item.results)] if len(item.results) < len(item.roles) else None
        return compare.next_role(item.before, item.results, self._settings.nightly)

    def _review(self, openings: Iterator[_Open]) -> None:
        """Run what is to be run, as much at once as there is room for."""
        waiting: deque[_Open] = deque()
        running: dict[tuple[str, str], _Open] = {}
        while not self._stop.is_set():
            item = waiting.popleft() if waiting else next(openings, None)
            if item is not None and self._executor.has_room(self._reservation(item)):
                self._start(item, waiting, running)
                continue
            if item is not None:
                waiting.appendleft(item)
            elif not running:
                return
            for job, ran in self._executor.finished(_POLL):
                self._take(running.pop((job.name, job.role)), job.role, job, ran, waiting)
                self._watcher.running([name for name, _ in running])

    def _start(self, item: _Open, waiting: deque[_Open], running: dict[tuple[str, str], _Open]) -> None:
        name, role = item.member.name, self._next_role(item)
        assert role is not None
        before = self._folder.finished(name, role, item.key.digest)
        words = self._settings.review_words(item.member.expect.overrides)
        if before is not None:
            folder, ran = before
            job = Job(name, role, folder, words, self._reservation(item))
            return self._take(item, role, job, ran, waiting)
        try:
            submission = item.member.load()
            if submission.digest != item.digest:
                raise SubmissionError(["it changed while the night ran; start the night again"])
        except SubmissionError as error:
            ran = Ran(None, 0.0, datetime.now(UTC).isoformat(), str(error))
            job = Job(name, role, self._folder.path, words, self._reservation(item))
            return self._take(item, role, job, ran, waiting)
        folder = self._folder.new(name, role, item.key.digest, to_json(submission))
        running[name, role] = item
        self._executor.submit(Job(name, role, folder, words, self._reservation(item)))
        self._watcher.running([name for name, _ in running])
        return None

    def _take(self, item: _Open, role: str, job: Job, ran: Ran, waiting: deque[_Open]) -> None:
        """A review has ended: keep its result, and go on with its submission."""
        if ran.stopped:
            return
        result = result_of(job.folder, ran, self._folder.path, item.key.digest)
        self._store.add_result(self._night.number, job.name, role, item.digest, item.key, result)
        item.results.append(result)
        if self._next_role(item) is not None:
            waiting.appendleft(item)  # what was begun is ended first
        elif not item.roles:
            self._close(item)

    def _close(self, item: _Open) -> None:
        change, now, confirmation = compare.settled(item.before, item.results, self._settings.nightly)
        entry = self._entry(item.member, item.digest, change, item.before, now)
        self._decide(entry.model_copy(update={"confirmation": confirmation, "reused": item.reused}))

    def _entry(self, member: Member, digest: str, change: Change, before: Result | None, now: Result) -> Entry:
        expected = member.expect.verdict
        return Entry(
            submission=member.name,
            title=member.expect.title,
            digest=digest,
            change=change,
            before=before,
            now=now,
            expected_met=None if expected is None else now.verdict is expected,
        )

    def _decide(self, entry: Entry) -> None:
        self._store.add_entry(self._night.number, self._corpus.name, entry)
        self._entries[entry.submission] = entry
        self._watcher.decided(entry)

    def _reservation(self, item: _Open) -> Reservation:
        return Reservation.of(item.settings, self._settings.executor)

    def _as_night(self, status: NightStatus, finished_at: datetime | None) -> Night:
        limit = self._settings.nightly.history
        history = self._store.history(self._corpus.name, limit, self._night.number) if limit else {}
        entries = [self._entries[member.name] for member in self._corpus.members if member.name in self._entries]
        end = finished_at or datetime.now(UTC)
        return Night(
            tool_version=runner.__version__,
            number=self._night.number,
            corpus=self._corpus.name,
            status=status,
            started_at=self._night.started_at,
            finished_at=finished_at,
            wall_seconds=round((end - self._night.started_at).total_seconds(), 3),
            executor=self._executor.name,
            words=self._settings.shown_words(),
            canary=self._canary,
            entries=[entry.model_copy(update={"history": history.get(entry.submission, [])}) for entry in entries],
        )
