"""`sandbox-review nightly CORPUS`, `nightly accept` and `nightly history SUBMISSION`."""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import FrameType

import runner
from runner.nightly.corpus import Corpus, CorpusError, load_corpus
from runner.nightly.executors import Executor, open_executor
from runner.nightly.folder import InUseError, NightFolder
from runner.nightly.night import NightStatus
from runner.nightly.past import accept, history
from runner.nightly.progress import NightProgress, print_night
from runner.nightly.schedule import NightRun
from runner.nightly.settings import NightlySettings, load_nightly_settings
from runner.nightly.store import SchemaError, Store, StoredNight, StoreError
from runner.reports.console import make_console
from runner.settings import SettingsError
from sandbox.errors import InfrastructureError

UNUSABLE, INCONCLUSIVE = 2, 3
_OTHERS = {"accept": accept, "history": history}


def run(words: Sequence[str], make_executor: Callable[[NightlySettings], Executor] = open_executor) -> int:
    """Run one of the three; returns the exit status. `make_executor`: another one is for tests and benchmarks."""
    try:
        if words and words[0] in _OTHERS:
            return _OTHERS[words[0]](words[1:])
        return _nightly(words, make_executor)
    except (SettingsError, CorpusError) as error:
        print(error, file=sys.stderr)
        return UNUSABLE
    except (StoreError, SchemaError, InUseError, InfrastructureError) as error:
        print(f"Nothing is known of this night. {error}", file=sys.stderr)
        return INCONCLUSIVE


def _nightly(words: Sequence[str], make_executor: Callable[[NightlySettings], Executor]) -> int:
    parser = argparse.ArgumentParser(prog="sandbox-review nightly")
    parser.add_argument("corpus", type=Path, help="a folder of submissions, or a manifest (.yaml) of them")
    parser.add_argument("-o", "--output", type=Path, metavar="DIR", help="default: ./nightly-<corpus>-<date>")
    parser.add_argument("--json", action="store_true", help="print night.json on stdout")
    parser.add_argument("overrides", nargs="*", metavar="KEY=VALUE")
    options = parser.parse_intermixed_args(list(words))
    settings = load_nightly_settings(options.overrides)
    corpus = _named(load_corpus(options.corpus), settings)
    console = make_console(json_output=options.json)
    stop = threading.Event()
    with contextlib.ExitStack() as stack:
        store = Store(settings.nightly.url())
        stack.callback(store.close)
        _check_source(store, corpus)
        night, folder = _begin(store, corpus, settings, options.output)
        stack.callback(folder.close)
        executor = make_executor(settings)
        stack.callback(executor.close)
        _stop_on_interrupt(stop)
        with NightProgress(console) as progress:
            found = NightRun(settings, corpus, store, executor, night, folder, progress, stop).run()
    print_night(found, folder.path, console)
    if options.json:
        print(found.model_dump_json(indent=2))
    return found.exit_status


def _named(corpus: Corpus, settings: NightlySettings) -> Corpus:
    """The corpus under the name that the settings give it, once they name no submission that it lacks."""
    known = {member.name for member in corpus.members}
    unknown = [name for name in settings.nightly.only if name not in known]
    if unknown:
        raise SettingsError(f"nightly.only: the corpus has no submission {', '.join(unknown)}")
    name = settings.nightly.name
    return corpus.model_copy(update={"name": name, "named": True}) if name else corpus


def _check_source(store: Store, corpus: Corpus) -> None:
    """Never silently compare with the verdicts of another folder that has the same name. Raises SettingsError."""
    before = store.source_of(corpus.name)
    if corpus.named or before is None or before == corpus.source:
        return
    if before.exists():
        raise SettingsError(
            f"{corpus.source}: the verdicts under the name {corpus.name} are those of {before}. "
            f"nightly.name=NAME gives this corpus a name of its own; nightly.name={corpus.name} compares it with them."
        )
    print(f"{before} is gone; its verdicts, as those of {corpus.name}, are compared with.", file=sys.stderr)


def _begin(
    store: Store, corpus: Corpus, settings: NightlySettings, output: Path | None
) -> tuple[StoredNight, NightFolder]:
    """The night that was not finished, or a new one. Raises InUseError, SettingsError, StoreError."""
    oldest = datetime.now(UTC) - timedelta(hours=settings.nightly.resume_hours)
    for night in store.unfinished(corpus.name, settings.shown_words()):
        here = output is None or output.absolute() == night.directory
        if not here or night.source not in (None, corpus.source) or not night.directory.is_dir():
            continue
        folder = NightFolder(night.directory)
        if folder.belongs_to(night.mark):
            if night.started_at >= oldest:
                return night, folder
            store.end(night.number, NightStatus.ABANDONED)
        folder.close()
    directory = _new_directory(output, corpus.name)
    try:
        folder = NightFolder(directory)
    except OSError as error:
        raise SettingsError(f"--output {directory}: cannot be made: {error.strerror}") from error
    number = store.begin(corpus.name, folder.path, settings.shown_words(), runner.__version__, corpus.source)
    night = store.night(number)
    folder.mark(night.mark)
    return night, folder


def _new_directory(given: Path | None, corpus: str) -> Path:
    """An empty or new folder; evidence is never written over."""
    if given is not None:
        if given.exists() and (not given.is_dir() or any(entry.name != ".lock" for entry in given.iterdir())):
            raise SettingsError(f"--output {given}: exists and is not an empty folder; name another one")
        return given
    name = "".join(letter if letter.isalnum() or letter in "._-" else "-" for letter in corpus)[:60].strip("-.")
    first = f"nightly-{name or 'corpus'}-{datetime.now(UTC).date().isoformat()}"
    for number in range(1, 10_000):
        candidate = Path(first if number == 1 else f"{first}-{number}")
        if not candidate.exists():
            return candidate
    raise SettingsError("--output: every default name is taken; name a folder")


def _stop_on_interrupt(stop: threading.Event) -> None:
    """The first Ctrl-C or SIGTERM ends the running reviews and keeps what finished; a second one ends at once."""

    def told(number: int, frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    signal.signal(signal.SIGINT, told)
    signal.signal(signal.SIGTERM, told)
