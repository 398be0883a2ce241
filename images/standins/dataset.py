"""A stand-in data set: true configurations, splits and column types; made-up rows; parquet in the real layout."""

from __future__ import annotations

import csv
import gzip
import json
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from . import features as types
from .manifest import write_manifest
from .rows import make_rows
from .script import script_text
from .sizes import split_rows

LAYOUT = "{config}/{split}-00000-of-00001.parquet"
CONVERTED = "refs/convert/parquet"


def make_dataset(asset_id: str, facts: Mapping[str, Any], folder: Path, seed: int) -> None:
    """Write `main` and the hub's parquet conversion below `folder`, and their manifest."""
    main, converted = folder / "main", folder / "parquet"
    main.mkdir()
    infos, declared = [], []
    for name, config in facts["configs"].items():
        infos.append(_make_config(name, config, facts, main, converted, seed))
        declared.append(_declaration(name, config, facts))
    card = dict(facts.get("card") or {})
    if facts.get("declared", True):
        card["dataset_info"] = infos if len(infos) > 1 else infos[0]
    if facts.get("storage") == "script":
        short = asset_id.split("/")[-1]
        (main / f"{short}.py").write_text(script_text(facts["configs"]), encoding="utf-8")
    elif facts.get("declared", True):
        card["configs"] = declared
    front = yaml.safe_dump(card, sort_keys=False, allow_unicode=True)
    readme = f"---\n{front}---\n\n# {asset_id}\n\nA stand-in: the rows are made up.\n"
    (main / "README.md").write_text(readme, encoding="utf-8")
    tags = [f"task_categories:{task}" for task in card.get("task_categories", [])] + ["format:parquet", "modality:text"]
    extra = {"tags": facts.get("tags", []), "infos": {info["config_name"]: info for info in infos}}
    write_manifest(folder, {"main": "main", CONVERTED: "parquet"}, card, tags, extra)


def _layout(config: Mapping[str, Any], facts: Mapping[str, Any]) -> str:
    return str(config.get("layout") or facts.get("layout") or LAYOUT)


def _declaration(name: str, config: Mapping[str, Any], facts: Mapping[str, Any]) -> dict[str, Any]:
    """One entry of `configs` in the README: which files make up which split."""
    layout = _layout(config, facts).replace("-00000-of-00001.parquet", "-*")
    files = [{"split": split, "path": layout.format(config=name, split=split, part="*")} for split in config["splits"]]
    default = {"default": True} if config.get("default") else {}
    return {"config_name": name, "data_files": files} | default


def _make_config(
    name: str, config: Mapping[str, Any], facts: Mapping[str, Any], main: Path, converted: Path, seed: int
) -> dict[str, Any]:
    """Write the files of one configuration; returns its `dataset_info`."""
    columns = config["features"]
    schema = types.schema(columns)
    splits, stored_bytes, bytes_in_memory = [], 0, 0
    for split in config["splits"]:
        rng = random.Random(f"{seed}:{name}:{split}")
        rows = make_rows(config, split, split_rows(split, config["splits"]), rng)
        table = pa.Table.from_pylist(rows, schema=schema)
        target = converted / name / split / "0000.parquet"
        target.parent.mkdir(parents=True, exist_ok=True)
        # Small row groups, so that streaming reads a part of the file as it does from the real hub.
        pq.write_table(table, target, row_group_size=500)
        storage = facts.get("storage", "parquet")
        layout = "data/{config}/{split}.jsonl" if storage == "script" else _layout(config, facts)
        parts = facts.get("parts") or [""]
        for number, part in enumerate(parts):
            path = main / layout.format(config=name, split=split, part=part)
            _store(storage, path, rows[number :: len(parts)], target)
        stored_bytes += target.stat().st_size
        bytes_in_memory += table.nbytes
        splits.append({"name": split, "num_bytes": table.nbytes, "num_examples": table.num_rows})
    return {
        "config_name": name,
        "features": [types.card(column, each) for column, each in columns.items()],
        "splits": splits,
        "download_size": stored_bytes,
        "dataset_size": bytes_in_memory,
    }


def _store(storage: str, path: Path, rows: Sequence[Mapping[str, Any]], parquet: Path) -> None:
    """Write one split as the real repository's main branch keeps it.

    `storage` is parquet, csv, json (one list), jsonl, jsonl.gz, or script (JSON Lines beside a script).
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if storage == "parquet":
        path.hardlink_to(parquet)
    elif storage == "csv":
        with path.open("w", encoding="utf-8", newline="") as handle:
            writer = csv.DictWriter(handle, fieldnames=list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    elif storage == "json":
        path.write_text(json.dumps(rows, indent=1), encoding="utf-8")
    else:
        lines = "".join(json.dumps(row) + "\n" for row in rows).encode()
        path.write_bytes(gzip.compress(lines, mtime=0) if storage == "jsonl.gz" else lines)
