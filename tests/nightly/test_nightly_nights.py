"""Whole nights: real scheduling and a real database, simulated reviews."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from runner.nightly import command
from runner.nightly.folder import NightFolder
from runner.nightly.night import Change, Entry, Night, NightStatus
from runner.nightly.progress import NightProgress, next_steps
from tests.nightly.simulated import SimulatedExecutor, write_corpus


class Nights:
    """One corpus, one database, and the nights over them."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self._capsys = folder, capsys
        self.corpus, self.log, self.status = folder / "corpus", folder / "log", 0

    def write(self, **answers: str) -> None:
        """What every submission's reviews answer from now on; runs are counted anew."""
        write_corpus(self.corpus, answers)
        self.log.unlink(missing_ok=True)

    def run(self, *words: str) -> Night:
        self._capsys.readouterr()
        given = [str(self.corpus), "--json", *words]
        self.status = command.run(
            given if "nightly.canary" in str(words) else [*given, "nightly.canary=none"], SimulatedExecutor
        )
        return Night.model_validate_json(self._capsys.readouterr().out)

    def accept(self, *words: str) -> None:
        assert command.run(["accept", *words]) == 0

    def ran(self) -> list[str]:
        return sorted(self.log.read_text().split()) if self.log.exists() else []


@pytest.fixture
def nights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Nights:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SANDBOX_REVIEW_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("SIMULATED_LOG", str(tmp_path / "log"))
    return Nights(tmp_path, capsys)


def changes(night: Night) -> dict[str, Change]:
    return {entry.submission: entry.change for entry in night.entries}


def test_the_second_night_reports_exactly_what_changed(nights: Nights) -> None:
    nights.write(broken="ready", repaired="not_ready:a", other="not_ready:a", same="ready", bad="not_ready:a")
    first = nights.run()
    assert (set(changes(first).values()), nights.status) == ({Change.NEW}, 0)
    nights.accept()
    nights.write(broken="not_ready:a", repaired="ready", other="not_ready:b", same="ready", bad="not_ready:a")
    second = nights.run()
    assert nights.status == 1
    assert changes(second) == {
        "bad": Change.UNCHANGED,
        "broken": Change.NEW_FAILURE,
        "other": Change.CHANGED_CAUSE,
        "repaired": Change.REPAIRED,
        "same": Change.UNCHANGED,
    }
    assert nights.ran() == sorted(["bad", "same", *2 * ["broken", "other", "repaired"]])
    broken = second.entries[1]
    assert broken.before and broken.confirmation and broken.now.first_cause
    assert (broken.before.verdict, broken.now.verdict) == ("ready", "not_ready")
    assert (broken.now.first_cause.file, broken.now.first_cause.line) == ("src/main.py", 3)
    assert [past.verdict for past in broken.history] == ["ready"]
    directory = nights.folder / f"nightly-corpus-{second.started_at.date()}-2"
    for result in (broken.before, broken.now, broken.confirmation):
        assert result.review
        assert (directory / result.review / "review.json").is_file()
    assert json.loads((directory / "night.json").read_text()) == second.model_dump(mode="json")


def test_a_verdict_that_flips_is_flaky_and_no_regression(nights: Nights) -> None:
    nights.write(a="ready")
    nights.run()
    nights.accept()
    nights.write(a="not_ready:x ready")
    (entry,) = nights.run().entries
    assert entry.confirmation
    assert (entry.change, entry.now.verdict, entry.confirmation.verdict) == (Change.FLAKY, "not_ready", "ready")
    assert entry.now.review != entry.confirmation.review
    assert nights.status == 0
    assert command.run(["accept", "--json"]) == 0
    nights.write(a="not_ready:x")
    assert changes(nights.run()) == {"a": Change.NEW_FAILURE}  # the flaky verdict was not accepted


def test_a_lost_review_is_run_again_and_then_infrastructure(nights: Nights) -> None:
    nights.write(once="lost ready", ever="lost", fine="ready")
    night = nights.run()
    assert changes(night) == {"once": Change.NEW, "ever": Change.INFRASTRUCTURE, "fine": Change.NEW}
    assert nights.status == 3
    assert nights.ran() == ["ever", "ever", "fine", "once", "once"]
    assert "SIGKILL" in night.entries[0].now.problem


def test_numbers_are_given_with_and_without_infrastructure_trouble(nights: Nights) -> None:
    nights.write(a="ready", b="lost", c="not_ready:x")
    night = nights.run()
    assert night.ready() == (1, 3, 2)


def test_the_databases_address_is_in_no_report(nights: Nights) -> None:
    nights.write(a="ready")
    night = nights.run(f"nightly.database=sqlite:///{nights.folder}/secret.db", "gpu=0")
    assert (nights.folder / "secret.db").is_file()
    assert night.words == ["gpu=0", "nightly.canary=none"]


def test_a_regression_counts_beside_infrastructure_trouble(nights: Nights) -> None:
    nights.write(a="ready", b="ready")
    nights.run()
    nights.accept()
    nights.write(a="not_ready:x", b="lost")
    nights.run()
    assert nights.status == 1


def test_what_is_expected_is_compared_with_until_a_verdict_is_accepted(nights: Nights) -> None:
    nights.write(a="not_ready:x", b="not_ready:x")
    for name, verdict in {"a": "ready", "b": "not_ready"}.items():
        (nights.corpus / f"{name}.expect.yaml").write_text(f"verdict: {verdict}\n")
    night = nights.run()
    assert changes(night) == {"a": Change.NEW_FAILURE, "b": Change.UNCHANGED}
    assert [entry.expected_met for entry in night.entries] == [False, True]
    nights.accept()
    night = nights.run()
    assert changes(night) == {"a": Change.UNCHANGED, "b": Change.UNCHANGED}
    assert night.entries[0].expected_met is False


def test_an_unusable_submission_is_a_failure_of_its_own(nights: Nights) -> None:
    nights.write(a="ready", b="ready")
    nights.run()
    nights.accept()
    (nights.corpus / "a.json").write_text("{")
    night = nights.run()
    assert changes(night) == {"a": Change.NEW_FAILURE, "b": Change.UNCHANGED}
    broken = night.entries[0]
    assert "cannot be used" in broken.now.problem
    assert broken.confirmation and broken.confirmation.verdict == "unusable"


def test_what_is_written_while_the_night_looks_is_looked_at_again(nights: Nights) -> None:
    nights.write(a="ready", b="ready")
    nights.run()
    nights.accept()
    whole = (nights.corpus / "a.json").read_text()
    (nights.corpus / "a.json").write_text(whole[:20])
    nights.log.unlink()
    decided = NightProgress.decided

    def upload_ends(self: NightProgress, entry: Entry) -> None:
        (nights.corpus / "a.json").write_text(whole)
        decided(self, entry)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(NightProgress, "decided", upload_ends)
        night = nights.run()
    assert (changes(night), nights.ran()) == ({"a": Change.UNCHANGED, "b": Change.UNCHANGED}, ["a", "b"])


@pytest.mark.parametrize("word", ["gone.json", "gone@HEAD", "folder@HEAD"])
def test_what_cannot_be_read_is_no_regression(nights: Nights, word: str) -> None:
    nights.write(b="ready")
    (nights.folder / "folder").mkdir()
    nights.corpus = nights.folder / "m.yaml"
    expect = "expect: {verdict: ready}"
    nights.corpus.write_text(f"submissions: [{{path: {word}, name: a, {expect}}}, {{path: corpus/b.json, {expect}}}]\n")
    night = nights.run()
    assert changes(night) == {"a": Change.INFRASTRUCTURE, "b": Change.UNCHANGED}
    assert night.entries[0].now.infrastructure and "cannot be used" in night.entries[0].now.problem
    assert nights.status == 3


def test_without_git_a_commit_is_no_regression(nights: Nights, monkeypatch: pytest.MonkeyPatch) -> None:
    (nights.folder / "r" / ".git").mkdir(parents=True)
    nights.corpus = nights.folder / "m.yaml"
    nights.corpus.write_text("submissions: [{path: r@HEAD, name: a, expect: {verdict: ready}}]\n")
    monkeypatch.setenv("PATH", str(nights.folder))
    night = nights.run()
    assert (changes(night), nights.status) == ({"a": Change.INFRASTRUCTURE}, 3)
    assert "git is not installed" in night.entries[0].now.problem


@pytest.mark.parametrize(
    ("word", "why"),
    [
        ("limits.memory_mb=99000000", "99000000 MiB"),
        ("backend.runtime=runsc", "no runtime runsc"),
        ("limits.wall_seconds=-1", "limits.wall_seconds"),
    ],
)
def test_what_one_submission_needs_and_cannot_have_spoils_no_other(nights: Nights, word: str, why: str) -> None:
    nights.write(a="ready", b="ready", c="ready")
    (nights.corpus / "b.expect.yaml").write_text(f"verdict: ready\noverrides: ['{word}']\n")
    night = nights.run()
    assert changes(night) == {"a": Change.NEW, "b": Change.INFRASTRUCTURE, "c": Change.NEW}
    assert nights.status == 3 and nights.ran() == ["a", "c"]
    assert (
        word.split("=")[0].split(".")[-1][:4] in night.entries[1].now.problem or "MiB" in night.entries[1].now.problem
    )


def test_reuse_runs_what_has_changed_and_marks_the_rest(nights: Nights, monkeypatch: pytest.MonkeyPatch) -> None:
    nights.write(a="ready ready", b="ready", c="inconclusive")
    first = nights.run()
    nights.accept()
    nights.write(b="not_ready:x")
    night = nights.run("reuse=true")
    assert changes(night) == {"a": Change.UNCHANGED, "b": Change.NEW_FAILURE, "c": Change.UNCHANGED}
    assert [entry.reused for entry in night.entries] == [True, False, False]
    assert nights.ran() == ["b", "b", "c"]  # nobody knows what an inconclusive one would say today
    reused = night.entries[0].now.review
    assert reused and first.entries[0].now.review
    assert reused.endswith(first.entries[0].now.review)
    nights.log.unlink()
    assert changes(nights.run("reuse=true"))["b"] is Change.NEW_FAILURE
    assert nights.ran() == ["c"]  # that b fails was seen twice
    monkeypatch.setenv("SIMULATED_PROGRAM", "another version")
    nights.run("reuse=true")
    assert nights.ran() == ["a", "b", "b", "c", "c"]


def test_a_verdict_seen_once_is_confirmed_before_it_is_reported_though_reused(nights: Nights) -> None:
    nights.write(a="not_ready:x")
    nights.run()  # new: nothing to confirm
    (nights.corpus / "a.expect.yaml").write_text("verdict: ready\n")
    night = nights.run("reuse=true")
    assert (changes(night), nights.ran()) == ({"a": Change.NEW_FAILURE}, ["a", "a"])


def test_a_submissions_own_backend_is_part_of_what_is_reused(nights: Nights) -> None:
    nights.write(a="ready", b="ready")
    nights.run()
    nights.log.unlink()
    (nights.corpus / "a.expect.yaml").write_text("overrides: ['backend=process']\n")
    assert [entry.reused for entry in nights.run("reuse=true").entries] == [False, True]
    assert nights.ran() == ["a"]
    assert [entry.reused for entry in nights.run("reuse=true").entries] == [True, True]


@pytest.fixture
def broken_off(nights: Nights) -> Path:
    """The folder of a night that was reviewed and then ended before it was written."""
    nights.write(a="ready")
    with pytest.MonkeyPatch.context() as patch, pytest.raises(MemoryError):
        patch.setattr(NightFolder, "write", lambda *_: (_ for _ in ()).throw(MemoryError()))
        nights.run("-o", "night")
    return nights.folder / "night"


def test_a_container_with_another_host_name_goes_on(
    nights: Nights, broken_off: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "another")
    assert nights.run("-o", "night").number == 1
    assert (broken_off / "night.json").is_file() and nights.ran() == ["a"]


def test_another_machines_folder_of_the_same_path_is_left_alone(nights: Nights, broken_off: Path) -> None:
    (broken_off / ".lock").write_text("night 1 of another database")
    assert command.run([str(nights.corpus), "-o", "night"], SimulatedExecutor) == 2
    assert nights.run().number == 2
    assert not (broken_off / "night.json").exists()


def test_what_can_no_longer_be_decided_can_be_accepted_once_it_was_seen_twice(nights: Nights) -> None:
    nights.write(a="ready", b="ready")
    nights.run()
    nights.accept()
    nights.write(a="inconclusive", b="lost")
    night = nights.run()
    assert (set(changes(night).values()), nights.status) == ({Change.INFRASTRUCTURE}, 3)
    assert [entry.sure for entry in night.entries] == [True, False]
    assert "nightly accept 2" in " ".join(next_steps(night))
    nights.accept("2")
    nights.write(a="inconclusive", b="ready")
    assert (set(changes(nights.run()).values()), nights.status) == ({Change.UNCHANGED}, 0)


def test_accepting_is_advised_where_something_can_be_and_after_what_regressed(nights: Nights) -> None:
    nights.write(a="ready", b="ready")
    assert "To compare with these verdicts" in next_steps(nights.run())[0]
    nights.accept()
    nights.write(a="lost", b="not_ready:x ready")
    assert next_steps(nights.run()) == []
    nights.write(a="not_ready:x", b="not_ready:x")
    first, second = next_steps(nights.run())
    assert first.endswith("look at a and 1 further regression. a was not known to fail: src/main.py:3 It is simulated.")
    assert second.startswith("If that is meant to fail from now on: sandbox-review nightly accept 3")


def test_two_folders_of_one_name_are_not_compared_with_each_other(
    nights: Nights, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["nightly.canary=none"]
    for parent, answer in {"x": "ready", "y": "not_ready:q"}.items():
        write_corpus(nights.folder / parent / "subs", {"s": answer})
    assert command.run(["x/subs", *words], SimulatedExecutor) == 0
    nights.accept()
    capsys.readouterr()
    assert command.run(["y/subs", *words], SimulatedExecutor) == 2
    assert f"are those of {nights.folder / 'x' / 'subs'}" in capsys.readouterr().err
    assert command.run(["y/subs", "nightly.name=other", *words], SimulatedExecutor) == 0
    assert command.run(["y/subs", "nightly.name=subs", *words], SimulatedExecutor) == 1
    (nights.folder / "y").rename(nights.folder / "z")
    capsys.readouterr()
    assert command.run(["z/subs", *words], SimulatedExecutor) == 1  # moved, as a checkout elsewhere is
    assert f"{nights.folder / 'y' / 'subs'} is gone" in capsys.readouterr().err


def test_accepting_the_last_night_of_several_corpora_needs_its_number(
    nights: Nights, capsys: pytest.CaptureFixture[str]
) -> None:
    nights.write(a="ready")
    nights.run()
    nights.run("nightly.name=other")
    capsys.readouterr()
    assert command.run(["accept"]) == 2
    assert "say which: 2 of other, 1 of corpus" in capsys.readouterr().err
    nights.accept("1")


def canary(nights: Nights, answers: str) -> str:
    write_corpus(nights.folder / "known", {"good": answers})
    return f"nightly.canary={nights.folder / 'known' / 'good.json'}"


def test_the_canary_runs_first_and_last_only_if_something_failed(nights: Nights) -> None:
    nights.write(a="ready")
    assert len(nights.run(canary(nights, "ready")).canary) == 1
    nights.write(a="not_ready:x")
    assert len(nights.run(canary(nights, "ready")).canary) == 2
    assert nights.ran() == ["a", "canary", "canary"]
    (nights.corpus / "a.expect.yaml").write_text("verdict: not_ready\n")
    nights.write(a="ready not_ready:x")
    night = nights.run(canary(nights, "ready"))
    assert (changes(night), len(night.canary)) == ({"a": Change.FLAKY}, 2)


@pytest.mark.parametrize(("answers", "reviewed"), [("not_ready:x", 0), ("ready not_ready:x", 1), ("lost", 0)])
def test_a_canary_that_fails_makes_the_night_infrastructure(nights: Nights, answers: str, reviewed: int) -> None:
    nights.write(a="not_ready:x")
    night = nights.run(canary(nights, answers))
    assert (night.status, len(night.entries), nights.status) == (NightStatus.INFRASTRUCTURE, reviewed, 3)
    assert command.run(["accept", "1"]) == 2
    assert command.run(["history", "a"]) == 2


def test_history_tells_names_and_contents(nights: Nights, capsys: pytest.CaptureFixture[str]) -> None:
    nights.write(a="ready")
    nights.run()
    (nights.corpus / "a.json").rename(nights.corpus / "b.json")
    nights.run()
    capsys.readouterr()
    assert command.run(["history", str(nights.corpus / "b.json"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [(each["submission"], len(each["verdicts"])) for each in found] == [("a", 1), ("b", 1)]
    assert command.run(["history", "a"]) == 0
    assert "night 1" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["missing"], "missing: no such file or directory"),
        (["corpus", "executor=cloud"], "executor"),
        (["corpus", "nightly.only=[x]"], "has no submission x"),
        (["corpus", "limits.wall_seconds=-1"], "limits.wall_seconds"),
        (["corpus", "more"], "Not a KEY=VALUE word: more"),
        (["corpus", "-o", "corpus"], "not an empty folder"),
        (["accept"], "no finished night"),
        (["accept", "7"], "has no night 7"),
        (["history", "x"], "No night has reviewed x"),
    ],
)
def test_what_cannot_be_used_is_told(
    nights: Nights, words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    nights.write(a="ready")
    assert command.run(words, SimulatedExecutor) == 2
    assert message in capsys.readouterr().err
