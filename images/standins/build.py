"""Reads jobs (kind, id, facts, folder, fidelity) as one line of JSON from standard input and makes each.

Ends at once when standard input closes: whoever asked is gone.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import zlib
from pathlib import Path


def main() -> None:
    jobs = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_the_host, daemon=True).start()
    for job in jobs:
        kind, asset_id, folder = job["kind"], job["id"], Path(job["folder"])
        seed = zlib.crc32(f"{kind}:{asset_id}".encode())
        # Only a model needs torch, whose import costs seconds: hence imported where it is needed.
        if kind == "dataset":
            from .dataset import make_dataset

            make_dataset(asset_id, job["facts"], folder, seed)
        elif kind == "model" and job["facts"].get("library") == "timm":
            from .timm_model import make_timm_model

            make_timm_model(asset_id, job["facts"], folder, seed)
        elif kind == "model":
            from .model import make_model

            make_model(asset_id, job["facts"], folder, seed, wide=job["fidelity"] == "wide")
        else:
            from .metric import make_metric

            make_metric(asset_id, job["facts"], folder)


def _end_with_the_host() -> None:
    sys.stdin.read()
    os._exit(1)
