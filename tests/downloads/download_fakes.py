"""A small catalogue and a maker without numpy."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from images.downloads import Download
from sandbox.errors import InfrastructureError

FACTS = """
ignored_hosts: [telemetry.example]
ignored_paths: [shared.example/counts/]
entries:
  lib:Rows: {kind: dataset, maker: fake, named: [Rows], addresses: [data.example/v1/, mirror.example/], files: [a.gz]}
  lib:Net: {kind: model, maker: fake, addresses: [data.example/], files: [net.pth]}
  hub:owner/code: {kind: code, maker: fake, addresses: [code.example/], files: {"zip/*": c.zip, "l?page=1": l, l: e}}
  lib:Broken: {kind: model, maker: fake, addresses: [data.example/], files: [broken.pth]}
"""


class FakeMaker:
    """Writes each file's own name into it, many times; counts its calls; fails for ids that hold "Broken"."""

    def __init__(self) -> None:
        self.made: list[str] = []

    def __call__(self, asset: Download, folder: Path) -> None:
        if "Broken" in asset.id:
            raise InfrastructureError("the maker broke")
        self.made.append(asset.id)
        described = {}
        (folder / "files").mkdir()
        for name in asset.facts["files"]:
            content = name.encode() * 100
            (folder / "files" / name).write_bytes(content)
            described[name] = {"size": len(content), "md5": hashlib.md5(content).hexdigest()}
        inner = [hashlib.md5(b"inside").hexdigest()]
        (folder / "manifest.json").write_text(json.dumps({"files": described, "inner_md5": inner}))
