"""Environments with real client libraries of several years, made once with uv into the shared cache."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from images.runtime.environment import find_links
from tests.client_environments import TORCH, digest, install_into, kept, uv

COMMON = ("accelerate", "evaluate", "peft", "pillow", "protobuf", "scikit-learn", "sentencepiece")
METRICS = ("nltk", "rouge-score", "sacrebleu", "seqeval")
"""What the scripts of `evaluate` metrics wrap."""
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

    def install(home: Path) -> None:
        newest = _as_of(generation.newest) if generation.newest else ()
        source = tuple(find_links()) or ("--torch-backend", "cpu")
        install_into(home, *newest, *source, TORCH, *COMMON, *METRICS, *generation.requirements)
        target = ("--python", str(home / "bin" / "python"), "--quiet", "--compile-bytecode")
        uv("pip", "install", *target, "--no-deps", *newest, *generation.pictures)

    key = digest(
        [generation.requirements, generation.newest, COMMON, METRICS, generation.pictures, TORCH, sys.version_info[:2]]
    )
    return kept(f"{generation.name}-{key}", install) / "bin" / "python"


def _as_of(date: str) -> tuple[str, ...]:
    apart = [word for item in TORCH_NEEDS.items() for word in ("--exclude-newer-package", "=".join(item))]
    return ("--exclude-newer", date, *apart)
