"""Real clients of several years load stand-ins through the endpoint: one process per generation checks everything."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from client_generations import GENERATIONS, cache_dir, client_python

from sandbox.assets import AssetStore
from sandbox.hub import HubServer
from sandbox.hub.record import HubRequest

pytestmark = [pytest.mark.clients, pytest.mark.slow, pytest.mark.timeout(1800)]

CHECK = Path(__file__).parent / "clients" / "check.py"
MODELS = (
    "Qwen/Qwen3-0.6B",
    "microsoft/deberta-v3-base",
    "distilbert/distilbert-base-uncased",
    "FacebookAI/roberta-base",
    "google-bert/bert-base-uncased",
    "openai-community/gpt2",
    "sshleifer/tiny-gpt2",
    "NousResearch/Llama-2-7b-hf",
)
DATASETS = ("nyu-mll/glue", "openai/gsm8k", "lhoestq/conll2003", "Helsinki-NLP/opus_books", "fancyzhx/ag_news")
BARE = ("openai/gsm8k", "eriktks/conll2003", "Qwen3-0.6B", "somebody/something")
"""Ids that are loaded without a configuration, for the error that the real hub leads to."""
SCRIPTS = ("eriktks/conll2003",)
"""Script data sets, loaded with leave to run their code."""


MARK = '{"check": '


class Run:
    """What one client process reported, and what the hub recorded meanwhile."""

    def __init__(self, lines: Iterable[str], requests: list[HubRequest]) -> None:
        # Some versions ask on standard output whether code may run, without ending the line.
        found = [json.loads(line[line.index(MARK) :]) for line in lines if MARK in line]
        self.results = {(each["check"], each["id"]): each for each in found}
        self.requests = requests

    def __getitem__(self, key: tuple[str, str]) -> dict[str, Any]:
        return self.results[key]


def wanted(store: AssetStore, lacks: tuple[str, ...]) -> dict[str, Any]:
    """The specification for check.py. SANDBOX_REVIEW_ALL_ASSETS=1 asks for the whole catalogue."""
    everything = bool(os.environ.get("SANDBOX_REVIEW_ALL_ASSETS"))
    models, datasets = [], []
    for asset in store.catalogue.assets():
        known = asset.kind == "model" and asset.facts["config"]["model_type"] not in lacks
        if known and (everything or asset.id in MODELS):
            models.append({"id": asset.id, "task": asset.facts["pipeline_tag"]})
        if asset.kind == "dataset" and (everything or asset.id in DATASETS) and asset.facts.get("storage") != "script":
            configs = asset.facts["configs"].items()
            splits = {name: {s: list(facts["features"]) for s in facts["splits"]} for name, facts in configs}
            datasets.append({"id": asset.id, "configs": splits})
    return {"models": models, "datasets": datasets, "bare": BARE, "metrics": True, "scripts": SCRIPTS}


@cache
def run(name: str) -> Run:
    generation = next(each for each in GENERATIONS if each.name == name)
    python = client_python(generation)
    store = AssetStore(cache_dir())
    specification = wanted(store, generation.lacks)
    kinds = (("model", "models"), ("dataset", "datasets"))
    store.prepare((kind, each["id"]) for kind, key in kinds for each in specification[key])
    work = cache_dir() / "test-clients" / f"work-{name}-{os.getpid()}"
    work.mkdir(parents=True, exist_ok=True)
    environment = {"PATH": os.environ["PATH"], "HF_HOME": str(work / "home"), "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
    try:
        with HubServer(store, port=0) as hub:
            done = subprocess.run(
                [str(python), str(CHECK)],
                input=json.dumps(specification),
                capture_output=True,
                text=True,
                cwd=work,
                env=environment | {"HF_ENDPOINT": hub.url},
                timeout=1700,
            )
        assert done.returncode == 0, done.stderr[-3000:]
        return Run(done.stdout.splitlines(), hub.requests)
    finally:
        subprocess.run(["rm", "-rf", str(work)], check=False)


@pytest.fixture(params=[generation.name for generation in GENERATIONS])
def clients(request: pytest.FixtureRequest) -> Run:
    return run(request.param)


def test_every_tokenizer_model_data_set_and_metric_works(clients: Run) -> None:
    told = ("bare", "script")
    failed = {key: each["error"] for key, each in clients.results.items() if not each["ok"] and key[0] not in told}
    assert failed == {}


def test_losses_start_near_the_logarithm_of_the_classes(clients: Run) -> None:
    for key, each in clients.results.items():
        if "loss" in each:
            assert abs(each["loss"] - each["expected"]) < max(0.6, 0.1 * each["expected"]), (key, each)


def test_tokenizers_round_trip_and_stay_inside_the_embeddings(clients: Run) -> None:
    for (check, name), each in clients.results.items():
        if check == "tokenizer":
            assert each["round_trip"], name
            assert each["max_id"] < each["length"] <= each["vocab_size"], name


def test_pad_tokens_are_absent_where_they_are_absent(clients: Run) -> None:
    assert clients["tokenizer", "openai-community/gpt2"]["pad"] is None
    qwen = clients.results.get(("tokenizer", "Qwen/Qwen3-0.6B"))
    if qwen is not None:
        assert (qwen["pad"], qwen["eos"], qwen["template"]) == ("<|endoftext|>", "<|im_end|>", True)


def test_layer_counts_are_true(clients: Run) -> None:
    assert clients["AutoModelForCausalLM", "NousResearch/Llama-2-7b-hf"]["layers"] == 32
    assert clients["AutoModelForMaskedLM", "FacebookAI/roberta-base"]["layers"] == 12


def test_a_configuration_must_be_named_where_there_are_several(clients: Run) -> None:
    assert "Config name is missing" in clients["bare", "openai/gsm8k"]["error"]


def test_new_libraries_refuse_script_data_sets_as_on_the_hub() -> None:
    for name in ("late-2025", "today"):
        assert "Dataset scripts are no longer supported" in run(name)["bare", "eriktks/conll2003"]["error"]


def test_old_libraries_ask_before_they_run_a_script_and_then_run_it() -> None:
    old = run("mid-2024")
    assert "trust_remote_code" in old["bare", "eriktks/conll2003"]["error"]
    columns = ["id", "tokens", "pos_tags", "chunk_tags", "ner_tags"]
    expected = dict.fromkeys(("train", "validation", "test"), columns)
    assert old["script", "eriktks/conll2003"].get("columns") == expected, old["script", "eriktks/conll2003"]


def test_unknown_ids_raise_and_are_told_apart(clients: Run) -> None:
    assert "DatasetNotFound" in clients["bare", "Qwen3-0.6B"]["error"]
    provided = {request.repo: str(request.provided) for request in clients.requests}
    assert provided["Qwen3-0.6B"] == "nonexistent"
    assert provided["somebody/something"] == "missing"


def test_nothing_was_our_fault(clients: Run) -> None:
    assert [request for request in clients.requests if request.status >= 500] == []
