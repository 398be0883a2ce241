"""What an evaluation wrote below its results directory: JSON documents, figures, words of significance."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runner.evaluation_facts import Document, Figure

FIGURES = (".pdf", ".png", ".svg", ".jpg", ".jpeg")
_UNOPENED = (".eps", ".ps", ".html")
_WORDS = (".csv", ".txt", ".md", ".tex", ".tsv")
MAX_FILES = 2000
MAX_FIGURES = 200
MAX_FIGURE_BYTES = 32 * 2**20
MAX_READ = 16 * 2**20
"""Bytes of a JSON or text file that are read."""
MAX_KEPT = 20_000
"""Characters of a document that is kept in the evidence; ten times as many of the comparison's, which are judged."""
MAX_DOCUMENTS = 300
_OPEN_SECONDS = 90
_SIGNIFICANCE = re.compile(
    r"p[-_ ]?val|significan|t[-_ ]?test|wilcoxon|mann[-_ ]?whitney|mcnemar|bootstrap|permutation|anova|kruskal|fisher|"
    r"chi[-_ ]?squared?|t[-_ ]?stat|cohen|confidence[-_ ]interval",
    re.IGNORECASE,
)


@dataclass
class Written:
    """What was found."""

    documents: list[Document] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    tables: list[str] = field(default_factory=list)
    significance: bool = False


def read_outputs(results: Path) -> Written:
    """Look at everything below `results`; links are not followed."""
    found = Written()
    figures: list[tuple[str, Path, int]] = []
    for name, path, size in _files(results):
        suffix = path.suffix.lower()
        if suffix in FIGURES:
            figures.append((name, path, size))
        elif suffix in _UNOPENED and suffix != ".html":
            found.figures.append(Figure(path=name, bytes=size, opened=False))
        elif suffix == ".json":
            text = _text(path, size)
            found.documents.append(_document(name, text, size))
            found.significance |= bool(text and _SIGNIFICANCE.search(text))
        elif suffix in _WORDS:
            found.tables.append(name)
            found.significance |= bool(_SIGNIFICANCE.search(_text(path, size) or ""))
        found.significance |= bool(_SIGNIFICANCE.search(name))
    found.documents = found.documents[:MAX_DOCUMENTS]
    found.figures += open_figures(figures)
    return found


def open_figures(files: list[tuple[str, Path, int]]) -> list[Figure]:
    """Open each in a process that cannot hurt this one; what ended it is a figure that was not opened."""
    facts = {name: Figure(path=name, bytes=size, opened=False) for name, _, size in files}
    todo = [(name, path, size) for name, path, size in files if 0 < size <= MAX_FIGURE_BYTES][:MAX_FIGURES]
    facts |= {name: Figure(path=name, bytes=0, problem="is empty") for name, _, size in files if size == 0}
    while todo:
        lines = _opened([path for _, path, _ in todo])
        for (name, _, size), line in zip(todo, lines, strict=False):
            facts[name] = Figure.model_validate({"path": name, "bytes": size, **line})
        # The one behind the last answer ended the process.
        todo = todo[len(lines) + 1 :]
    return list(facts.values())


def _opened(paths: list[Path]) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "runner.stages.evaluate.open_figures", *map(str, paths)]
    try:
        done = subprocess.run(
            command, capture_output=True, stdin=subprocess.DEVNULL, timeout=_OPEN_SECONDS, check=False, encoding="utf-8"
        )
        said = done.stdout
    except subprocess.TimeoutExpired as expired:
        said = expired.stdout.decode("utf-8", "replace") if isinstance(expired.stdout, bytes) else expired.stdout or ""
    lines = [line for line in said.splitlines() if line.startswith("{") and line.endswith("}")]
    return [json.loads(line) for line in lines]


def _document(name: str, text: str | None, size: int) -> Document:
    if text is None:
        return Document(path=name, bytes=size, whole=False)
    bare: list[str] = []

    def constant(word: str) -> str:
        bare.append(word)
        return word

    try:
        content = json.loads(text, parse_constant=constant)
    except (ValueError, RecursionError) as error:
        return Document(path=name, bytes=size, problem=str(error)[:200] or type(error).__name__)
    problem = f"{bare[0]} is no JSON value (written {len(bare)} times)" if bare else ""
    whole = len(text) <= MAX_KEPT * (10 if name.startswith("comparison/") else 1) and _depth(content) <= 50
    return Document(path=name, bytes=size, problem=problem, content=content if whole else None, whole=whole)


def _depth(value: Any, limit: int = 60) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 0 if limit == 0 else 1 + max((_depth(item, limit - 1) for item in inner), default=0)


def _text(path: Path, size: int) -> str | None:
    """A file's text; None if it is too large or no UTF-8."""
    if size > MAX_READ:
        return None
    try:
        return path.read_text("utf-8")
    except (OSError, ValueError):
        return None


def _files(root: Path) -> Iterator[tuple[str, Path, int]]:
    """Path relative to `root`, path and size of every regular file; W&B's own folders are left out."""
    count = 0
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in ("wandb", "__pycache__"))
        for name in sorted(names):
            path = Path(folder) / name
            status = path.lstat()
            if not stat.S_ISREG(status.st_mode):
                continue
            count += 1
            if count > MAX_FILES:
                return
            yield path.relative_to(root).as_posix(), path, status.st_size
