"""Tokenizers and language models: load, tokenise, forward, backward, generate."""

import math
import re

import torch
import transformers
from transformers import AutoConfig, AutoTokenizer

ANSWERS = ["yes", "No", "true", "False", "positive", "negative", "neutral", "good", "bad", "great", "A"]
TEXTS = ["The old house in London was found by Anna Smith in 1987.", "def f(x):\n    return x + 12  # café"]
HEADS = {
    "text-generation": ["AutoModelForCausalLM", "AutoModelForSequenceClassification"],
    "fill-mask": ["AutoModelForMaskedLM", "AutoModelForSequenceClassification", "AutoModelForTokenClassification"],
    "text2text-generation": ["AutoModelForSeq2SeqLM"],
    "text-classification": ["AutoModelForSequenceClassification"],
    "zero-shot-classification": ["AutoModelForSequenceClassification"],
    "token-classification": ["AutoModelForTokenClassification"],
    "question-answering": ["AutoModelForQuestionAnswering"],
    "feature-extraction": ["AutoModel", "AutoModelForSequenceClassification"],
}
"""Task of the model's card -> Auto classes that are tried."""


def heads(asset):
    """The Auto classes that are tried on an entry: all of its task, or the first one."""
    return HEADS[asset["task"]] if asset["all_heads"] else HEADS[asset["task"]][:1]


def tokenizer_facts(asset):
    tokenizer = AutoTokenizer.from_pretrained(asset["id"], cache_dir=".cache/")
    config = AutoConfig.from_pretrained(asset["id"], cache_dir=".cache/")
    text = config.get_text_config() if hasattr(config, "get_text_config") else config
    text = getattr(config, "text_config", None) or text
    ids = tokenizer(TEXTS[0])["input_ids"]
    decoded = tokenizer.decode(ids, skip_special_tokens=True)
    length = len(tokenizer)
    options = {"padding": "max_length", "max_length": 96, "truncation": True}
    pair = tokenizer(*TEXTS, **options) if tokenizer.pad_token is not None else {}
    facts = {
        "inputs": list(tokenizer(TEXTS[0])),
        "pair": {name: len(values) for name, values in pair.items()},
        "length": length,
        "vocab_size": getattr(text, "vocab_size", None),
        "pad": tokenizer.pad_token,
        "eos": tokenizer.eos_token,
        "bos": tokenizer.bos_token,
        "mask": tokenizer.mask_token,
        "first": tokenizer.convert_ids_to_tokens(ids)[0],
        "last": tokenizer.convert_ids_to_tokens(ids)[-1],
        "unk_id": tokenizer.unk_token_id,
        "side": tokenizer.padding_side,
        "max_id": max(ids),
        "max_length": min(tokenizer.model_max_length, 10**9),
        "fast": tokenizer.is_fast,
        "round_trip": decoded.strip().replace(" ", "").lower() == TEXTS[0].replace(" ", "").lower(),
        "template": bool(tokenizer.chat_template),
        "class": type(tokenizer).__name__,
    }
    if tokenizer.chat_template:
        turns = [{"role": "user", "content": "Hello?"}, {"role": "assistant", "content": "Yes."}]
        said = tokenizer.apply_chat_template([turns[0]], tokenize=False, add_generation_prompt=True)
        full = tokenizer.apply_chat_template(turns, tokenize=False)
        facts["chat"] = [said, full]
        assert "Hello?" in said and "Yes." in full, (said, full)
    # One piece each, at a text's start and behind other words, as in the real vocabularies.
    for answer in ANSWERS:
        for pieces in (tokenizer.tokenize(answer), tokenizer.tokenize(f"a {answer}")[1:]):
            letters = [re.sub("[^a-z]", "", piece.replace("</w>", "").lower()) for piece in pieces]
            assert [each for each in letters if each] == [answer.lower()], (answer, pieces)
    added = tokenizer.add_special_tokens({"additional_special_tokens": ["<extra>"]})
    assert (added, len(tokenizer)) == (1, length + 1), (added, len(tokenizer), length)
    return facts


def model_facts(asset, head):
    tokenizer = AutoTokenizer.from_pretrained(asset["id"], cache_dir=".cache/")
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    model = getattr(transformers, head).from_pretrained(asset["id"], cache_dir=".cache/", torch_dtype=torch.float32)
    batch = tokenizer(TEXTS, return_tensors="pt", padding=True, truncation=True, max_length=64)
    facts = {"layers": getattr(model.config, "num_hidden_layers", None), "hidden": model.config.hidden_size}
    output, expected = _forward(model, head, batch, tokenizer)
    if head == "AutoModel":
        assert torch.isfinite(output[0]).all()
        return facts
    output.loss.backward()
    gradient = sum(float(p.grad.abs().sum()) for p in model.parameters() if p.grad is not None)
    assert math.isfinite(gradient) and gradient > 0, gradient
    facts["loss"] = output.loss.item()
    if expected is not None:
        facts["expected"] = expected
    if head in ("AutoModelForCausalLM", "AutoModelForSeq2SeqLM"):
        facts |= _generated(model, batch, tokenizer)
    return facts


def _forward(model, head, batch, tokenizer):
    """The model's output with a loss, and the loss that guessing would give."""
    if head == "AutoModelForSequenceClassification":
        model.config.pad_token_id = tokenizer.pad_token_id
        count = model.config.num_labels
        labels = torch.tensor([0.0, 0.5]) if count == 1 else torch.tensor([0, count - 1])
        return model(**batch, labels=labels), math.log(count) if count > 1 else None
    if head == "AutoModelForTokenClassification":
        labels = torch.full_like(batch["input_ids"], model.config.num_labels - 1)
        return model(**batch, labels=labels), math.log(model.config.num_labels)
    if head == "AutoModelForQuestionAnswering":
        places = torch.tensor([1, 2])
        return model(**batch, start_positions=places, end_positions=places), math.log(batch["input_ids"].shape[1])
    if head == "AutoModel":
        return model(**batch), None
    return model(**batch, labels=batch["input_ids"]), math.log(model.config.vocab_size)


def _generated(model, batch, tokenizer):
    made = model.generate(**batch, max_new_tokens=4, do_sample=False)
    before = model.get_input_embeddings().weight.shape[0]
    model.resize_token_embeddings(before + 3)
    assert model.get_input_embeddings().weight.shape[0] == before + 3
    return {"generated": tokenizer.decode(made[0][-4:])}
