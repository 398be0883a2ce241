"""The facts that come with the program."""

from __future__ import annotations

import pytest

from images.catalogue import Catalogue
from images.catalogue.catalogue import merge
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
        ("dataset", "glue", "nyu-mll/glue"),
        ("dataset", "gsm8k", "openai/gsm8k"),
        ("dataset", "conll2003", "eriktks/conll2003"),
        ("dataset", "opus_books", "Helsinki-NLP/opus_books"),
        ("dataset", "ag_news", "fancyzhx/ag_news"),
    ],
)
def test_what_submissions_ask_for_is_there(catalogue: Catalogue, kind: str, asked: str, canonical: str) -> None:
    found = catalogue.find(kind, asked)
    assert found is not None and found.id == canonical


@pytest.mark.parametrize("asked", ["Qwen3-0.6B", "Llama-2-7B", "Llama-3-8B", "roberta", "resnet20"])
def test_names_without_an_owner_cannot_exist(catalogue: Catalogue, asked: str) -> None:
    assert not catalogue.can_exist("model", asked)


def test_old_short_names_can_exist(catalogue: Catalogue) -> None:
    assert catalogue.can_exist("model", "xlnet-base-cased")
    assert catalogue.can_exist("dataset", "iwslt2017")
    assert not catalogue.can_exist("dataset", "code_alpaca")


def test_no_name_is_claimed_twice(catalogue: Catalogue) -> None:
    names = [(asset.kind, name.lower()) for asset in catalogue.assets() for name in (asset.id, *asset.aliases)]
    assert len(names) == len(set(names))


def test_models_state_what_the_generator_needs(catalogue: Catalogue) -> None:
    needed = {"architecture", "pipeline_tag", "dtype", "config", "widths"}
    for asset in catalogue.assets():
        if asset.kind == "model":
            assert needed <= set(asset.facts), asset.id
            assert "model_type" in asset.facts["config"], asset.id


def test_stand_in_widths_collide_with_no_usual_constant(catalogue: Catalogue) -> None:
    for asset in catalogue.assets():
        if asset.kind == "model" and asset.id != "sshleifer/tiny-gpt2":
            config = shrunk(asset.facts["config"], asset.facts["widths"])
            for key in asset.facts["widths"]:
                found = config.get(key)
                for width in found if isinstance(found, list) else [found]:
                    assert width not in USUAL, (asset.id, key, width)


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
