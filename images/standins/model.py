"""A stand-in model: the true architecture and configuration, weights from the family's own initialisation.

A small one has shrunken widths and vocabulary; a wide one has the true ones, every token id included, and few layers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from .manifest import write_manifest
from .sizes import BIAS_SPREAD, RESIDUAL_SCALE
from .vocabulary import Vocabulary, make_tokenizer
from .widths import shallow, shrunk


def make_model(asset_id: str, facts: Mapping[str, Any], folder: Path, seed: int, *, wide: bool = False) -> None:
    """Write the repository's files into `folder/main`, and the manifest."""
    main = folder / "main"
    main.mkdir()
    config = shallow(facts["config"]) if wide else shrunk(facts["config"], facts["widths"])
    generation = facts.get("generation_config")
    vocabulary = None
    if facts.get("tokenizer"):
        vocabulary = make_tokenizer({**facts["tokenizer"], "fill": wide}, main)
        config = _with_ids(config, vocabulary)
        generation = _with_ids(generation, vocabulary) if generation else None
    if facts.get("labels"):
        names = [f"LABEL_{number}" for number in range(facts["labels"])]
        config["id2label"] = {str(number): name for number, name in enumerate(names)}
        config["label2id"] = {name: number for number, name in enumerate(names)}
    for name, content in (facts.get("files") or {}).items():
        _write(main / name, _filled(content, config))
    count = (
        _make_weights(facts, config, main, seed) if not wide else _wide_weights(facts, config, main, seed, vocabulary)
    )
    _write(main / "config.json", config)
    if generation:
        _write(main / "generation_config.json", generation)
    card = dict(facts.get("card") or {})
    front = yaml.safe_dump(card, sort_keys=False)
    readme = f"---\n{front}---\n\n# {asset_id}\n\nA stand-in: its weights are random.\n"
    (main / "README.md").write_text(readme, encoding="utf-8")
    tags = ["transformers", "safetensors", config["model_type"], facts["pipeline_tag"]]
    dtype = {"bfloat16": "BF16", "float16": "F16"}.get(facts["dtype"], "F32")
    extra = {
        "pipeline_tag": facts["pipeline_tag"],
        "config": {"architectures": config.get("architectures"), "model_type": config["model_type"]},
    }
    if facts.get("weights", "safetensors") == "safetensors":
        extra["safetensors"] = {"parameters": {dtype: count}, "total": count}
    write_manifest(folder, {"main": "main"}, card, tags, extra)


def _with_ids(content: Mapping[str, Any], vocabulary: Vocabulary) -> dict[str, Any]:
    """`content` with every token id, and the vocabulary's size, moved to the small vocabulary."""
    found: dict[str, Any] = {}
    for key, value in content.items():
        if key == "vocab_size":
            # Real embeddings are often longer than the vocabulary; they stay as much longer.
            value = vocabulary.length + (value - vocabulary.true_length)
        elif key.endswith(("_token_id", "_token_ids", "suppress_tokens")):
            value = (
                [_moved(each, vocabulary) for each in value] if isinstance(value, list) else _moved(value, vocabulary)
            )
        elif key in ("lang_to_id", "task_to_id"):
            value = {name: _moved(each, vocabulary) for name, each in value.items()}
        elif key == "forced_decoder_ids" and value:
            value = [[position, _moved(each, vocabulary)] for position, each in value]
        elif isinstance(value, Mapping):
            value = _with_ids(value, vocabulary)
        found[key] = value
    return found


def _moved(true_id: int | None, vocabulary: Vocabulary) -> int | None:
    return true_id if true_id is None or true_id < 0 else vocabulary.new_id(true_id)


def _make_weights(facts: Mapping[str, Any], config: Mapping[str, Any], folder: Path, seed: int) -> int:
    """Write the weights in the real repository's format; returns the number of parameters."""
    import torch
    import transformers

    settings = _settings(facts, config, seed)
    model = getattr(transformers, facts["architecture"])(settings)
    _stir(model)
    _settle(model)
    model = model.to(getattr(torch, facts["dtype"]))
    count = sum(parameter.numel() for parameter in model.parameters())
    if facts.get("weights", "safetensors") == "safetensors":
        model.save_pretrained(folder, safe_serialization=True)
    else:
        torch.save(model.state_dict(), folder / "pytorch_model.bin")
    # What save_pretrained writes besides differs from the true files, which are written from the facts.
    for extra in ("config.json", "generation_config.json"):
        (folder / extra).unlink(missing_ok=True)
    return count


def _wide_weights(
    facts: Mapping[str, Any], config: Mapping[str, Any], folder: Path, seed: int, vocabulary: Vocabulary | None
) -> int:
    """The same for a wide stand-in, which has no room in memory."""
    import torch
    import transformers

    from .sparse import write_sparse

    count = 0
    if facts.get("weights", "safetensors") == "safetensors":
        architecture = getattr(transformers, facts["architecture"])
        settings = _settings(facts, config, seed)
        count = write_sparse(architecture, settings, getattr(torch, facts["dtype"]), folder, vocabulary)
    return count or _make_weights(facts, config, folder, seed)


def _settings(facts: Mapping[str, Any], config: Mapping[str, Any], seed: int) -> Any:
    """The library's configuration object; random numbers start from `seed`."""
    import torch
    import transformers

    transformers.logging.set_verbosity_error()
    torch.manual_seed(seed)
    own = dict(config) | (facts.get("init") or {})
    for key in ("model_type", "transformers_version"):
        own.pop(key, None)
    return transformers.AutoConfig.for_model(config["model_type"], **own)


def _stir(model: Any) -> None:
    """Draw the biases, which start at zero but are not zero in a trained model.

    Where they are, some models (DeBERTa) keep padding at exact zeros through all layers; each norm of such a row
    multiplies its gradient by thousands, until it is no number.
    """
    import torch

    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith("bias") and parameter.dim() == 1:
                parameter.normal_(0, BIAS_SPREAD)


def _settle(model: Any) -> None:
    """Give batch norms the statistics of their inputs, as training would: without, losses start in the tens."""
    import torch

    norms = [module for module in model.modules() if isinstance(module, torch.nn.BatchNorm2d)]
    if not norms:
        return
    usual = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = None
    with torch.no_grad():
        for module in model.modules():
            # As in trained networks, a block changes little of what it is given: else deep ones blow differences up.
            if isinstance(getattr(module, "shortcut", None), torch.nn.Module):
                module.layer[-1].normalization.weight.fill_(RESIDUAL_SCALE)
        for size in (8, 40, 8):
            # Smooth, as pictures are: the statistics of plain noise fit nothing else.
            drawn = torch.randn(4, 3, size, size)
            model.train()(torch.nn.functional.interpolate(drawn, size=(224, 224), mode="bilinear"))
    for norm, momentum in zip(norms, usual, strict=True):
        norm.momentum = momentum
    model.eval()


def _filled(content: Any, config: Mapping[str, Any]) -> Any:
    """`content` with each value `$key` replaced by the stand-in's own `config[key]`."""
    if isinstance(content, Mapping):
        return {key: _filled(value, config) for key, value in content.items()}
    if isinstance(content, list):
        return [_filled(value, config) for value in content]
    return config[content[1:]] if isinstance(content, str) and content.startswith("$") else content


def _write(path: Path, content: Any) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
