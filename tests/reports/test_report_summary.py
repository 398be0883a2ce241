"""summary.md: the most important first, in at most 8,000 characters."""

import re

import pytest
from examples import PATCH, RUNS, SOURCES, Build, empty, hostile, inconclusive, many, not_ready, ready
from markdown_it import MarkdownIt

from runner.reports import summary
from runner.reports.summary import LIMIT
from runner.review import Frame, Traceback


@pytest.mark.parametrize("build", [not_ready, ready, inconclusive, empty, hostile, lambda: many(500)])
def test_it_is_never_longer_than_its_limit(build: Build) -> None:
    assert len(summary.render(build(), SOURCES)) <= LIMIT


def test_it_has_every_cause_in_order_with_place_evidence_source_and_traceback() -> None:
    text = summary.render(not_ready(), SOURCES, PATCH)
    wanted = [
        "# Not ready: 4 blocking findings",
        "### 1. `pyproject.toml:6`",
        "TOML parse error at line 6",
        "> 6 | [project.dependencies]",
        "### 2. `src/main.py:12`",
        "found behind finding 1",
        "### 3. `src/train.py:11`",
        'File "src/train.py", line 11, in train_epoch',
        "AssertionError: Torch not compiled with CUDA enabled",
        "### 4. `src/train.py:13`",
        "## Advisory",
        "- **5** `src/train.py`: ",
        "## Smallest change that gets past",
        "1. dependencies rewritten as an array (gets past finding 1). Then: compose: failed.",
        "2. training.epochs appended (gets past finding 2). Then: trial proposed-1: failed.",
        "diff --git a/pyproject.toml b/pyproject.toml",
        "Stepped over to look further: device stand-in: cuda served by the CPU",
        "Not exercised, so neither passed nor failed (17): ",
    ]
    places = [text.index(part) for part in wanted]
    assert places == sorted(places)
    assert RUNS[1] in text
    assert "Left out for length" not in text


def test_a_library_frame_is_not_in_it() -> None:
    assert "site-packages" not in summary.render(not_ready(), SOURCES)


def test_what_does_not_fit_is_the_least_important_and_is_named() -> None:
    text = summary.render(many(500), SOURCES)
    assert "### 1. " in text
    assert "ValueError: value 0 is out of range" in text
    assert "### 10. " in text
    assert "- **11** " in text
    assert "## Advisory" not in text
    last = text.strip().split("\n\n")[-1]
    assert re.fullmatch(
        r"Left out for length, all in report.html and review.json: findings \d+ to 400; evidence of findings 4 to 10; "
        r"advisory findings 401 to 500\.",
        last,
    )


def test_an_inconclusive_review_says_what_to_do() -> None:
    text = summary.render(inconclusive(), SOURCES)
    assert "# Inconclusive: assets were missing and the infrastructure failed" in text
    assert "To do: The sandbox could not serve what was asked for (NovaLM/nova-3b)" in text
    assert "To do: Ask sandbox-review doctor" in text
    assert "## Not the code's fault: could not be decided" in text
    assert "## Blocking" not in text


def test_a_ready_review_is_short() -> None:
    text = summary.render(ready(), SOURCES)
    assert text.startswith("# Ready: no blocking finding\n")
    assert len(text) < 600


KNOWN = ("Not ready", "Blocking", "Advisory", "Smallest change that gets past")


def test_hostile_text_stays_text() -> None:
    """Nothing of it becomes a tag, a link, an image or a heading of its own, and no fence is left early."""
    tokens = MarkdownIt("commonmark").parse(summary.render(hostile(), SOURCES))
    inline = [child for token in tokens for child in token.children or []]
    assert not {token.type for token in [*tokens, *inline]} & {"html_block", "html_inline", "link_open", "image"}
    headings = [tokens[place + 1].content for place, token in enumerate(tokens) if token.type == "heading_open"]
    assert all(heading[0].isdigit() or heading.split(":")[0] in KNOWN for heading in headings)


def test_a_diff_that_does_not_fit_is_named_and_the_steps_stay() -> None:
    text = summary.render(not_ready(), SOURCES, PATCH + "+long\n" * 3000)
    assert "1. dependencies rewritten as an array" in text
    assert "Left out for length" in text and "repairs.patch" in text.rsplit("Left out for length")[1]
    assert len(text) <= LIMIT


def test_huge_texts_leave_room_for_every_blocking_cause() -> None:
    """A message, a path, an evidence and a traceback of a megabyte each cannot crowd out the other causes."""
    base = not_ready()
    huge = "x" * 1_000_000
    frame = Frame(file="src/train.py", line=11, function=huge, source=huge, in_submission=True)
    traceback = Traceback(type=huge, message=huge, file="src/train.py", line=11, frames=[frame] * 3000)
    review = base.model_copy(
        update={
            "findings": [f.model_copy(update={"message": huge, "evidence": huge + "\n" + huge}) for f in base.findings],
            "stages": [stage.model_copy(update={"traceback": traceback, "bypasses": [huge]}) for stage in base.stages],
            "repairs": [step.model_copy(update={"what": huge, "reached": huge}) for step in base.repairs],
            "checklist": [item.model_copy(update={"why": huge}) for item in base.checklist],
        }
    )
    text = summary.render(review, {**SOURCES, "src/train.py": huge + "\n" * 100_000}, PATCH)
    assert len(text) <= LIMIT
    assert [line.split(".")[0] for line in text.split("\n") if line.startswith("### ")] == [f"### {n}" for n in "1234"]
    assert "## Smallest change that gets past" in text


def test_frames_that_the_evidence_holds_are_not_repeated() -> None:
    base = not_ready()
    seen = "src/train.py:11 in train_epoch: batch = {}\nAssertionError: Torch not compiled with CUDA enabled"
    found = [f.model_copy(update={"evidence": seen}) if f.id == "f4" else f for f in base.findings]
    text = summary.render(base.model_copy(update={"findings": found}), SOURCES)
    assert text.count("in train_epoch") == 1
    assert text.count("Torch not compiled") == 1


def test_an_edit_that_did_not_help_is_not_told_as_one_that_works() -> None:
    base = not_ready()
    vain = base.repairs[1].model_copy(update={"helped": False, "over": []})
    text = summary.render(base.model_copy(update={"repairs": [base.repairs[0], vain]}), SOURCES, PATCH)
    works, told = text.split("Tried in the copy, and not seen to help:\n\n")
    assert "1. dependencies rewritten" in works and "2. training.epochs" not in works
    assert told.startswith("2. training.epochs appended. Then: trial proposed-1: failed.")
    assert "holds it too" not in told
    both = [vain.model_copy(update={"step": 1}), base.repairs[0].model_copy(update={"step": 2})]
    text = summary.render(base.model_copy(update={"repairs": both}), SOURCES, PATCH)
    assert "1. training.epochs appended. Then: trial proposed-1: failed. `repairs.patch` holds it too" in text
    alone = summary.render(base.model_copy(update={"repairs": [vain]}), SOURCES)
    assert "Seen to work" not in alone and "Tried in the copy" in alone
