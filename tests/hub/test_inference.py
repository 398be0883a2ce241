"""Models that are not in the catalogue but whose name says what they are, and names that say too little."""

from __future__ import annotations

import pytest

from images.catalogue import Catalogue
from images.catalogue.inference import words


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return Catalogue.default()


@pytest.mark.parametrize(
    ("asked", "like"),
    [
        ("unsloth/Qwen3-0.6B", "Qwen/Qwen3-0.6B"),
        ("unsloth/Llama-3.2-1B-Instruct", "meta-llama/Llama-3.2-1B-Instruct"),
        ("unsloth/llama-3-8b-Instruct", "meta-llama/Meta-Llama-3-8B-Instruct"),
        ("TheBloke/Llama-2-7B-fp16", "meta-llama/Llama-2-7b-hf"),
        ("somebody/bert-base-uncased-finetuned", "google-bert/bert-base-uncased"),
        ("somebody/gpt2-imdb", "openai-community/gpt2"),
        ("somebody/t5-small-finetuned-xsum", "google-t5/t5-small"),
        ("somebody/flan-t5-base-samsum", "google/flan-t5-base"),
        ("somebody/whisper-small-hi", "openai/whisper-small"),
        ("somebody/vit-base-patch16-224", "google/vit-base-patch16-224"),
    ],
)
def test_a_copy_or_finetuned_version_has_the_facts_of_its_base(catalogue: Catalogue, asked: str, like: str) -> None:
    found, base = catalogue.find("model", asked), catalogue.find("model", like)
    assert found is not None and base is not None
    assert (found.id, found.inferred, found.gated) == (asked, True, False)
    assert not base.inferred
    assert found.facts["config"] == base.facts["config"]
    assert found.digest != base.digest


@pytest.mark.parametrize(
    ("asked", "architecture", "labels"),
    [
        ("textattack/roberta-base-MNLI", "RobertaForSequenceClassification", 3),
        ("somebody/bert-base-uncased-finetuned-sst2", "BertForSequenceClassification", 2),
        ("textattack/distilbert-base-uncased-SST-2", "DistilBertForSequenceClassification", 2),
        ("textattack/distilbert-base-uncased-ag-news", "DistilBertForSequenceClassification", 4),
        ("cross-encoder/stsb-roberta-base", "RobertaForSequenceClassification", 1),
        ("cross-encoder/nli-deberta-v3-small", "DebertaV2ForSequenceClassification", 3),
        ("deepset/roberta-base-squad2", "RobertaForQuestionAnswering", None),
        ("somebody/bert-base-cased-conll2003", "BertForTokenClassification", 9),
        ("nateraw/vit-base-patch16-224-cifar10", "ViTForImageClassification", 10),
    ],
)
def test_the_name_tells_the_head_and_its_labels(
    catalogue: Catalogue, asked: str, architecture: str, labels: int | None
) -> None:
    found = catalogue.find("model", asked)
    assert found is not None
    assert (found.facts["architecture"], found.facts.get("labels")) == (architecture, labels)
    assert found.facts["config"]["architectures"] == [architecture]


@pytest.mark.parametrize(
    "asked",
    [
        *["unsloth/Qwen3-0.6B-GGUF", "unsloth/Qwen3-0.6B-bnb-4bit", "TheBloke/Llama-2-7B-Chat-GPTQ", "x/opt-125m-int8"],
        *["somebody/Qwen2.5-7B-Instruct-lora", "somebody/gpt2-adapter"],
        # another size, version, picture size or dialogue format than any entry's
        *["somebody/gpt2-small", "unsloth/mistral-7b-v0.3", "somebody/vit-base-patch16-384", "x/Meta-Llama-3-70B"],
        *["somebody/Qwen2.5-0.5B-chat", "somebody/bert-base-uncased-L6"],
        # a part of another name
        *["somebody/distil-bert-base-uncased", "vinai/bertweet-base", "somebody/mobile-vit-base-patch16-224"],
        # labels of unknown number
        *["somebody/bert-base-uncased-sentiment", "somebody/resnet-50-finetuned", "somebody/roberta-base-go-emotions"],
        # the owner publishes his own models: another name of theirs is another model, or none
        *["Qwen/Qwen3-0.6B-FP8", "meta-llama/Llama-3.2-1B-foo", "google/bert-base-uncased", "openai/gpt2"],
        "sentence-transformers/nli-roberta-base",
        # more likely a path on somebody's disk than an id
        *["models/bert-base-uncased", "outputs/gpt2", ".cache/gpt2"],
        *["somebody/finbert", "somebody/my-model", "Qwen/Qwen3-0.7B"],
    ],
)
def test_names_that_say_too_little_are_missing(catalogue: Catalogue, asked: str) -> None:
    assert catalogue.find("model", asked) is None
    assert catalogue.can_exist("model", asked)


def test_data_sets_and_metrics_are_never_inferred(catalogue: Catalogue) -> None:
    assert catalogue.find("dataset", "somebody/gsm8k") is None
    assert catalogue.find("metric", "somebody/accuracy") is None


@pytest.mark.parametrize("asked", ["Qwen3-0.6B", "Llama-2-7B", "bert-base-uncased-finetuned-sst2"])
def test_a_name_without_an_owner_is_not_inferred_and_cannot_exist(catalogue: Catalogue, asked: str) -> None:
    assert catalogue.find("model", asked) is None
    assert not catalogue.can_exist("model", asked)


def test_entries_are_found_before_anything_is_inferred(catalogue: Catalogue) -> None:
    for asset in catalogue.assets():
        if asset.kind == "model":
            assert catalogue.find("model", asset.id) is asset


def test_words_keep_version_numbers_whole() -> None:
    assert words("Qwen2.5-0.5B_Instruct") == ("qwen2.5", "0.5b", "instruct")
