"""Real clients of several years load stand-ins through the endpoint: one process per generation checks everything."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from client_generations import GENERATIONS, client_python

from images.catalogue import Asset, Catalogue
from runner.settings import default_cache
from sandbox.assets import AssetStore
from sandbox.hub import HubServer
from sandbox.hub.record import HubRequest

pytestmark = [pytest.mark.clients, pytest.mark.slow, pytest.mark.timeout(3600)]

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
    "google/flan-t5-small",
    "openai/clip-vit-base-patch32",
    "openai/whisper-tiny",
    "timm/resnet18.a1_in1k",
    "google/vit-base-patch16-224",
    "somebody/bert-base-uncased-finetuned-sst2",
    "somebody/Qwen3-0.6B",
)
"""Checked in every run; the last two are inferred from their names."""
DATASETS = ("nyu-mll/glue", "openai/gsm8k", "lhoestq/conll2003", "Helsinki-NLP/opus_books", "fancyzhx/ag_news")
BARE = ("openai/gsm8k", "eriktks/conll2003", "Qwen3-0.6B", "somebody/something")
"""Ids that are loaded without a configuration, for the error that the real hub leads to."""
SCRIPTS = ("eriktks/conll2003",)
"""Script data sets, loaded with leave to run their code."""


MARK = '{"check": '


class Run:
    """What one client process reported, and what the hub recorded meanwhile."""

    def __init__(self, lines: Iterable[str], requests: list[HubRequest], lacks: tuple[str, ...]) -> None:
        self.lacks = lacks
        # Some versions ask on standard output whether code may run, without ending the line.
        found = [json.loads(line[line.index(MARK) :]) for line in lines if MARK in line]
        self.results = {(each["check"], each["id"]): each for each in found}
        self.requests = requests

    def __getitem__(self, key: tuple[str, str]) -> dict[str, Any]:
        return self.results[key]


def wanted(store: AssetStore) -> dict[str, Any]:
    """The specification for check.py. SANDBOX_REVIEW_ALL_ASSETS=1 asks for the whole catalogue."""
    everything = bool(os.environ.get("SANDBOX_REVIEW_ALL_ASSETS"))
    assets = store.catalogue.assets()
    models = [asset for asset in assets if asset.kind == "model" and (everything or asset.id in MODELS)]
    known = {asset.id for asset in models}
    inferred = [store.find("model", name) for name in MODELS if name not in known]
    datasets = []
    for asset in assets:
        if asset.kind == "dataset" and (everything or asset.id in DATASETS) and asset.facts.get("storage") != "script":
            configs = {name: declared(facts) for name, facts in asset.facts["configs"].items()}
            datasets.append({"id": asset.id, "configs": configs})
    described = [described_model(asset) for asset in [*models, *inferred] if asset is not None]
    # The heads of a task differ by architecture, not by entry.
    seen: set[str] = set()
    for each in described:
        each["all_heads"] = each["id"] in MODELS or each["type"] not in seen
        seen.add(each["type"])
    return {"models": described, "datasets": datasets, "bare": BARE, "metrics": True, "scripts": SCRIPTS}


def described_model(asset: Asset) -> dict[str, Any]:
    return {
        "id": asset.id,
        "task": asset.facts["pipeline_tag"],
        "library": asset.facts.get("library", "transformers"),
        "type": asset.facts["config"].get("model_type", ""),
    }


def declared(config: Mapping[str, Any]) -> dict[str, Any]:
    """What a configuration declares: its splits with their columns, and the names of its labels."""
    labels = {}
    for column, feature in config["features"].items():
        inner = feature.get("sequence", feature) if isinstance(feature, Mapping) else None
        if isinstance(inner, Mapping) and "class_label" in inner:
            labels[column] = [str(name) for name in inner["class_label"]]
    return {"splits": {split: list(config["features"]) for split in config["splits"]}, "labels": labels}


@cache
def run(name: str) -> Run:
    generation = next(each for each in GENERATIONS if each.name == name)
    python = client_python(generation)
    store = AssetStore(default_cache())
    specification = wanted(store)
    kinds = (("model", "models"), ("dataset", "datasets"))
    store.prepare((kind, each["id"]) for kind, key in kinds for each in specification[key])
    work = default_cache() / "test-clients" / f"work-{name}-{os.getpid()}"
    work.mkdir(parents=True, exist_ok=True)
    environment = {
        "PATH": os.environ["PATH"],
        "HF_HOME": str(work / "home"),
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "HF_TOKEN": "hf_any",
        # Small models gain nothing from threads, and lose much where other tests want the processors too.
        "OMP_NUM_THREADS": "1",
    }
    try:
        with HubServer(store, port=0) as hub:
            done = subprocess.run(
                [str(python), str(CHECK)],
                input=json.dumps(specification),
                capture_output=True,
                text=True,
                cwd=work,
                env=environment | {"HF_ENDPOINT": hub.url},
                timeout=3500,
            )
        assert done.returncode == 0, done.stderr[-3000:]
        return Run(done.stdout.splitlines(), hub.requests, generation.lacks)
    finally:
        subprocess.run(["rm", "-rf", str(work)], check=False)


@pytest.fixture(params=[generation.name for generation in GENERATIONS])
def clients(request: pytest.FixtureRequest) -> Run:
    return run(request.param)


def too_new(asset_id: str, lacks: tuple[str, ...]) -> bool:
    """Whether a generation cannot know this model's architecture yet, nor its tokenizer."""
    asset = Catalogue.default().find("model", asset_id)
    return asset is not None and asset.facts["config"].get("model_type") in lacks


def test_every_tokenizer_model_data_set_and_metric_works(clients: Run) -> None:
    told = ("bare", "script")
    failed = {
        key: each["error"]
        for key, each in clients.results.items()
        if not each["ok"] and key[0] not in told and not too_new(key[1], clients.lacks)
    }
    assert failed == {}


def test_architectures_that_are_newer_than_the_library_are_refused_by_name(clients: Run) -> None:
    for (check, name), each in clients.results.items():
        if check.startswith("AutoModel") and too_new(name, clients.lacks):
            assert not each["ok"] and "does not recognize this architecture" in each["error"], (name, each)


def test_losses_start_near_the_logarithm_of_the_classes(clients: Run) -> None:
    for key, each in clients.results.items():
        if "loss" in each and "expected" in each:
            # A new head on pictures' features is the library's own draw, and of any size in old ones.
            allowed = 2.5 if key[0] == "image" else max(0.6, 0.1 * each["expected"])
            assert abs(each["loss"] - each["expected"]) < allowed, (key, each)


NO_EMBEDDING = {
    *["facebook/bart-large-cnn", "facebook/bart-large-xsum", "sshleifer/distilbart-cnn-12-6"],
    *["google/gemma-3-1b-pt", "google/gemma-3-1b-it", "google/gemma-3-270m", "google/gemma-3-270m-it"],
}
"""The real models have no embedding for the vocabulary's last token."""


def test_tokenizers_round_trip_and_stay_inside_the_embeddings(clients: Run) -> None:
    for (check, name), each in clients.results.items():
        if check == "tokenizer" and each["ok"]:
            assert each["round_trip"], name
            assert each["max_id"] < each["vocab_size"], name
            assert each["length"] <= each["vocab_size"] + (name in NO_EMBEDDING), name


SEGMENTS = {"albert", "bert", "deberta", "deberta-v2", "electra"}
"""Model types whose tokenizers number the segments of their input."""
LEFT = {"bloom", "gemma", "gemma2", "gemma3_text", "phi3"}
"""Model types whose tokenizers pad on the left; Llama's and its like do so by their files or their version."""
NO_PAD = {"gpt2", "gpt_neo", "phi"}
"""Model types that have nothing to pad with; GPT-NeoX neither, until its newest class."""


def test_tokenizers_behave_as_their_class_does(clients: Run) -> None:
    for (check, name), each in clients.results.items():
        asset = Catalogue.default().find("model", name) if check == "tokenizer" and each["ok"] else None
        if asset is None:
            continue
        kind = asset.facts["config"]["model_type"]
        assert each["inputs"][0] == "input_ids" and "attention_mask" in each["inputs"], name
        # The newest library gives DistilBERT's texts to BERT's tokenizer, and ALBERT's one numbers no segments.
        if kind not in ("albert", "distilbert"):
            assert ("token_type_ids" in each["inputs"]) == (kind in SEGMENTS), (name, each["inputs"])
        if kind not in ("llama", "mistral", "qwen2"):
            assert each["side"] == ("left" if kind in LEFT else "right"), (name, each["side"])
        if kind in NO_PAD:
            assert each["pad"] is None, name
        instructed = any(word in name for word in ("Instruct", "-it", "chat", "Chat", "zephyr", "DialoGPT", "Distill"))
        if asset.facts["pipeline_tag"] == "text-generation" and instructed:
            assert each["template"], name
        assert set(each["pair"].values()) in (set(), {96}), name


def test_special_tokens_frame_texts(clients: Run) -> None:
    frames = {
        "google-bert/bert-base-uncased": ("[CLS]", "[SEP]"),
        "FacebookAI/roberta-base": ("<s>", "</s>"),
        "microsoft/deberta-v3-base": ("[CLS]", "[SEP]"),
        "openai/clip-vit-base-patch32": ("<|startoftext|>", "<|endoftext|>"),
    }
    for name, frame in frames.items():
        found = clients["tokenizer", name]
        assert (found["first"], found["last"]) == frame, name
    assert clients["tokenizer", "NousResearch/Llama-2-7b-hf"]["first"] == "<s>"
    assert clients["tokenizer", "google/flan-t5-small"]["last"] == "</s>"


def test_pad_tokens_are_absent_where_they_are_absent(clients: Run) -> None:
    assert clients["tokenizer", "openai-community/gpt2"]["pad"] is None
    qwen = clients.results.get(("tokenizer", "Qwen/Qwen3-0.6B"))
    if qwen is not None and qwen["ok"]:
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
