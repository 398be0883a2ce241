"""A builder of stand-ins without torch."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from pathlib import Path

from images.catalogue import Asset
from sandbox.errors import InfrastructureError
from sandbox.fidelity import Fidelity

FILES = {
    "config.json": b'{"model_type": "tiny"}',
    "model.safetensors": bytes(range(256)) * 4,
    "sub/deep/notes.txt": b"notes",
}


OIDS = {"sub/deep/notes.txt": "ef" * 20}
"""Clients keep files by these: two files with the same would be one."""


class FakeBuilder:
    """Writes the same few files for every asset; counts its calls; fails for ids that hold "broken"."""

    def __init__(self) -> None:
        self.made: list[str] = []
        self.pause = threading.Event()
        self.pause.set()

    def __call__(self, jobs: Sequence[tuple[Asset, Path]], fidelity: Fidelity = Fidelity.SMALL) -> None:
        self.pause.wait(10)
        for asset, folder in jobs:
            if "broken" in asset.id:
                raise InfrastructureError("the generator broke")
            self.made.append(asset.id)
            entries = []
            for name, content in FILES.items():
                path = folder / "main" / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
                lfs = "ab" * 32 if name.endswith("safetensors") else ""
                entries.append({"path": name, "size": len(content), "oid": OIDS.get(name, "cd" * 20), "lfs": lfs})
            main = {"folder": "main", "files": entries}
            manifest = {"revisions": {"main": main}, "card": {"license": "mit"}, "tags": ["tiny"], "extra": {}}
            (folder / "manifest.json").write_text(json.dumps(manifest))
