"""What stand-ins of large models cost: `python tests/benchmarks/assets.py [--fidelity wide] [--ids ID ...]`.

Makes each in an empty folder (the runtime environment is the shared cache's), then asks an endpoint for its files.
Prints seconds, MiB on disk, the generator's peak memory, and the endpoint's milliseconds a request.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import resource
import statistics
import tempfile
import time
from pathlib import Path

import httpx

from runner.settings import default_cache
from sandbox.assets import AssetStore
from sandbox.builder import RuntimeBuilder
from sandbox.fidelity import Fidelity
from sandbox.hub import HubServer

IDS = ("meta-llama/Llama-2-7b-hf", "mistralai/Mistral-7B-v0.1", "Qwen/Qwen2.5-7B", "meta-llama/Meta-Llama-3-8B")
REQUESTS = 200


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--fidelity", type=Fidelity, choices=list(Fidelity), default=Fidelity.SMALL)
    parser.add_argument("--ids", nargs="+", default=list(IDS))
    options = parser.parse_args()
    builder = RuntimeBuilder(default_cache() / "assets")
    print(f"{'stand-in (' + options.fidelity + ')':34} {'once':>7} {'disk':>9} {'size':>9} {'peak':>9} {'request':>9}")
    with tempfile.TemporaryDirectory() as scratch:
        store = AssetStore(Path(scratch), builder=builder, fidelity=options.fidelity)
        for asset_id in options.ids:
            measure(store, asset_id)


def measure(store: AssetStore, asset_id: str) -> None:
    asset = store.find("model", asset_id)
    if asset is None:
        print(f"{asset_id:34} is not in the catalogue")
        return
    began = time.perf_counter()
    repository = store.repository(asset)
    seconds = time.perf_counter() - began
    paths = [path for path in store.folder(asset).rglob("*") if path.is_file()]
    disk = sum(path.stat().st_blocks * 512 for path in paths) / 2**20
    size = sum(path.stat().st_size for path in paths) / 2**20
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    with HubServer(store, port=0) as hub, httpx.Client() as client:
        names = [entry.path for entry in repository.revisions["main"].files if entry.size < 2**20]
        for number in range(REQUESTS):
            with contextlib.suppress(httpx.TransportError):
                client.get(f"{hub.url}/{asset.id}/resolve/main/{names[number % len(names)]}", headers=TOKEN)
        taken = [request.seconds for request in hub.requests]
    each = f"{statistics.median(taken) * 1000:.2f} ms"
    print(f"{asset.id:34} {seconds:5.1f} s {disk:5.0f} MiB {size:5.0f} MiB {peak:5.0f} MiB {each:>9}", flush=True)


TOKEN = {"Authorization": "Bearer benchmark"}

if __name__ == "__main__":
    os.nice(5)
    main()
