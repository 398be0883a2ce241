"""Libraries that makers use beside the runtime environment: their model definitions give the names and shapes of
published weights. Installed apart, without what they depend on, on the first use."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
from pathlib import Path

from images.runtime.environment import uv_program
from sandbox.errors import InfrastructureError

REQUIREMENTS = Path(__file__).parent / "requirements.txt"


def ensure_libraries(cache_dir: Path, python: Path) -> Path:
    """The folder to put on a maker's path; about 10 MB and some seconds once. Raises InfrastructureError."""
    digest = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:16]
    folder = cache_dir / "runtime" / f"libraries-{digest}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / f"{folder.name}.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        if not (folder / ".complete").exists():
            shutil.rmtree(folder, ignore_errors=True)
            words = ["--python", str(python), "--quiet", "--no-deps", "--require-hashes", "--only-binary", ":all:"]
            command = [uv_program(), "pip", "install", *words, "--target", str(folder), "-r", str(REQUIREMENTS)]
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode != 0:
                said = done.stderr.strip()[-2000:]
                raise InfrastructureError(f"the libraries for stand-ins of weights could not be installed:\n{said}")
            (folder / ".complete").touch()
    return folder
