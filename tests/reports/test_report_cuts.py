"""The summary says what full mode was spared."""

from __future__ import annotations

from runner.evidence import Evidence, FullFacts, Lowered, OutputFile
from runner.probe_facts import Place, ProbeFacts, Shortened
from runner.reports import html
from runner.reports.summary import render
from runner.review import StageResult
from runner.rules.checkpoints import checkpoints_elsewhere
from runner.rules.cut_effects import cut_short
from runner.vocabulary import StageName, Status
from tests.reports import examples


def test_cuts_and_lowered_values_in_words() -> None:
    probe = ProbeFacts(
        shortened=[
            Shortened(pid=1, what="batches", was=900, now=3, place=Place(file="src/train.py", line=9)),
            Shortened(pid=2, what="batches", was=900, now=3, place=Place(file="src/train.py", line=9)),
            Shortened(pid=1, what="trials", now=1),
        ]
    )
    facts = FullFacts(probe=probe, lowered=[Lowered(key="training.epochs", line=4, was=10, now=2)])
    evidence = Evidence(stage=StageName.FULL, run_id="a", status=Status.OK, facts=facts)
    assert cut_short(evidence) == [
        "training.epochs lowered from 10 to 2",
        "batches of a pass cut from 900 to 3 at src/train.py:9",
        "trials of the search cut to 1",
    ]


def test_the_summary_tells_them_once() -> None:
    stage = StageResult(stage=StageName.FULL, status=Status.OK, cut_short=["training.epochs lowered from 10 to 2"])
    review = examples.ready().model_copy(update={"stages": [stage, stage]})
    text = render(review, {})
    assert text.count("training.epochs lowered from 10 to 2") == 1
    assert "Full mode was cut short" in text


def test_the_page_tells_them_beside_the_stage() -> None:
    stage = StageResult(stage=StageName.FULL, status=Status.OK, cut_short=["rows of a loop cut from 900 to 3"])
    review = examples.ready().model_copy(update={"stages": [stage]})
    assert "cut short: rows of a loop cut from 900 to 3" in html.render(review, {})


def test_checkpoints_that_are_not_below_results_dir_are_told() -> None:
    paths = ["results/a/model.pt", "outputs/model.pt", ".cache/hub/model.safetensors", "~/x.bin", "outputs/log.txt"]
    outputs = [OutputFile(path=path, bytes=1) for path in paths]
    full = Evidence(stage=StageName.FULL, run_id="a", status=Status.OK, outputs=outputs)
    assert checkpoints_elsewhere(full) == ["outputs/model.pt"]
    assert checkpoints_elsewhere(full.model_copy(update={"stage": StageName.TRIAL})) == []
    stage = StageResult(stage=StageName.FULL, status=Status.OK, checkpoints_elsewhere=["outputs/model.pt"])
    review = examples.ready().model_copy(update={"stages": [stage]})
    assert "not below results_dir: outputs/model.pt" in render(review, {}).replace("`", "")
    assert "not below results_dir: <code>outputs/model.pt" in html.render(review, {})
