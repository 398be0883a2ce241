"""Runs with a client generation's own Python: loads assets from HF_ENDPOINT as user code does, prints JSON.

Standard input: {"models": [{"id", "task", ...}], "datasets": [{"id", "configs": {name: {split: [columns]}}}]}.
Output: one JSON object per line, {"check", "id", "ok", "seconds", ...facts or "error"}.
"""

import json
import math
import sys
import time
import traceback

import torch
import transformers
from datasets import load_dataset
from transformers import AutoConfig, AutoTokenizer

transformers.logging.set_verbosity_error()
TEXTS = ["The old house in London was found by Anna Smith in 1987.", "def f(x):\n    return x + 12  # café"]
HEADS = {
    "text-generation": ["AutoModelForCausalLM", "AutoModelForSequenceClassification"],
    "fill-mask": ["AutoModelForMaskedLM", "AutoModelForSequenceClassification", "AutoModelForTokenClassification"],
    "text2text-generation": ["AutoModelForSeq2SeqLM"],
    "text-classification": ["AutoModelForSequenceClassification"],
    "feature-extraction": ["AutoModel"],
}


def say(check, name, began, **facts):
    print(json.dumps({"check": check, "id": name, "seconds": round(time.time() - began, 2), **facts}), flush=True)


def guarded(check, name, work):
    began = time.time()
    try:
        say(check, name, began, ok=True, **(work() or {}))
    except Exception as error:
        last = traceback.format_exc()[-1500:]
        say(check, name, began, ok=False, error=f"{type(error).__name__}: {str(error)[:500]}", traceback=last)


def tokenizer_facts(asset):
    tokenizer = AutoTokenizer.from_pretrained(asset["id"], cache_dir=".cache/")
    config = AutoConfig.from_pretrained(asset["id"], cache_dir=".cache/")
    text = config.get_text_config() if hasattr(config, "get_text_config") else config
    ids = tokenizer(TEXTS[0])["input_ids"]
    decoded = tokenizer.decode(ids, skip_special_tokens=True)
    added = tokenizer.add_special_tokens({"additional_special_tokens": ["<extra>"]})
    return {
        "inputs": list(tokenizer(TEXTS[0])),
        "length": len(tokenizer) - added,
        "vocab_size": getattr(text, "vocab_size", None),
        "pad": tokenizer.pad_token,
        "eos": tokenizer.eos_token,
        "bos": tokenizer.bos_token,
        "side": tokenizer.padding_side,
        "max_id": max(ids),
        "fast": tokenizer.is_fast,
        "round_trip": decoded.strip().replace(" ", "").lower() == TEXTS[0].replace(" ", "").lower(),
        "template": bool(tokenizer.chat_template),
        "class": type(tokenizer).__name__,
    }


def model_facts(asset, head):
    tokenizer = AutoTokenizer.from_pretrained(asset["id"], cache_dir=".cache/")
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    model = getattr(transformers, head).from_pretrained(asset["id"], cache_dir=".cache/", torch_dtype=torch.float32)
    batch = tokenizer(TEXTS, return_tensors="pt", padding=True, truncation=True, max_length=64)
    facts = {"layers": getattr(model.config, "num_hidden_layers", None), "hidden": model.config.hidden_size}
    vocabulary = model.config.vocab_size
    if head == "AutoModelForSequenceClassification":
        model.config.pad_token_id = tokenizer.pad_token_id
        output = model(**batch, labels=torch.tensor([0, 1]))
        expected = math.log(model.config.num_labels)
    elif head == "AutoModelForTokenClassification":
        output = model(**batch, labels=torch.zeros_like(batch["input_ids"]))
        expected = math.log(model.config.num_labels)
    elif head == "AutoModel":
        output = model(**batch)
        assert torch.isfinite(output[0]).all()
        return facts
    else:
        output = model(**batch, labels=batch["input_ids"])
        expected = math.log(vocabulary)
    output.loss.backward()
    gradient = sum(float(p.grad.abs().sum()) for p in model.parameters() if p.grad is not None)
    assert math.isfinite(gradient) and gradient > 0, gradient
    facts |= {"loss": output.loss.item(), "expected": expected}
    if head in ("AutoModelForCausalLM", "AutoModelForSeq2SeqLM"):
        made = model.generate(**batch, max_new_tokens=4, do_sample=False)
        facts["generated"] = tokenizer.decode(made[0][-4:])
        before = model.get_input_embeddings().weight.shape[0]
        model.resize_token_embeddings(before + 3)
        assert model.get_input_embeddings().weight.shape[0] == before + 3
    return facts


def image_facts(asset):
    import numpy
    from PIL import Image
    from transformers import AutoImageProcessor, AutoModelForImageClassification

    processor = AutoImageProcessor.from_pretrained(asset["id"], cache_dir=".cache/")
    model = AutoModelForImageClassification.from_pretrained(
        asset["id"], cache_dir=".cache/", num_labels=10, ignore_mismatched_sizes=True
    )
    noise = numpy.random.default_rng(0).integers(0, 255, (40, 60, 3), dtype=numpy.uint8)
    output = model(**processor([Image.fromarray(noise)] * 2, return_tensors="pt"), labels=torch.tensor([0, 1]))
    output.loss.backward()
    return {"loss": output.loss.item(), "expected": math.log(10)}


def dataset_facts(asset, name, splits):
    given = [asset["id"]] if name is None else [asset["id"], name]
    loaded = load_dataset(*given, cache_dir=".cache/")
    assert set(loaded) == set(splits), (list(loaded), list(splits))
    for split, columns in splits.items():
        assert loaded[split].column_names == columns, (loaded[split].column_names, columns)
        row = loaded[split][0]
    first = next(iter(splits))
    streamed = next(iter(load_dataset(*given, split=first, streaming=True)))
    assert set(streamed) == set(splits[first])
    return {
        "rows": {split: len(loaded[split]) for split in splits},
        "features": str(loaded[first].features),
        "row": str(row)[:200],
    }


def script_columns(asset):
    """Of a script data set whose code is allowed to run; versions that run none raise their error."""
    loaded = load_dataset(asset, cache_dir=".cache/", trust_remote_code=True)
    return {split: loaded[split].column_names for split in loaded}


LABELS = {"predictions": [0, 1, 1, 0], "references": [0, 1, 0, 0]}
METRICS = {
    "accuracy": ({"predictions": [0, 1, 1, 0], "references": [0, 1, 0, 0]}, {"accuracy": 0.75}),
    "f1": ({"predictions": [0, 1, 1, 0], "references": [0, 1, 0, 0]}, {"f1": 2 / 3}),
    "precision": ({"predictions": [0, 1, 1, 0], "references": [0, 1, 0, 0]}, {"precision": 0.5}),
    "recall": ({"predictions": [0, 1, 1, 0], "references": [0, 1, 0, 0]}, {"recall": 1.0}),
    "matthews_correlation": (
        {"predictions": [0, 1, 1, 0], "references": [0, 1, 0, 0]},
        {"matthews_correlation": 3**-0.5},
    ),
    "exact_match": ({"predictions": ["a", "B"], "references": ["a", "b"]}, {"exact_match": 0.5}),
    # 5 of 6 words, 3 of 5 pairs, 2 of 4 triples and 1 of 3 runs of four match: the fourth root of 1/12.
    "bleu": ({"predictions": ["the cat sat on the mat"], "references": [["the cat sat on a mat"]]}, {"bleu": 0.537285}),
    "squad": (
        {
            "predictions": [{"id": "1", "prediction_text": "the old house"}],
            "references": [{"id": "1", "answers": {"text": ["old house now"], "answer_start": [0]}}],
        },
        {"exact_match": 0.0, "f1": 80.0},
    ),
}


def metric_facts(name):
    import evaluate

    given, expected = METRICS[name]
    found = evaluate.load(name).compute(**given)
    for key, value in expected.items():
        assert abs(found[key] - value) < 1e-4, (found, expected)
    return {}


def main():
    wanted = json.load(sys.stdin)
    for asset in wanted.get("models", []):
        if asset["task"] == "image-classification":
            guarded("image", asset["id"], lambda asset=asset: image_facts(asset))
            continue
        guarded("tokenizer", asset["id"], lambda asset=asset: tokenizer_facts(asset))
        for head in HEADS[asset["task"]]:
            guarded(head, asset["id"], lambda asset=asset, head=head: model_facts(asset, head))
    for asset in wanted.get("datasets", []):
        for name, splits in asset["configs"].items():
            label = f"{asset['id']}/{name}"
            guarded("dataset", label, lambda asset=asset, name=name, splits=splits: dataset_facts(asset, name, splits))
    for name in METRICS if wanted.get("metrics") else ():
        guarded("metric", name, lambda name=name: metric_facts(name))
    for asset in wanted.get("bare", []):
        guarded("bare", asset, lambda asset=asset: {"columns": str(load_dataset(asset, cache_dir=".cache/"))})
    # Last: leave that was given once is remembered.
    for asset in wanted.get("scripts", []):
        guarded("script", asset, lambda asset=asset: {"columns": script_columns(asset)})


main()
