"""What an evaluation wrote below its results directory: JSON documents, figures, words of significance."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from runner.evaluation_facts import Document, Figure
from runner.sandbox_files import Found, read_regular, regular_files
from sandbox.json_values import real_number, whole_number, whole_pairs

FIGURES = (".pdf", ".png", ".svg", ".jpg", ".jpeg")
_UNOPENED = (".eps", ".ps", ".html")
_WORDS = (".csv", ".txt", ".md", ".tex", ".tsv")
MAX_FILES = 5000
MAX_FIGURES = 200
MAX_FIGURE_BYTES = 32 * 2**20
MAX_READ = 16 * 2**20
"""Bytes of a JSON or text file that are read."""
MAX_PARSED = 4 * 2**20
"""Bytes of JSON that are parsed: an object takes up to 26 times as much memory as its text."""
MAX_READ_IN_ALL = 64 * 2**20
"""Bytes of all files that are read, some 10 s of looking for words of significance."""
MAX_KEPT = 20_000
"""Characters of a document that is kept in the evidence; ten times as many of the comparison's, which are judged."""
MAX_DOCUMENTS = 300
_OPEN_SECONDS = 90.0
FIGURES_SECONDS = 180.0
"""For all figures of one evaluation: a plot takes milliseconds, one made to hurt its whole share of CPU time."""
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
    cut: bool = False
    """Whether there was more than is listed here."""
    unread: bool = False
    """Whether a file that holds words was too large to be read."""


def read_outputs(results: Path) -> Written:
    """Look at everything below `results`, W&B's own folders left out; links are not followed."""
    found = Written()
    figures: list[tuple[str, Path, int]] = []
    left = MAX_READ_IN_ALL
    files = list(islice(regular_files(results, ("wandb", "__pycache__")), MAX_FILES + 1))
    for file in files[:MAX_FILES]:
        name, suffix = file.name, Path(file.name).suffix.lower()
        found.significance |= bool(_SIGNIFICANCE.search(name))
        if suffix in FIGURES:
            figures.append((name, file.below(results), file.bytes))
        elif suffix in _UNOPENED and suffix != ".html":
            found.figures.append(Figure(path=name, bytes=file.bytes, opened=False))
        elif suffix == ".json" or suffix in _WORDS:
            readable = file.bytes <= min(left, MAX_READ)
            content = read_regular(results, file.parts, MAX_READ) if readable else None
            left -= len(content or b"")
            found.unread |= content is None
            _take(found, file, content)
    found.cut = len(files) > MAX_FILES or len(found.documents) > MAX_DOCUMENTS
    found.documents = found.documents[:MAX_DOCUMENTS]
    found.figures += open_figures(figures)
    return found


def _take(found: Written, file: Found, content: bytes | None) -> None:
    """Add a file that holds words; `content` is None where it was not read."""
    if file.name.lower().endswith(".json"):
        found.documents.append(_document(file.name, content, file.bytes))
    else:
        found.tables.append(file.name)
    found.significance |= bool(_SIGNIFICANCE.search((content or b"").decode("utf-8", "replace")))


def open_figures(files: list[tuple[str, Path, int]]) -> list[Figure]:
    """Open each in a process that cannot hurt this one; what ended it is a figure that was not opened.

    Neither are those behind it once `FIGURES_SECONDS` are over.
    """
    facts = {name: Figure(path=name, bytes=size, opened=False) for name, _, size in files}
    todo = [(name, path, size) for name, path, size in files if 0 < size <= MAX_FIGURE_BYTES][:MAX_FIGURES]
    facts |= {name: Figure(path=name, bytes=0, problem="is empty") for name, _, size in files if size == 0}
    ends = time.monotonic() + FIGURES_SECONDS
    while todo and (left := ends - time.monotonic()) > 0:
        lines = _opened([path for _, path, _ in todo], min(left, _OPEN_SECONDS))
        for (name, _, size), line in zip(todo, lines, strict=False):
            facts[name] = Figure.model_validate({"path": name, "bytes": size, **line})
        # The one behind the last answer ended the process.
        todo = todo[len(lines) + 1 :]
    return list(facts.values())


def _opened(paths: list[Path], seconds: float) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "runner.stages.evaluate.open_figures", *map(str, paths)]
    try:
        done = subprocess.run(
            command, capture_output=True, stdin=subprocess.DEVNULL, timeout=seconds, check=False, encoding="utf-8"
        )
        said = done.stdout
    except subprocess.TimeoutExpired as expired:
        said = expired.stdout.decode("utf-8", "replace") if isinstance(expired.stdout, bytes) else expired.stdout or ""
    lines = [line for line in said.splitlines() if line.startswith("{") and line.endswith("}")]
    return [json.loads(line) for line in lines]


def _document(name: str, content: bytes | None, size: int) -> Document:
    if content is None or len(content) > MAX_PARSED:
        return Document(path=name, bytes=size, whole=False)
    bare: list[str] = []

    def constant(word: str) -> str:
        bare.append(word)
        return word

    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return Document(path=name, bytes=size, whole=False)
    try:
        parsed = json.loads(whole_pairs(text), parse_constant=constant, parse_int=whole_number, parse_float=real_number)
    except (ValueError, RecursionError) as error:
        return Document(path=name, bytes=size, problem=str(error)[:200] or type(error).__name__)
    problem = f"{bare[0]} is no JSON value (written {len(bare)} times)" if bare else ""
    whole = len(text) <= MAX_KEPT * (10 if name.startswith("comparison/") else 1) and _depth(parsed) <= 50
    return Document(path=name, bytes=size, problem=problem, content=parsed if whole else None, whole=whole)


def _depth(value: Any, limit: int = 60) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 0 if limit == 0 else 1 + max((_depth(item, limit - 1) for item in inner), default=0)
