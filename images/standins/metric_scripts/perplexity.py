# mypy: ignore-errors
"""Perplexity of texts under a causal language model: exp of the mean negative log-likelihood of their tokens."""

import datasets
import evaluate
import numpy
import torch
from torch.nn import CrossEntropyLoss
from transformers import AutoModelForCausalLM, AutoTokenizer


class Perplexity(evaluate.Metric):
    def _info(self):
        return evaluate.MetricInfo(
            module_type="metric",
            description=__doc__,
            citation="",
            inputs_description="predictions: texts; model_id: a causal language model",
            features=datasets.Features({"predictions": datasets.Value("string")}),
        )

    def _compute(self, predictions, model_id, batch_size=16, add_start_token=True, device=None, max_length=None):
        if device == "gpu" or (device is None and torch.cuda.is_available()):
            device = "cuda"
        model = AutoModelForCausalLM.from_pretrained(model_id).to(device or "cpu")
        tokenizer = AutoTokenizer.from_pretrained(model_id)
        if tokenizer.pad_token is None:
            tokenizer.pad_token = tokenizer.eos_token
        length = max_length - 1 if add_start_token and max_length else max_length
        encoded = tokenizer(
            predictions,
            add_special_tokens=False,
            padding=True,
            truncation=bool(length),
            max_length=length,
            return_tensors="pt",
        ).to(model.device)
        found = []
        for start in range(0, len(encoded["input_ids"]), batch_size):
            ids = encoded["input_ids"][start : start + batch_size]
            mask = encoded["attention_mask"][start : start + batch_size]
            if add_start_token:
                first = torch.tensor([[tokenizer.bos_token_id]] * len(ids), device=ids.device)
                ids, mask = torch.cat([first, ids], dim=1), torch.cat([torch.ones_like(first), mask], dim=1)
            with torch.no_grad():
                logits = model(ids, attention_mask=mask).logits
            losses = CrossEntropyLoss(reduction="none")(logits[:, :-1].transpose(1, 2), ids[:, 1:])
            kept = mask[:, 1:]
            found += torch.exp((losses * kept).sum(1) / kept.sum(1)).tolist()
        return {"perplexities": found, "mean_perplexity": float(numpy.mean(found))}
