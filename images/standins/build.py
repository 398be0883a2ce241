"""Reads jobs (kind, id, facts, folder) as JSON from standard input and makes each."""

from __future__ import annotations

import json
import sys
import zlib
from pathlib import Path


def main() -> None:
    for job in json.load(sys.stdin):
        kind, asset_id, folder = job["kind"], job["id"], Path(job["folder"])
        seed = zlib.crc32(f"{kind}:{asset_id}".encode())
        # Only a model needs torch, whose import costs seconds: hence imported where it is needed.
        if kind == "dataset":
            from .dataset import make_dataset

            make_dataset(asset_id, job["facts"], folder, seed)
        elif kind == "model":
            from .model import make_model

            make_model(asset_id, job["facts"], folder, seed)
        else:
            from .metric import make_metric

            make_metric(asset_id, job["facts"], folder)
