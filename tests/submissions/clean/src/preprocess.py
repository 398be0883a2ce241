"""Loads a text classification data set, splits it, and makes batches of it."""

from dataclasses import dataclass
from functools import partial

from datasets import Dataset, load_dataset
from omegaconf import DictConfig
from torch.utils.data import DataLoader
from transformers import AutoTokenizer, DataCollatorWithPadding, PreTrainedTokenizerBase

CACHE_DIR = ".cache"


@dataclass(frozen=True)
class Splits:
    """Tokenised rows. `validation` is held out of the training split; `test` is the official validation split,
    whose labels are public, and is looked at once."""

    train: Dataset
    validation: Dataset
    test: Dataset
    collate: DataCollatorWithPadding


def load_splits(cfg: DictConfig) -> Splits:
    """Load, split and tokenise. Where the batches are limited, only the rows that they need are tokenised."""
    tokenizer = AutoTokenizer.from_pretrained(cfg.model.name, cache_dir=CACHE_DIR)
    raw = load_dataset(cfg.dataset.name, cfg.dataset.config, cache_dir=CACHE_DIR)
    missing = {cfg.dataset.text_column, cfg.dataset.label_column} - set(raw["train"].column_names)
    if missing:
        raise ValueError(f"{cfg.dataset.name} has no column {sorted(missing)}; it has {raw['train'].column_names}")
    shuffled = raw["train"].shuffle(seed=cfg.training.seed)
    held_out = min(cfg.dataset.validation_size, len(shuffled) // 5)
    parts = {
        "train": _first(shuffled.select(range(held_out, len(shuffled))), cfg, cfg.training.max_train_batches),
        "validation": _first(shuffled.select(range(held_out)), cfg, cfg.training.max_eval_batches),
        "test": _first(raw["validation"], cfg, cfg.training.max_eval_batches),
    }
    tokenised = {name: _tokenise(part, cfg, tokenizer) for name, part in parts.items()}
    return Splits(**tokenised, collate=DataCollatorWithPadding(tokenizer))


def _first(rows: Dataset, cfg: DictConfig, batches: int | None) -> Dataset:
    if batches is None:
        return rows
    return rows.select(range(min(len(rows), batches * cfg.training.batch_size)))


def _tokenise(rows: Dataset, cfg: DictConfig, tokenizer: PreTrainedTokenizerBase) -> Dataset:
    rows = rows.filter(partial(_is_labelled, column=cfg.dataset.label_column))
    encode = partial(
        _encode,
        tokenizer=tokenizer,
        text=cfg.dataset.text_column,
        label=cfg.dataset.label_column,
        max_length=cfg.dataset.max_length,
    )
    return rows.map(encode, batched=True, remove_columns=rows.column_names)


def _is_labelled(row: dict, column: str) -> bool:
    return row[column] >= 0


def _encode(rows: dict, tokenizer: PreTrainedTokenizerBase, text: str, label: str, max_length: int) -> dict:
    encoded = tokenizer(rows[text], truncation=True, max_length=max_length)
    return {**encoded, "labels": rows[label]}


def batches(rows: Dataset, splits: Splits, batch_size: int, shuffle: bool) -> DataLoader:
    """Padded batches of tensors."""
    return DataLoader(rows, batch_size=batch_size, shuffle=shuffle, collate_fn=splits.collate)
