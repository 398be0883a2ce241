"""A metric of the `evaluate` library: our own script with the real one's name, inputs and outputs."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .manifest import write_manifest

SCRIPTS = Path(__file__).parent / "metric_scripts"
TAGS = [f"v0.{minor}.{patch}" for minor in range(1, 5) for patch in range(10)]
"""`evaluate` asks for the tag of its own version first."""


def make_metric(asset_id: str, facts: Mapping[str, Any], folder: Path) -> None:
    """Write the repository's files into `folder/main`, and the manifest."""
    main = folder / "main"
    main.mkdir()
    name = asset_id.split("/")[-1]
    shutil.copyfile(SCRIPTS / f"{name}.py", main / f"{name}.py")
    (main / "README.md").write_text(f"---\ntitle: {name}\nsdk: gradio\n---\n", encoding="utf-8")
    (main / "requirements.txt").write_text("\n".join(facts.get("requirements", [])) + "\n", encoding="utf-8")
    write_manifest(folder, {"main": "main"}, {"title": name, "sdk": "gradio"}, [], {"tags": TAGS})
