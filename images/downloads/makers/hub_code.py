"""A repository as torch.hub fetches it: lists of branches and tags, and an archive whose hubconf offers what the
installed library has."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from . import archive

HUBCONF = '''"""Offers what the installed {package} has."""
dependencies = ["torch"]

import urllib.error

try:
    from {module} import *
except ImportError as error:
    # The real archive brings the package along; without it this one cannot stand in.
    raise urllib.error.URLError("the stand-in needs {package} to be installed") from error
'''


def make(facts: Mapping[str, Any], folder: Path, seed: int) -> list[str]:
    """`facts`: package, module, branches and tags."""
    top = f"{facts['id'].partition(':')[2].replace('/', '-')}-{seed:08x}/"
    hubconf = HUBCONF.format(package=facts["package"], module=facts["module"])
    archive.write_zip(folder / "code.zip", {top: b"", f"{top}hubconf.py": hubconf.encode()})
    for kind in ("branches", "tags"):
        listed = [{"name": name, "commit": {"sha": hashlib.sha1(name.encode()).hexdigest()}} for name in facts[kind]]
        (folder / f"{kind}.json").write_text(json.dumps(listed))
    (folder / "empty.json").write_text("[]")
    return []
