"""The facts that come with the program."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from images.catalogue import Catalogue
from images.catalogue.catalogue import merge
from images.standins.sizes import split_rows
from images.standins.text import ANSWERS, answers
from images.standins.timm_model import PARAMETERS, read_shapes
from images.standins.widths import USUAL, shrunk


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return Catalogue.default()


@pytest.mark.parametrize(
    ("kind", "asked", "canonical"),
    [
        ("model", "bert-base-uncased", "google-bert/bert-base-uncased"),
        ("model", "distilbert-base-uncased", "distilbert/distilbert-base-uncased"),
        ("model", "roberta-base", "FacebookAI/roberta-base"),
        ("model", "gpt2", "openai-community/gpt2"),
        ("model", "microsoft/deberta-v3-base", "microsoft/deberta-v3-base"),
        ("model", "Qwen/Qwen3-0.6B", "Qwen/Qwen3-0.6B"),
        ("model", "NousResearch/Llama-2-7b-hf", "NousResearch/Llama-2-7b-hf"),
        ("model", "openai/clip-vit-base-patch32", "openai/clip-vit-base-patch32"),
        ("model", "openai/whisper-tiny", "openai/whisper-tiny"),
        ("model", "timm/resnet50.a1_in1k", "timm/resnet50.a1_in1k"),
        ("model", "roberta-large-mnli", "FacebookAI/roberta-large-mnli"),
        ("dataset", "glue", "nyu-mll/glue"),
        ("dataset", "gsm8k", "openai/gsm8k"),
        ("dataset", "conll2003", "eriktks/conll2003"),
        ("dataset", "opus_books", "Helsinki-NLP/opus_books"),
        ("dataset", "ag_news", "fancyzhx/ag_news"),
        ("dataset", "iwslt2017", "IWSLT/iwslt2017"),
    ],
)
def test_what_submissions_ask_for_is_there(catalogue: Catalogue, kind: str, asked: str, canonical: str) -> None:
    found = catalogue.find(kind, asked)
    assert found is not None and found.id == canonical


@pytest.mark.parametrize("asked", ["Qwen3-0.6B", "Llama-2-7B", "Llama-3-8B", "roberta", "resnet20"])
def test_names_without_an_owner_cannot_exist(catalogue: Catalogue, asked: str) -> None:
    assert not catalogue.can_exist("model", asked)


@pytest.mark.parametrize(
    ("asked", "exists"),
    [
        ("Qwen/Qwen2.5-4B-Instruct", False),
        ("Qwen/Qwen2.5-72B", True),
        ("Qwen/Qwen2.5-Coder-4B", True),
        ("someone/Qwen2.5-4B-Instruct", True),
        ("meta-llama/llama-3.2-8b", False),
        ("meta-llama/Llama-3.2-11B-Vision", True),
        ("google/gemma-2-7b", False),
    ],
)
def test_a_finished_family_has_no_other_size(catalogue: Catalogue, asked: str, exists: bool) -> None:
    assert catalogue.can_exist("model", asked) is exists


def test_no_entry_has_a_size_that_its_family_has_not(catalogue: Catalogue) -> None:
    models = [asset for asset in catalogue.assets() if asset.kind == "model"]
    names = [name for asset in models for name in (asset.id, *asset.aliases)]
    sized = [(form.fullmatch(name), sizes) for name in names for form, sizes in catalogue._closed]
    found = [(match[1], sizes) for match, sizes in sized if match]
    assert len(found) > 10 and all(size in sizes for size, sizes in found)


def test_old_short_names_can_exist(catalogue: Catalogue) -> None:
    assert catalogue.can_exist("model", "xlnet-base-cased")
    assert catalogue.can_exist("dataset", "ted_hrlr")
    # The names of TensorFlow's catalogue: the hub answered a real runner that it has none such.
    for asked in ("code_alpaca", "ted_hrlr_translate"):
        assert not catalogue.can_exist("dataset", asked)


def test_no_name_is_claimed_twice(catalogue: Catalogue) -> None:
    names = [(asset.kind, name.lower()) for asset in catalogue.assets() for name in (asset.id, *asset.aliases)]
    assert len(names) == len(set(names))


def test_models_state_what_the_generator_needs(catalogue: Catalogue) -> None:
    needed = {"architecture", "pipeline_tag", "dtype", "config", "widths"}
    for asset in catalogue.assets():
        if asset.kind == "model":
            assert needed <= set(asset.facts), asset.id
            named = "architecture" if asset.facts.get("library") == "timm" else "model_type"
            assert named in asset.facts["config"], asset.id


REALLY_TINY = ("sshleifer/tiny-gpt2", "hf-internal-testing/tiny-random-bert", "hf-internal-testing/tiny-random-gpt2")


def widths(config: Mapping[str, Any], rules: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    """Every width that a stand-in has in place of a true one, also inside a part's configuration."""
    small = shrunk(config, rules)
    for key, rule in rules.items():
        if isinstance(rule, Mapping) and "inside" in rule:
            yield from widths(config[key], rule["inside"])
        elif key in config:
            yield from ((key, width) for width in (small[key] if isinstance(small[key], list) else [small[key]]))


def test_stand_in_widths_collide_with_no_usual_constant(catalogue: Catalogue) -> None:
    for asset in catalogue.assets():
        if asset.kind == "model" and asset.id not in REALLY_TINY:
            for key, width in widths(asset.facts["config"], asset.facts["widths"]):
                assert width not in USUAL, (asset.id, key, width)


def test_lists_of_true_shapes_agree_with_the_configuration(catalogue: Catalogue) -> None:
    listed = [asset.facts for asset in catalogue.assets() if asset.facts.get("library") == "timm"]
    assert len(listed) > 10
    for facts in listed:
        shapes = read_shapes(PARAMETERS / f"{facts['parameters']}.txt")
        described = facts["config"]["pretrained_cfg"]
        assert (
            shapes[f"{described['classifier']}.weight"][0] == facts["config"]["num_classes"] == described["num_classes"]
        )
        assert f"{described['first_conv']}.weight" in shapes


def test_widths_stay_divisible_by_heads_and_by_sixteen(catalogue: Catalogue) -> None:
    for asset in catalogue.assets():
        if asset.kind == "model":
            config = shrunk(asset.facts["config"], asset.facts["widths"])
            if "num_attention_heads" in config and "hidden_size" in asset.facts["widths"]:
                assert config["hidden_size"] % config["num_attention_heads"] == 0, asset.id
                assert config["num_hidden_layers"] == asset.facts["config"]["num_hidden_layers"]


def test_data_sets_have_configurations_splits_and_columns(catalogue: Catalogue) -> None:
    for asset in catalogue.assets():
        if asset.kind == "dataset":
            for name, config in asset.facts["configs"].items():
                assert isinstance(name, str), (asset.id, name)
                assert config["features"] and config["splits"] and config["rows"]["make"], (asset.id, name)


def test_merge_goes_into_mappings_only() -> None:
    assert merge({"a": {"b": 1, "c": [1]}, "d": 1}, {"a": {"c": [2]}}) == {"a": {"b": 1, "c": [2]}, "d": 1}


FAMILIES = {
    *["albert", "bart", "bert", "clip", "deberta-v2", "distilbert", "electra", "gemma", "gpt2", "llama", "longformer"],
    *["mistral", "opt", "phi", "qwen2", "qwen3", "resnet", "roberta", "t5", "vit", "whisper"],
}


def test_every_promised_family_is_there(catalogue: Catalogue) -> None:
    models = [asset for asset in catalogue.assets() if asset.kind == "model"]
    assert {asset.facts["config"].get("model_type") for asset in models} >= FAMILIES
    assert len(models) >= 50
    assert sum(asset.kind == "dataset" for asset in catalogue.assets()) >= 40


@pytest.mark.parametrize(
    "name",
    ["accuracy", "f1", "precision", "recall", "matthews_correlation", "glue", "super_glue", "squad", "squad_v2"]
    + ["seqeval", "rouge", "bleu", "sacrebleu", "exact_match", "perplexity"],
)
def test_every_promised_metric_is_there(catalogue: Catalogue, name: str) -> None:
    assert catalogue.find("metric", f"evaluate-metric/{name}") is not None


def test_an_epoch_of_any_usual_batch_size_is_over_budget(catalogue: Catalogue) -> None:
    """Where the true split is long: 64 batches of 64, 8 of 512."""
    for asset in catalogue.assets():
        for config in asset.facts.get("configs", {}).values() if asset.kind == "dataset" else ():
            trained = [name for name in config["splits"] if "train" in name] or list(config["splits"])[:1]
            for split in trained:
                true = config["splits"][split]
                assert split_rows(split, config["splits"]) >= min(true, 64 * 64), (asset.id, split)


@pytest.mark.parametrize("answer", ["yes", "No", "true", "Positive", "negative", "neutral", "good", "Sports", "A"])
def test_tokenizers_learn_answers_as_words_of_their_own(answer: str) -> None:
    """At a text's start and behind a blank; the checks of the clients show that one piece comes of it."""
    lines = answers()
    assert sum(line.startswith(f"{answer} ") for line in lines) >= ANSWERS
    assert sum(line.endswith(f" {answer}") for line in lines) >= ANSWERS


def test_data_sets_of_which_only_some_configurations_are_listed_are_marked(catalogue: Catalogue) -> None:
    partial = {asset.id for asset in catalogue.assets() if not asset.facts.get("configs_complete", True)}
    assert {"google-research-datasets/go_emotions", "allenai/c4", "wikimedia/wikipedia"} <= partial
    assert not {"nyu-mll/glue", "openai/gsm8k", "cais/mmlu"} & partial
