"""`sandbox-review hub [--port N]`: the hub stand-in by itself."""

from __future__ import annotations

import argparse
import json
import sys
import threading
from collections.abc import Sequence

from runner.settings import default_cache
from sandbox.assets import AssetStore
from sandbox.errors import InfrastructureError
from sandbox.hub import HubServer


def run(words: Sequence[str]) -> int:
    """Serve until interrupted; prints the URL that HF_ENDPOINT takes."""
    parser = argparse.ArgumentParser(prog="sandbox-review hub")
    parser.add_argument("--port", type=int, default=0, help="loopback port (default: any free one)")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(list(words))
    try:
        with HubServer(AssetStore(default_cache() / "assets"), port=options.port) as hub:
            if options.json:
                print(json.dumps({"url": hub.url}), flush=True)
            else:
                print(f"{hub.url}\nUse it with: export HF_ENDPOINT={hub.url} HF_HUB_DISABLE_XET=1", flush=True)
            try:
                threading.Event().wait()
            except KeyboardInterrupt:
                return 0
    except InfrastructureError as error:
        print(error, file=sys.stderr)
        return 3
    return 0
