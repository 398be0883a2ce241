"""What a run declares against what its trial loaded, and errors of loading that the code swallowed."""

from __future__ import annotations

from typing import Any

import pytest

from runner.evidence import HubRequest
from runner.probe_facts import Contact, Load, ProbeFacts
from runner.vocabulary import Status
from tests.runner.rules_bench import AT, YAML, asked, judged, probe, told, trial

MODEL, DATA, FALLBACK = "model.declared_model_used", "data.declared_dataset_used", "data.no_silent_fallback"
FAIL, OURS, UNSURE, PASS = "fail submission", "not_exercised assets", "not_exercised", "pass"


def load(kind: str, name: str, api: str = "", config: str = "", error: str = "", text: str = "") -> Load:
    api = api or {"dataset": "datasets.load_dataset"}.get(kind, "transformers.AutoModel.from_pretrained")
    fields: dict[str, Any] = {"kind": kind, "id": name, "config": config, "error_type": error, "error": text}
    return Load(pid=1, api=api, swallowed=bool(error), place=AT, **fields)


def data(name: str, **more: str) -> Load:
    return load("dataset", name, **more)


def model(name: str, **more: str) -> Load:
    return load("model", name, **more)


def tokenizer(name: str) -> Load:
    return load("other", name, "transformers.AutoTokenizer.from_pretrained")


def named(text: str, kind: str = "model") -> dict[str, str]:
    return {"a": YAML.replace("distilbert-base-uncased" if kind == "model" else "name: glue, config: sst2", text)}


@pytest.mark.parametrize(
    ("loads", "expected"),
    [
        ([model("distilbert-base-uncased")], PASS),
        ([model("distilbert/DistilBERT-base-uncased")], PASS),
        ([model("distilbert-base-uncased"), model("bert-large-uncased")], PASS),
        ([tokenizer("distilbert-base-uncased"), model("bert-base-uncased")], FAIL),
        ([model("prajjwal1/bert-tiny")], FAIL),
        ([tokenizer("distilbert-base-uncased")], UNSURE),
        ([], FAIL),
    ],
)
def test_models(loads: list[Load], expected: str) -> None:
    assert told(MODEL, trial(probe(loads=loads))) == expected


@pytest.mark.parametrize(
    ("declared", "loads", "expected"),
    [
        ("MLP", [], UNSURE),
        ("ResNet-20", [], UNSURE),
        ("./weights/start", [], UNSURE),
        ("some-lab/new-model", [model("some-lab/new-model")], PASS),
        ("some-lab/new-model", [model("other-lab/new-model-4bit")], PASS),
        ("some-lab/new-model", [model("bert-base-uncased")], FAIL),
        ("Qwen3-0.6B (600M)", [model("Qwen/Qwen3-0.6B")], UNSURE),
    ],
)
def test_models_that_are_no_hub_ids_accuse_nobody(declared: str, loads: list[Load], expected: str) -> None:
    assert told(MODEL, trial(probe(loads=loads)), yaml=named(declared)) in (expected, PASS)


@pytest.mark.parametrize(
    ("declared", "loads", "expected"),
    [
        ("name: glue, config: sst2", [data("nyu-mll/glue", config="sst2")], PASS),
        ("name: glue, config: sst2", [data("glue", config="SST-2")], PASS),
        ("name: glue, config: sst2", [data("glue", config="rte")], FAIL),
        ("name: glue, config: sst2", [data("glue", config="sst2"), data("glue", config="mnli")], PASS),
        ("name: glue, config: sst2", [data("glue")], PASS),
        ("name: glue/sst2", [data("glue", config="sst2")], PASS),
        ("name: SST-2", [data("glue", config="sst2")], PASS),
        ("name: glue, config: sst2", [data("rotten_tomatoes")], FAIL),
        ("name: glue, config: sst2", [], FAIL),
        ("name: glue, config: sst2", [data("glue", error="ConnectionError")], FAIL),
        ("name: synthetic", [], UNSURE),
        ("name: 'torchvision:CIFAR10'", [data("CIFAR10", api="torchvision.datasets.CIFAR10")], PASS),
        ("name: cifar10", [data("CIFAR10", api="torchvision.datasets.CIFAR10")], PASS),
    ],
)
def test_data_sets(declared: str, loads: list[Load], expected: str) -> None:
    assert told(DATA, trial(probe(loads=loads)), yaml=named(declared, "dataset")) == expected


@pytest.mark.parametrize(
    ("seen", "fields"),
    [
        (probe(loads=[], contacts=[Contact(pid=1, host="data.org")]), {}),
        (probe(loads=[], unobserved=["python x"]), {}),
        (probe(loads=[]), {"status": Status.FAILED}),
        (probe(loads=[data("glue", error="ValueError")]), {"hub": [asked("dataset", "nyu-mll/glue")]}),
        (probe(loads=[]), {"hub": [asked("dataset", "nyu-mll/glue", "missing")]}),
    ],
)
def test_what_was_not_seen_accuses_nobody(seen: ProbeFacts, fields: dict) -> None:
    assert told(DATA, trial(seen, **fields)) == UNSURE


def test_the_finding_names_what_took_its_place() -> None:
    (draft,) = judged(MODEL, trial(probe(loads=[model("bert-base-uncased")]))).drafts
    assert "distilbert-base-uncased" in draft.message and "loads bert-base-uncased instead" in draft.message
    assert (draft.file, draft.line) == ("src/train.py", 12)


NO_GPU = "not_exercised infrastructure"
FAILED = {"error": "DatasetNotFoundError", "text": "Dataset 'x/y' doesn't exist"}


@pytest.mark.parametrize(
    ("loads", "hub", "expected"),
    [
        ([data("x/y", **FAILED)], [], FAIL),
        ([data("x/y", **FAILED)], [asked("dataset", "x/y", "nonexistent")], FAIL),
        ([data("x/y", **FAILED)], [asked("dataset", "x/y", "missing")], OURS),
        ([data("x/y", **FAILED)], [asked("dataset", "x/y", "gated")], OURS),
        ([data("x/y", error="ConnectionError")], [], OURS),
        ([data("glue", config="sst2-v2", error="ValueError"), data("nyu-mll/glue", config="sst2")], [], PASS),
        ([data("glue", error="ValueError"), data("rotten_tomatoes")], [], FAIL),
        ([model("x/y", error="ImportError", text="flash_attn"), model("x/y")], [], PASS),
        ([tokenizer("x/y"), model("x/y", error="ImportError", text="flash_attn"), model("x/y")], [], PASS),
        ([tokenizer("x/y"), model("x/y", error="TypeError")], [], FAIL),
        ([model("x/y", error="TypeError"), load("other", "x/y", "huggingface_hub.snapshot_download")], [], UNSURE),
        ([model("x/y", error="RuntimeError", text="No CUDA GPUs are available"), model("a/b")], [], NO_GPU),
        ([model("./checkpoints/best", error="OSError"), model("x/y")], [], PASS),
        ([model("checkpoints/best", error="OSError"), model("x/y")], [], PASS),
        ([load("other", "x/y", "transformers.AutoProcessor.from_pretrained", error="OSError")], [], PASS),
        ([load("metric", "bleurt", "evaluate.load", error="FileNotFoundError")], [], PASS),
    ],
)  # fmt: skip
def test_swallowed_errors(loads: list[Load], hub: list[HubRequest], expected: str) -> None:
    assert told(FALLBACK, trial(probe(loads=loads), hub=hub)) == expected


def test_an_error_that_ended_the_run_was_not_swallowed() -> None:
    ended = data("x/y", **FAILED).model_copy(update={"swallowed": False})
    assert not judged(FALLBACK, trial(probe(loads=[ended]), status=Status.FAILED)).drafts


def test_the_tokenizer_that_a_data_set_is_prepared_with_is_no_data_set() -> None:
    yaml = named("name: stream_of_tasks, tokenizer: bert-base-uncased", "dataset")
    assert told(DATA, trial(probe(loads=[data("wmt14"), tokenizer("bert-base-uncased")])), yaml=yaml) == UNSURE


def test_a_models_teacher_counts_as_declared() -> None:
    yaml = {"a": YAML.replace("name: distilbert-base-uncased", "name: my-net, teacher: bert-large-uncased")}
    assert yaml["a"] != YAML
    assert told(MODEL, trial(probe(loads=[model("bert-large-uncased")])), yaml=yaml) == PASS
