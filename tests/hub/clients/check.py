"""Runs with a client generation's own Python: loads assets from HF_ENDPOINT as user code does, prints JSON lines.

Standard input: {"models": [{"id", "task", "library", "type"}], "datasets": [{"id", "configs": {name: {"splits":
{split: [columns]}, "labels": {column: [names]}}}}], "bare": [ids], "scripts": [ids], "metrics": bool}.
"""

import json
import sys

import operators  # noqa: F401  (before what imports torchvision)

# isort: split
import senses
import transformers
from datasets import load_dataset
from language import heads, model_facts, tokenizer_facts
from reporting import guarded
from tables import METRICS, dataset_facts, metric_facts, script_columns

transformers.logging.set_verbosity_error()


def check_model(asset):
    if asset["library"] == "timm":
        guarded("timm", asset["id"], lambda: senses.timm_facts(asset))
    elif asset["task"] == "image-classification":
        guarded("image", asset["id"], lambda: senses.image_facts(asset))
    elif asset["task"] == "automatic-speech-recognition":
        guarded("speech", asset["id"], lambda: senses.SPEECH[asset["type"]](asset))
    else:
        if asset["task"] == "zero-shot-image-classification":
            guarded("clip", asset["id"], lambda: senses.clip_facts(asset))
        guarded("tokenizer", asset["id"], lambda: tokenizer_facts(asset))
        for head in [] if asset["task"] == "zero-shot-image-classification" else heads(asset):
            guarded(head, asset["id"], lambda head=head: model_facts(asset, head))


def check_dataset(asset):
    for name, facts in asset["configs"].items():
        label = f"{asset['id']}/{name}"
        guarded("dataset", label, lambda name=name, facts=facts: dataset_facts(asset, name, **facts))


def main():
    wanted = json.load(sys.stdin)
    for asset in wanted.get("models", []):
        check_model(asset)
    for asset in wanted.get("datasets", []):
        check_dataset(asset)
    for name in METRICS if wanted.get("metrics") else ():
        guarded("metric", name, lambda name=name: metric_facts(name))
    for asset in wanted.get("bare", []):
        guarded("bare", asset, lambda asset=asset: {"columns": str(load_dataset(asset, cache_dir=".cache/"))})
    # Last: leave that was given once is remembered.
    for asset in wanted.get("scripts", []):
        guarded("script", asset, lambda asset=asset: {"columns": script_columns(asset)})


main()
