"""`sandbox-review assets list|show ID`: the models and data sets that the sandbox can serve."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from typing import Any

from images.catalogue import Asset, Catalogue


def run(words: Sequence[str]) -> int:
    """List the catalogue, or show the facts of one entry."""
    parser = argparse.ArgumentParser(prog="sandbox-review assets")
    commands = parser.add_subparsers(dest="command", required=True)
    listing = commands.add_parser("list", help="every asset of the catalogue")
    listing.add_argument("--json", action="store_true")
    show = commands.add_parser("show", help="the facts of one asset, by its id or an alias")
    show.add_argument("id")
    show.add_argument("--json", action="store_true")
    options = parser.parse_args(list(words))
    catalogue = Catalogue.default()
    if options.command == "list":
        return _list(catalogue, options.json)
    return _show(catalogue, options.id, options.json)


def _list(catalogue: Catalogue, as_json: bool) -> int:
    assets = sorted(catalogue.assets(), key=lambda asset: (asset.kind, asset.id.lower()))
    if as_json:
        print(json.dumps([_brief(asset) for asset in assets], indent=2))
        return 0
    width = max(len(asset.id) for asset in assets)
    for asset in assets:
        aliases = f"  also {', '.join(asset.aliases)}" if asset.aliases else ""
        print(f"{asset.kind:8} {asset.id:{width}}{'  gated' if asset.gated else ''}{aliases}".rstrip())
    return 0


def _show(catalogue: Catalogue, asset_id: str, as_json: bool) -> int:
    found = [asset for kind in ("model", "dataset", "metric") if (asset := catalogue.find(kind, asset_id))]
    if not found:
        print(f"The catalogue has no {asset_id}; `sandbox-review assets list` shows what it has.", file=sys.stderr)
        return 2
    facts = [{**_brief(asset), "facts": dict(asset.facts)} for asset in found]
    if as_json:
        print(json.dumps(facts, indent=2, default=str))
        return 0
    import yaml

    print(yaml.safe_dump_all(json.loads(json.dumps(facts, default=str)), sort_keys=False), end="")
    return 0


def _brief(asset: Asset) -> dict[str, Any]:
    return {
        "kind": asset.kind,
        "id": asset.id,
        "aliases": list(asset.aliases),
        "gated": asset.gated,
        "provided": "stand-in",
        "digest": asset.digest,
    }
