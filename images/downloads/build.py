"""Reads jobs (id, facts, folder) as one line of JSON, makes each, and describes it in `manifest.json`.

Ends by itself when its standard input closes, so that it does not outlive a killed host.
"""

from __future__ import annotations

import hashlib
import importlib
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


def _end_with_the_host() -> None:
    sys.stdin.read()
    os._exit(1)


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "md5").hexdigest()


if __name__ == "__main__":
    main()
