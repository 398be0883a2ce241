"""One night: every submission of a corpus is reviewed, until what changed is known."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Hashable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import runner
from runner.nightly import compare
from runner.nightly.canary import canary_member, is_well
from runner.nightly.corpus import Corpus, Member
from runner.nightly.executors import Executor, Job, NoRoomError, Reservation
from runner.nightly.folder import NightFolder
from runner.nightly.key import Surroundings
from runner.nightly.night import Change, Entry, Night, NightStatus, Result
from runner.nightly.opened import Opened, opened
from runner.nightly.results import result_of
from runner.nightly.review_process import Ran
from runner.nightly.settings import NightlySettings
from runner.nightly.store import Store, StoredNight
from runner.nightly.watcher import Watcher
from runner.settings import Settings
from runner.submissions import SubmissionError, to_json

_POLL = 0.5
"""Seconds after which a night looks whether it was told to stop."""


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
        self._unread: list[tuple[Member, Result]] = []
        self._places: dict[Hashable, Surroundings] = {}
        self._day = ""

    def run(self) -> Night:
        """Review all. Raises InfrastructureError where no review can run, CorpusError for the canary's."""
        self._surroundings(self._settings.review)
        self._kept = self._store.results_of(self._night.number)
        self._decided = self._store.entries_of(self._night.number)
        self._accepted = self._store.accepted(self._corpus.name)
        self._watcher.began(len(self._members()), self._executor.name)
        status = self._status_of_night()
        finished_at = None if status is NightStatus.RUNNING else datetime.now(UTC)
        night = self._as_night(status, finished_at)
        # The folder first: no program goes on with a night that the database calls finished.
        self._folder.write(night)
        if finished_at is not None:
            self._store.end(self._night.number, status, finished_at)
        return night

    def _members(self) -> list[Member]:
        only = set(self._settings.nightly.only)
        return [member for member in self._corpus.members if not only or member.name in only]

    def _status_of_night(self) -> NightStatus:
        well = self._canary_is_well("canary_first")
        if well:
            self._review(self._openings())
            self._review(self._second_looks())
            if any(entry.failed for entry in self._entries.values()):
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
        if isinstance(item, Result):
            result = item
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

    def _openings(self) -> Iterator[Opened]:
        """The submissions that need a run, in the corpus's order; what needs none is decided on the way."""
        for member in self._members():
            item = self._opened(member)
            if isinstance(item, Result):
                self._unread.append((member, item))
            elif self._needs_run(item):
                yield item

    def _second_looks(self) -> Iterator[Opened]:
        """What could not be read, once the others are done: like every change, it is not believed at once."""
        for member, first in self._unread:
            item = self._look_again(member, first)
            if item is not None and self._needs_run(item):
                yield item

    def _opened(self, member: Member) -> Opened | Result:
        return opened(member, self._before(member), self._settings, self._surroundings)

    def _surroundings(self, settings: Settings) -> Surroundings:
        """Those of the place where reviews with these settings run; each is asked for once, and a night has one day."""
        place = (settings.backend, settings.env.find_links, settings.assets, settings.cache_dir)
        if place not in self._places:
            found = self._executor.surroundings(settings)
            self._day = self._day or found.day
            self._places[place] = found.model_copy(update={"day": self._day})
        return self._places[place]

    def _needs_run(self, item: Opened) -> bool:
        name = item.member.name
        done = self._decided.get(name)
        if done is not None and done.now.key == item.key.digest:
            self._entries[name] = done
            self._watcher.decided(done)
            return False
        self._take_what_is_known(item)
        if self._next_role(item) is not None:
            return True
        self._close(item)
        return False

    def _look_again(self, member: Member, first: Result) -> Opened | None:
        """Look until the comparison knows enough, and decide; the submission where it can be reviewed after all."""
        before, looks = self._before(member), [first]
        while compare.next_role(before, looks, self._settings.nightly) is not None:
            item = self._opened(member)
            if isinstance(item, Opened):
                return item
            looks.append(item)
        change, now, confirmation = compare.settled(before, looks, self._settings.nightly)
        entry = self._entry(member, "", change, before, now)
        self._decide(entry.model_copy(update={"confirmation": confirmation}))
        return None

    def _before(self, member: Member) -> Result | None:
        accepted = self._accepted.get(member.name)
        if accepted is not None:
            return accepted.seen_from(self._folder.path)
        return Result(verdict=member.expect.verdict) if member.expect.verdict else None

    def _take_what_is_known(self, item: Opened) -> None:
        """Results of this night's that an earlier program left, or those of earlier nights."""
        kept = {role: self._kept.get((item.member.name, role)) for role in ("first", "again", "confirmation")}
        found = {role: each.result for role, each in kept.items() if each and each.key == item.key.digest}
        item.results = list(found.values())
        if found.keys() - {"confirmation"}:
            return
        known = self._known_before(item) if self._settings.reuse else []
        item.reused = bool(known)
        # A confirmation alone: what it confirms is an earlier night's.
        item.results = [known[0], *item.results] if known else []
        if known and self._next_role(item) == "confirmation":
            item.results = known[:2]

    def _known_before(self, item: Opened) -> list[Result]:
        """What finished nights say of the same, last first; nothing where they contradict each other."""
        known = [stored.seen_from(self._folder.path) for stored in self._store.reusable(item.key.digest)]
        return known if all(compare.agree(known[0], other) for other in known[1:]) else []

    def _next_role(self, item: Opened) -> str | None:
        if item.roles:
            return item.roles[len(item.results)] if len(item.results) < len(item.roles) else None
        return compare.next_role(item.before, item.results, self._settings.nightly)

    def _review(self, openings: Iterator[Opened]) -> None:
        """Run what is to be run, as much at once as there is room for."""
        waiting: deque[Opened] = deque()
        running: dict[tuple[str, str], Opened] = {}
        while not self._stop.is_set():
            item = waiting.popleft() if waiting else next(openings, None)
            if item is not None and self._starts(item, waiting, running):
                continue
            if item is not None:
                waiting.appendleft(item)
            elif not running:
                return
            for job, ran in self._executor.finished(_POLL):
                self._take(running.pop((job.name, job.role)), job.role, job.folder, ran, waiting)
                self._watcher.running([name for name, _ in running])

    def _starts(self, item: Opened, waiting: deque[Opened], running: dict[tuple[str, str], Opened]) -> bool:
        """Begin its next run where there is room, or end that at once where there never will be."""
        try:
            room = self._executor.has_room(self._reservation(item))
        except NoRoomError as error:
            self._lose(item, error, waiting)
            return True
        if room:
            self._start(item, waiting, running)
        return room

    def _start(self, item: Opened, waiting: deque[Opened], running: dict[tuple[str, str], Opened]) -> None:
        name, role = item.member.name, self._next_role(item)
        assert role is not None
        words = self._settings.review_words(item.member.expect.overrides)
        before = self._folder.finished(name, role, item.key.digest)
        if before is not None:
            return self._take(item, role, *before, waiting)
        try:
            submission = item.member.load()
            if submission.digest != item.digest:
                raise SubmissionError(["it changed while the night ran; start the night again"])
        except SubmissionError as error:
            return self._lose(item, error, waiting)
        folder = self._folder.new(name, role, item.key.digest, to_json(submission))
        running[name, role] = item
        self._executor.submit(Job(name, role, folder, words, self._reservation(item)))
        self._watcher.running([name for name, _ in running])
        return None

    def _lose(self, item: Opened, error: Exception, waiting: deque[Opened]) -> None:
        """The next run cannot be had, which says nothing of the submission or of others."""
        role = self._next_role(item)
        assert role is not None
        lost = Ran(None, 0.0, datetime.now(UTC).isoformat(), str(error))
        self._take(item, role, self._folder.path, lost, waiting)

    def _take(self, item: Opened, role: str, folder: Path, ran: Ran, waiting: deque[Opened]) -> None:
        """A review has ended: keep its result, and go on with its submission."""
        if ran.stopped:
            return
        result = result_of(folder, ran, self._folder.path, item.key.digest)
        self._store.add_result(self._night.number, item.member.name, role, item.digest, item.key, result)
        item.results.append(result)
        if self._next_role(item) is not None:
            waiting.appendleft(item)  # what was begun is ended first
        elif not item.roles:
            self._close(item)

    def _close(self, item: Opened) -> None:
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

    def _reservation(self, item: Opened) -> Reservation:
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
