"""What the terminal shows."""

import io
from pathlib import Path

import pytest
from examples import RUNS, Build, disputed, empty, hostile, inconclusive, many, not_ready, ready
from rich.console import Console

from runner.reports.console import Progress, make_console, print_verdict
from runner.reports.progress import is_live
from runner.vocabulary import StageName

BUILDS = [not_ready, ready, inconclusive, empty, hostile, lambda: many(500)]


@pytest.fixture(autouse=True)
def no_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CI", "FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")


def terminal(width: int = 80) -> Console:
    return Console(file=io.StringIO(), force_terminal=True, width=width, highlight=False, legacy_windows=False)


def pipe() -> Console:
    return Console(file=io.StringIO(), force_terminal=False, highlight=False)


def written(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def verdict(build: Build, console: Console) -> str:
    print_verdict(build(), Path("review-000"), console)
    return written(console)


def test_the_verdict_comes_first_then_the_first_cause_then_the_others_in_a_line_each() -> None:
    lines = verdict(not_ready, pipe()).strip().splitlines()
    assert lines[0] == "Not ready: 4 blocking findings"
    assert lines[3].split() == ["1", "pyproject.toml:6", "implementation.installs"]
    assert "invalid type: map, expected a sequence" in lines[8]
    assert lines[9].startswith(" 2 src/main.py:12 The launcher overrides")
    assert lines[9].endswith("(behind 1)")
    assert lines[10].startswith(" 3 src/train.py:11 ")
    assert lines[-3:] == [
        "1 advisory finding, 17 criteria not exercised.",
        "Stepped over 2 blockers; repairs.patch beside the report gets past.",
        "Report: review-000/report.html",
    ]


def test_an_inconclusive_verdict_without_a_finding_says_why() -> None:
    lines = verdict(disputed, pipe()).strip().splitlines()
    assert lines[0] == "Inconclusive: the evidence is disputed"
    assert "the W&B server saw the run e/p/a open, the probe saw no call of wandb" in lines[3]


def test_many_findings_are_capped() -> None:
    lines = verdict(lambda: many(500), pipe()).splitlines()
    assert "   and 390 more in the report" in lines
    assert len(lines) < 30


def test_an_inconclusive_review_says_what_to_do() -> None:
    text = verdict(inconclusive, pipe())
    assert "1 src/model.py:31 (assets)" in text
    assert "To do: The sandbox could not serve what was asked for (NovaLM/nova-3b)" in text
    assert "To do: Ask sandbox-review doctor" in text


@pytest.mark.parametrize("build", BUILDS)
def test_no_line_is_wider_than_the_terminal(build: Build) -> None:
    console = Console(
        file=io.StringIO(), force_terminal=True, color_system=None, width=80, highlight=False, legacy_windows=False
    )
    lines = verdict(build, console).splitlines()
    assert max(len(line) for line in lines if not line.startswith("Report: ")) <= 80


@pytest.mark.parametrize("build", BUILDS)
def test_a_pipe_gets_no_escape_sequence_even_from_a_submission(build: Build) -> None:
    assert not set(verdict(build, pipe())) & {"\x1b", "\x00", "\x07", "\r", "\u202e"}


def test_a_submissions_text_is_no_markup() -> None:
    review = not_ready()
    changed = [found.model_copy(update={"message": "[red]x[/red] :smile: [/]"}) for found in review.findings]
    assert "[red]x[/red] :smile: [/]" in verdict(lambda: review.model_copy(update={"findings": changed}), pipe())


def test_with_json_everything_goes_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    print_verdict(ready(), Path("r"), make_console(json_output=True))
    out, err = capsys.readouterr()
    assert out == ""
    assert "Ready: no blocking finding" in err


def run_all(console: Console) -> str:
    with Progress(console) as progress:
        for result in not_ready().stages:
            progress.stage_started(result.stage, result.run_id, "starting")
            progress.stage_note("under \x1b[31mway")
            progress.stage_finished(result)
    return written(console)


def test_elsewhere_than_on_a_terminal_each_stage_is_one_plain_line() -> None:
    lines = run_all(pipe()).splitlines()
    assert len(lines) == len(not_ready().stages)
    assert lines[1] == "environment  failed  0.6 s  88 MiB"
    assert lines[4] == f"trial        {RUNS[0]}  stopped over budget  31 s  3.2 GiB"


def test_a_terminal_shows_the_stages_and_keeps_them() -> None:
    text = run_all(terminal())
    assert "\x1b[" in text
    assert text.count("stopped over budget") >= 1


def test_a_stage_that_was_cut_off_does_not_stay_running() -> None:
    console = terminal()
    with pytest.raises(KeyboardInterrupt), Progress(console) as progress:
        progress.stage_started(StageName.TRIAL, RUNS[0], "mode=trial")
        raise KeyboardInterrupt
    assert "mode=trial" not in written(console).splitlines()[-1]


def test_a_ci_that_emulates_a_terminal_gets_plain_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    assert is_live(terminal())
    monkeypatch.setenv("CI", "true")
    assert not is_live(terminal())


def test_a_running_stage_shows_how_far_it_is_and_a_finished_one_does_not() -> None:
    console = terminal()
    with Progress(console) as progress:
        progress.stage_started(StageName.TRIAL, RUNS[0], "mode=trial")
        assert "batch" not in drawn(progress, console)
        progress.stage_counters(lambda: {"train_batches": 1.0, "optimizer_steps": 2.0, "forward": 9.0})
        assert "1 batch, 2 steps" in drawn(progress, console)
        progress.stage_finished(not_ready().stages[0])
        assert "batch" not in drawn(progress, console)


def drawn(progress: Progress, console: Console) -> str:
    """The live table as it stands."""
    with console.capture() as capture:
        console.print(progress)
    return capture.get()
