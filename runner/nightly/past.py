"""`nightly accept`: compare with these verdicts from now on. `nightly history`: verdicts over time."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from runner.nightly.night import NightStatus, Past
from runner.nightly.settings import load_nightly_settings
from runner.nightly.store import Store, StoredNight
from runner.reports.console import make_console
from runner.reports.text import count, label, one_line, seconds
from runner.settings import SettingsError
from runner.submissions import SubmissionError, load


def accept(words: Sequence[str]) -> int:
    """Accept a night's verdicts. Raises SettingsError, StoreError."""
    parser = argparse.ArgumentParser(prog="sandbox-review nightly accept")
    parser.add_argument(
        "night",
        nargs="?",
        type=int,
        help="its number; default: the last finished one, of the only corpus",
    )
    parser.add_argument("--only", action="append", metavar="SUBMISSION", help="this one alone; may be given again")
    parser.add_argument("--json", action="store_true")
    overrides = [word for word in words if "=" in word and not word.startswith("-")]
    options = parser.parse_args([word for word in words if word not in overrides])
    store = Store(load_nightly_settings(overrides).nightly.url())
    try:
        night = _night(store, options.night)
        accepted, unsure = store.accept(night.number, options.only)
    finally:
        store.close()
    unknown = sorted(set(options.only or ()) - set(accepted) - set(unsure))
    if options.json:
        given = {"night": night.number, "corpus": night.corpus, "accepted": accepted, "unsure": unsure}
        print(json.dumps({**given, "unknown": unknown}, indent=2))
    else:
        print(f"Night {night.number} of {night.corpus}: accepted {count(len(accepted), 'verdict')}.")
        if unsure:
            print(f"Not accepted, as the night was not sure: {', '.join(unsure)}")
    if unknown:
        print(f"Night {night.number} has no submission {', '.join(unknown)}", file=sys.stderr)
    return 2 if unknown else 0


def history(words: Sequence[str]) -> int:
    """Show what nights said of a submission. Raises SettingsError, StoreError."""
    parser = argparse.ArgumentParser(prog="sandbox-review nightly history")
    parser.add_argument("submission", help="its name in a corpus, or a submission in any accepted form")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("overrides", nargs="*", metavar="KEY=VALUE")
    options = parser.parse_intermixed_args(list(words))
    store = Store(load_nightly_settings(options.overrides).nightly.url())
    try:
        found = store.history_of(options.submission, _digest(options.submission))
    finally:
        store.close()
    if options.json:
        given = [
            {"corpus": corpus, "submission": name, "verdicts": [past.model_dump(mode="json") for past in verdicts]}
            for (corpus, name), verdicts in found.items()
        ]
        print(json.dumps(given, indent=2))
    else:
        console = make_console()
        for (corpus, name), verdicts in found.items():
            console.print(Text.assemble((one_line(name, 80), "bold"), f"  in {one_line(corpus, 80)}"))
            console.print(_table(verdicts))
    if not found:
        print(f"No night has reviewed {options.submission}.", file=sys.stderr)
    return 0 if found else 2


def _night(store: Store, number: int | None) -> StoredNight:
    try:
        nights = store.nights(status=NightStatus.FINISHED) if number is None else [store.night(number)]
    except LookupError as error:
        raise SettingsError(str(error)) from error
    if not nights:
        raise SettingsError("There is no finished night in this database.")
    night = nights[0]
    last: dict[str, int] = {}
    for each in nights:
        last.setdefault(each.corpus, each.number)
    if len(last) > 1:
        shown = ", ".join(f"{number} of {corpus}" for corpus, number in last.items())
        raise SettingsError(f"This database has nights of several corpora; say which: {shown}.")
    if night.status is not NightStatus.FINISHED:
        raise SettingsError(f"Night {night.number} cannot be accepted: its status is {label(night.status)}.")
    return night


def _digest(word: str) -> str | None:
    """The content's digest where the word names a submission that lies here; names alone are looked up as names."""
    if not os.path.lexists(word) and "@" not in word:
        return None
    try:
        return load(word).digest
    except SubmissionError:
        return None


def _table(verdicts: list[Past]) -> Table:
    table = Table.grid(padding=(0, 2))
    for past in verdicts:
        table.add_row(
            f"  night {past.night}",
            past.finished_at.strftime("%Y-%m-%d %H:%M"),
            label(past.verdict),
            label(past.change),
            seconds(past.seconds),
            "accepted" if past.accepted else "",
        )
    return table
