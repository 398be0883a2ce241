"""Run by a client environment: loads models and a data set from HF_ENDPOINT, prints what it saw as JSON."""

import json
import sys

import operators  # noqa: F401  (of tests/hub/clients: before what imports torchvision)

# isort: split
import torch
from datasets import load_dataset
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification, AutoTokenizer


def look(name, architecture):
    tokenizer = AutoTokenizer.from_pretrained(name)
    model = architecture.from_pretrained(name)
    batch = tokenizer("A plain sentence, and 42 more.", return_tensors="pt")
    labels = {"labels": batch["input_ids"] if architecture is AutoModelForCausalLM else torch.tensor([1])}
    loss = model(**batch, **labels).loss
    loss.backward()
    config = {key: value for key, value in model.config.to_dict().items() if isinstance(value, int)}
    special = {token: tokenizer.convert_tokens_to_ids(token) for token in tokenizer.all_special_tokens}
    return {
        "config": config,
        "length": len(tokenizer),
        "special": special,
        "embeddings": list(model.get_input_embeddings().weight.shape),
        "loss": float(loss),
        "gradients": bool(all(torch.isfinite(p.grad).all() for p in model.parameters() if p.grad is not None)),
        "most": int(batch["input_ids"].max()),
    }


classifier, generator, rows = sys.argv[1:]
print(
    json.dumps(
        {
            "classifier": look(classifier, AutoModelForSequenceClassification),
            "generator": look(generator, AutoModelForCausalLM),
            "columns": load_dataset(rows, "main", split="train").column_names,
        }
    )
)
