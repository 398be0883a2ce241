"""Environments with real client libraries of several years, made once with uv into the shared cache."""

from __future__ import annotations

import fcntl
import hashlib
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from images.runtime.environment import find_links, uv_program
from tests.client_environments import cache_dir

COMMON = ("accelerate", "evaluate", "peft", "pillow", "protobuf", "scikit-learn", "sentencepiece")
METRICS = ("nltk", "rouge-score", "sacrebleu", "seqeval")
"""What the scripts of `evaluate` metrics wrap."""
TORCH = "torch==2.13.0"
TORCH_NEEDS = {
    "setuptools": "2026-01-01",
    "sympy": "2026-01-01",
    "typing-extensions": "2026-01-01",
}
"""Newer ones than the clients', because torch is newer than they are."""


@dataclass(frozen=True)
class Generation:
    """Client libraries as they were installed together at one time."""

    name: str
    requirements: tuple[str, ...]
    pictures: tuple[str, ...]
    """Installed without what they depend on, which would be another build of torch."""
    newest: str = ""
    """Nothing published after this date is installed; "" for no limit."""
    lacks: tuple[str, ...] = ()
    """Model types that these libraries do not know yet."""


GENERATIONS = (
    Generation(
        "mid-2024",
        ("transformers==4.44.2", "datasets==2.21.0", "huggingface-hub==0.24.6", "numpy<2"),
        ("timm", "torchvision==0.19.1"),
        "2024-09-05",
        ("gemma3_text", "qwen3"),
    ),
    Generation(
        "late-2025",
        ("transformers==4.57.1", "datasets==4.4.1", "huggingface-hub==0.36.0"),
        ("timm", "torchvision==0.24.1"),
        "2025-11-25",
    ),
    Generation("today", ("transformers", "datasets", "huggingface-hub"), ("timm", "torchvision==0.28.0")),
)


def client_python(generation: Generation) -> Path:
    """The interpreter of a generation's environment; makes it on the first call (one to three minutes)."""
    state = json.dumps(
        [generation.requirements, generation.newest, COMMON, METRICS, generation.pictures, TORCH, sys.version_info[:2]]
    )
    key = hashlib.sha256(state.encode()).hexdigest()[:12]
    home = cache_dir() / "test-clients" / f"{generation.name}-{key}"
    python = home / "bin" / "python"
    home.parent.mkdir(parents=True, exist_ok=True)
    with (home.parent / f"{home.name}.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        if not (home / ".complete").exists():
            _uv("venv", "--quiet", "--clear", "--python", sys.executable, str(home))
            newest = _as_of(generation.newest) if generation.newest else ()
            source = tuple(find_links()) or ("--torch-backend", "cpu")
            named = (TORCH, *COMMON, *METRICS, *generation.requirements)
            target = ("--python", str(python), "--quiet", "--compile-bytecode")
            _uv("pip", "install", *target, *newest, *source, *named)
            _uv("pip", "install", *target, "--no-deps", *newest, *generation.pictures)
            (home / ".complete").touch()
    return python


def _as_of(date: str) -> tuple[str, ...]:
    apart = [word for item in TORCH_NEEDS.items() for word in ("--exclude-newer-package", "=".join(item))]
    return ("--exclude-newer", date, *apart)


def _uv(*arguments: str) -> None:
    done = subprocess.run([uv_program(), *arguments], capture_output=True, text=True)
    assert done.returncode == 0, f"uv {' '.join(arguments)} failed:\n{done.stderr}"
