"""`sandbox-review assets list|show|add|prune`: the models, data sets and metrics that the sandbox can serve."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from images.catalogue import Asset, Catalogue
from runner.settings import default_cache, default_mirror
from sandbox.assets import AssetStore
from sandbox.errors import InfrastructureError
from sandbox.mirror import Mirror
from sandbox.mirror.download import InMirror, download
from sandbox.mirror.take_in import FolderError, take_in
from sandbox.pruning import UNUSED_DAYS

KINDS = ("model", "dataset", "metric")


def run(words: Sequence[str]) -> int:
    """List what can be served, show one entry, add to the mirror, or remove what nobody uses."""
    options = _parser().parse_args(list(words))
    action = {"list": _list, "show": _show, "add": _add, "prune": _prune}[options.command]
    return action(options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="sandbox-review assets")
    commands = parser.add_subparsers(dest="command", required=True)
    listing = commands.add_parser("list", help="every asset of the catalogue and of the mirror")
    show = commands.add_parser("show", help="what is known of one asset, by its id or an alias")
    show.add_argument("id")
    add = commands.add_parser("add", help="put a real asset into the mirror: download it, or copy a local folder")
    add.add_argument("name", nargs="?", metavar="ID", help="download this from the hub (HF_ENDPOINT, HF_TOKEN)")
    add.add_argument("--from", dest="source", type=Path, metavar="DIR", help="a folder of files, or a cache of the hub")
    add.add_argument("--id", help="with --from: whose files these are")
    add.add_argument("--kind", choices=KINDS, help="default: model")
    add.add_argument("--revision", default="main", help="branch, tag or commit (default: main)")
    add.add_argument("--exclude", action="append", default=[], metavar="PATTERN", help="files not to download")
    prune = commands.add_parser("prune", help="remove stand-ins of earlier versions that nobody used for a while")
    prune.add_argument("--days", type=float, default=UNUSED_DAYS, help=f"unused for (default: {UNUSED_DAYS:g})")
    for command in (listing, show, add):
        command.add_argument("--mirror", type=Path, metavar="DIR", help="default: mirror/ in the cache directory")
    for command in (listing, show, add, prune):
        command.add_argument("--json", action="store_true")
    return parser


def _list(options: argparse.Namespace) -> int:
    catalogue, mirror = Catalogue.default(), _mirror(options)
    every = {(asset.kind, asset.id): asset for asset in (*mirror.assets(), *catalogue.assets())}
    assets = sorted(every.values(), key=lambda asset: (asset.kind, asset.id.lower()))
    found = [_brief(asset, catalogue, mirror) for asset in assets]
    if options.json:
        print(json.dumps(found, indent=2))
        return 0
    width = max(len(each["id"]) for each in found)
    for each in found:
        notes = [f"also {', '.join(each['aliases'])}"] if each["aliases"] else []
        notes = (["gated"] if each["gated"] else []) + notes
        where = "mirror, stand-in" if len(each["from"]) == 2 else each["from"][0]
        print(f"{each['kind']:8} {each['id']:{width}}  {where:16} {'  '.join(notes)}".rstrip())
    return 0


def _show(options: argparse.Namespace) -> int:
    catalogue, mirror = Catalogue.default(), _mirror(options)
    pairs = [(kind, catalogue.find(kind, options.id) or mirror.find(kind, options.id)) for kind in KINDS]
    found = [asset for _, asset in pairs if asset is not None]
    if not found:
        print(
            f"Neither the catalogue nor the mirror {mirror.root} has {options.id}; `sandbox-review assets list` shows "
            f"what they have, `sandbox-review assets add {options.id}` downloads it.",
            file=sys.stderr,
        )
        return 2
    facts = [{**_brief(asset, catalogue, mirror), "facts": dict(asset.facts)} for asset in found]
    if options.json:
        print(json.dumps(facts, indent=2, default=str))
        return 0
    import yaml

    print(yaml.safe_dump_all(json.loads(json.dumps(facts, default=str)), sort_keys=False), end="")
    return 0


def _brief(asset: Asset, catalogue: Catalogue, mirror: Mirror) -> dict[str, Any]:
    known = catalogue.find(asset.kind, asset.id)
    folder = mirror.folder(asset.kind, asset.id)
    return {
        "kind": asset.kind,
        "id": asset.id,
        "aliases": list(asset.aliases),
        "gated": asset.gated,
        "from": [*(["mirror"] if folder else []), *(["stand-in"] if known else [])],
        "inferred": bool(getattr(asset, "inferred", False)),
        "digest": known.digest if known else "",
        "mirror": str(folder) if folder else None,
    }


def _add(options: argparse.Namespace) -> int:
    if (options.name is None) == (options.source is None):
        print("Give either an ID to download or --from DIR to copy.", file=sys.stderr)
        return 2
    root = _mirror(options).root
    try:
        root.mkdir(parents=True, exist_ok=True)
        if options.source is None:
            added = [download(options.kind or "model", options.name, root, options.revision, options.exclude)]
        else:
            added = take_in(options.source, root, options.kind, options.id)
    except FolderError as problem:
        print(problem, file=sys.stderr)
        return 2
    except (InfrastructureError, OSError) as problem:
        print(f"Nothing was added that is not whole. {problem}", file=sys.stderr)
        return 3
    if options.json:
        print(json.dumps([_added(each) for each in added], indent=2))
        return 0
    for each in added:
        print(f"{each.kind} {each.id}: {each.files} files, {each.bytes / 2**20:.1f} MiB, in {each.folder}")
    place = "" if options.mirror is None else f" assets.mirror={root}"
    print(f"Review with: assets=mirror{place}")
    return 0


def _added(each: InMirror) -> dict[str, Any]:
    return {"kind": each.kind, "id": each.id, "folder": str(each.folder), "files": each.files, "bytes": each.bytes}


def _prune(options: argparse.Namespace) -> int:
    removed = AssetStore(default_cache() / "assets").prune(options.days)
    if options.json:
        print(json.dumps([str(folder) for folder in removed], indent=2))
    else:
        print(f"{len(removed)} stand-ins removed")
    return 0


def _mirror(options: argparse.Namespace) -> Mirror:
    root = options.mirror.expanduser().resolve() if options.mirror else default_mirror(default_cache())
    return Mirror(root)
