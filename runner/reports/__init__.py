"""What a review writes: views of one `Review`. Nothing here judges."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from runner.curves import read_curve
from runner.repairs.patch import unified_diff
from runner.reports import html, json_report, junit, sarif, summary
from runner.review import Review


def write_reports(
    review: Review, directory: Path, sources: Mapping[str, str], repaired: Mapping[str, str] | None = None
) -> dict[str, Path]:
    """Write review.json, junit.xml, review.sarif, summary.md, report.html, repairs.patch; return name -> path.

    `sources` maps a path inside the submission to its text, `repaired` those of the copy with every blocker stepped
    over; where they are the same, there is no repairs.patch. Each file is replaced as a whole: who
    reads it while it is written sees the old one or the new one. Raises OSError where the directory cannot be written.
    """
    directory.mkdir(parents=True, exist_ok=True)
    patch = unified_diff(sources, repaired or sources)
    curves = {stage.directory: read_curve(directory / stage.directory) for stage in review.stages if stage.directory}
    review = review.model_copy(update={"summary": summary.render(review, sources, patch)})
    texts = {
        "review.json": json_report.render(review),
        "junit.xml": junit.render(review),
        "review.sarif": sarif.render(review, sources),
        "summary.md": review.summary,
        "report.html": html.render(review, sources, patch, curves),
    }
    if patch:
        texts["repairs.patch"] = patch
    else:
        (directory / "repairs.patch").unlink(missing_ok=True)  # of an earlier judgement of the same evidence
    return {name: _replace(directory / name, text) for name, text in texts.items()}


def _replace(path: Path, text: str) -> Path:
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            os.fchmod(file.fileno(), 0o644)  # mkstemp's 0600 would keep a CI's artifact upload from reading it
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return path
