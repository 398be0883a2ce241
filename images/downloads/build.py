"""Reads jobs (id, facts, folder) as JSON from standard input, makes each, and describes it in `manifest.json`."""

from __future__ import annotations

import hashlib
import importlib
import json
import sys
import zlib
from pathlib import Path


def main() -> None:
    for job in json.load(sys.stdin):
        folder = Path(job["folder"])
        files = folder / "files"
        files.mkdir()
        # A maker imports what it needs itself: torch costs seconds, and most do without.
        maker = importlib.import_module(f".makers.{job['facts']['maker']}", __package__)
        inner = maker.make({"id": job["id"], **job["facts"]}, files, zlib.crc32(job["id"].encode()))
        described = {}
        for path in sorted(files.iterdir()):
            described[path.name] = {"size": path.stat().st_size, "md5": _md5(path)}
        manifest = {"files": described, "inner_md5": inner}
        (folder / "manifest.json").write_text(json.dumps(manifest, indent=1), encoding="utf-8")


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "md5").hexdigest()


if __name__ == "__main__":
    main()
