"""The database of nights, on SQLite and on a real PostgreSQL server."""

from __future__ import annotations

import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, inspect, text

from runner.nightly.key import Key
from runner.nightly.night import Change, Entry, NightStatus, NightVerdict, Result
from runner.nightly.store import SchemaError, Store, StoreError, schema
from runner.nightly.store.tables import Base

ROOT = Path(__file__).parents[2]
DIGEST = "d" * 64
NOW = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
READY, NOT_READY = NightVerdict.READY, NightVerdict.NOT_READY


def key(program: str = "p") -> Key:
    return Key(submission="s", environment="e", image="i", assets="a", settings="x", program=program)


def result(verdict: NightVerdict = READY, **others: object) -> Result:
    given = {"verdict": verdict, "seconds": 2.0, "finished_at": NOW, "key": key().digest, "review": "reviews/a/review"}
    return Result.model_validate({**given, **others})


def entry(name: str, change: Change, verdict: NightVerdict = READY) -> Entry:
    return Entry(submission=name, digest=DIGEST, change=change, now=result(verdict))


def night(store: Store, *entries: Entry, status: NightStatus = NightStatus.FINISHED) -> int:
    number = store.begin("corpus", Path("/nights/one"), ["gpu=1"], "0.1")
    for each in entries:
        store.add_entry(number, "corpus", each)
    if status is not NightStatus.RUNNING:
        store.end(number, status)
    return number


def test_a_result_comes_back_as_it_was(store: Store) -> None:
    number = night(store)
    kept = result(NOT_READY, causes=["hydra.composes: hydra-config"], problem="naïve ✓")
    store.add_result(number, "a", "first", DIGEST, key(), kept)
    stored = store.results_of(number)["a", "first"]
    assert (stored.key, stored.result, stored.directory) == (key().digest, kept, Path("/nights/one"))


def test_the_same_twice_is_kept_once(store: Store) -> None:
    number = night(store, entry("a", Change.NEW))
    store.add_entry(number, "corpus", entry("a", Change.NEW_FAILURE, NOT_READY))
    store.add_result(number, "a", "first", DIGEST, key(), result())
    store.add_result(number, "a", "first", DIGEST, key(), result(NOT_READY))
    assert store.entries_of(number)["a"].change is Change.NEW
    assert store.results_of(number)["a", "first"].result.verdict is READY


def test_reusable_is_what_was_the_same_and_sure(store: Store) -> None:
    finished, spoilt, running = (
        night(store, status=status)
        for status in (NightStatus.FINISHED, NightStatus.INFRASTRUCTURE, NightStatus.RUNNING)
    )
    store.add_result(spoilt, "a", "first", DIGEST, key(), result())
    store.add_result(running, "a", "first", DIGEST, key(), result())
    store.add_result(finished, "lost", "first", DIGEST, key(), result(infrastructure=True))
    store.add_result(finished, "no asset", "first", DIGEST, key(), result(NightVerdict.INCONCLUSIVE))
    store.add_result(finished, "older", "first", DIGEST, key("q"), result())
    assert store.reusable(key().digest) == []
    store.add_result(finished, "another name", "first", DIGEST, key(), result(NOT_READY))
    assert [stored.result.verdict for stored in store.reusable(key().digest)] == [NOT_READY]


def test_accepting_moves_what_is_compared_with(store: Store) -> None:
    first = night(store, entry("a", Change.NEW), entry("b", Change.NEW), entry("c", Change.FLAKY))
    assert store.accept(first) == (["a", "b"], ["c"])
    second = night(store, entry("a", Change.NEW_FAILURE, NOT_READY), entry("b", Change.NEW_FAILURE, NOT_READY))
    assert store.accept(second, ["a"]) == (["a"], [])
    accepted = {name: stored.result.verdict for name, stored in store.accepted("corpus").items()}
    assert accepted == {"a": NOT_READY, "b": READY}
    assert store.accepted("another corpus") == {}


def test_history_is_bounded_and_in_order(store: Store) -> None:
    numbers = [night(store, entry("a", change)) for change in (Change.NEW, Change.UNCHANGED, Change.REPAIRED)]
    night(store, entry("a", Change.FLAKY), status=NightStatus.INFRASTRUCTURE)
    store.accept(numbers[1])
    past = store.history("corpus", 2, numbers[-1] + 1)["a"]
    assert [(each.night, each.change, each.accepted) for each in past] == [
        (numbers[1], Change.UNCHANGED, True),
        (numbers[2], Change.REPAIRED, False),
    ]
    assert past[0].finished_at.utcoffset() == timedelta(0)
    assert [each.night for each in store.history("corpus", 9, numbers[1])["a"]] == numbers[:1]
    by_content = store.history_of("unknown", DIGEST)
    assert [each.night for each in by_content["corpus", "a"]] == numbers


def test_a_night_goes_on_for_the_same_command_alone(store: Store) -> None:
    number = night(store, status=NightStatus.RUNNING)
    assert [each.number for each in store.unfinished("corpus", ["gpu=1"])] == [number]
    assert store.unfinished("corpus", []) == store.unfinished("other", ["gpu=1"]) == []
    store.end(number, NightStatus.FINISHED)
    assert store.unfinished("corpus", ["gpu=1"]) == []
    assert store.night(number).finished_at is not None


def test_migrations_make_the_tables_that_the_program_uses(url: str) -> None:
    engine = create_engine(url)
    schema.upgrade(engine)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []
    schema.downgrade(engine, "base")
    assert set(inspect(engine).get_table_names()) <= {"alembic_version"}
    schema.upgrade(engine)
    assert set(Base.metadata.tables) <= set(inspect(engine).get_table_names())
    engine.dispose()


@pytest.mark.parametrize("at", ["create_table nights", "create_index results", "create_table accepted"])
def test_killed_while_the_tables_are_made_leaves_all_or_nothing(tmp_path: Path, at: str) -> None:
    step, table = at.split()
    code = (
        "import os, signal, sys; from alembic import op; from runner.nightly.store import Store\n"
        f"real = op.{step}\n"
        "def made(*given, **more):\n"
        f"    os.kill(os.getpid(), signal.SIGKILL) if '{table}' in given else real(*given, **more)\n"
        f"op.{step} = made; Store(sys.argv[1])"
    )
    url = f"sqlite:///{tmp_path / 'nights.db'}"
    done = subprocess.run([sys.executable, "-c", code, url], cwd=ROOT, check=False)
    assert done.returncode == -signal.SIGKILL
    store = Store(url)
    assert night(store, entry("a", Change.NEW)) == 1
    store.close()


def test_several_programs_may_open_and_write_one_database(url: str) -> None:
    def work(number: int) -> int:
        store = Store(url)
        begun = [night(store, entry(f"a{each}", Change.NEW)) for each in range(10)]
        store.accept(begun[-1])
        store.close()
        return len(begun)

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(work, range(6))) == [10] * 6
    store = Store(url)
    assert len(store.nights()) == 60
    store.close()


def test_a_database_that_fails_in_the_middle_is_told_in_one_message(store: Store) -> None:
    number = night(store, status=NightStatus.RUNNING)
    with store.engine.begin() as connection:
        connection.execute(text("DROP TABLE results"))
    for use in (lambda: store.results_of(number), lambda: store.add_result(number, "a", "f", DIGEST, key(), result())):
        with pytest.raises(StoreError, match="results.*start the same command again"):
            use()


def test_an_earlier_versions_nights_stay(url: str) -> None:
    engine = create_engine(url)
    schema.upgrade(engine, "0001")
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO nights (corpus, directory, host, status, tool_version, words, started_at) "
                "VALUES ('c', '/n', 'h', 'finished', '0', '[]', '2026-03-01 00:00:00')"
            )
        )
    engine.dispose()
    store = Store(url)
    assert (store.night(1).source, store.source_of("c")) == (None, None)
    store.begin("c", Path("/n"), [], "0", Path("/corpora/c"))
    assert store.source_of("c") == Path("/corpora/c")
    store.close()


def test_a_later_versions_database_is_left_alone(store: Store, url: str) -> None:
    with store.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SchemaError, match="later version"):
        Store(url)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("postgresql+psycopg://nobody:secret@127.0.0.1:1/none?connect_timeout=2", "nobody:\\*\\*\\*@.*look at nightly"),
        ("nonsense", "nightly.database: "),
        ("oracle://x@y/z", "not installed"),
        ("sqlite:////proc/none/nights.db", "cannot be made"),
    ],
)
def test_a_database_that_cannot_be_used(url: str, words: str) -> None:
    with pytest.raises(StoreError, match=words) as caught:
        Store(url)
    assert "secret" not in str(caught.value)
