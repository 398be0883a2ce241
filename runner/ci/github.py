"""GitHub: annotations of lines (workflow commands), the step's summary and outputs, SARIF to upload.

Format: https://docs.github.com/actions/reference/workflow-commands-for-github-actions. A step shows at most ten errors
and ten warnings; the summary has them all, so the most important ones are written.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from runner.ci.places import Checkout
from runner.reports.findings import Group, grouped
from runner.reports.text import one_line, plain
from runner.review import Review
from runner.vocabulary import Severity

PER_LEVEL = 10
"""Annotations of one level that a step shows."""
SUMMARY = 1 << 20
"""Bytes of a step's summary; GitHub refuses more."""


def annotate(review: Review, checkout: Checkout) -> list[str]:
    """A workflow command per finding, most important first, as many as are shown of each level."""
    lines: dict[str, list[str]] = {"error": [], "warning": [], "notice": []}
    for group in grouped(review.findings):
        level = _level(group)
        if len(lines[level]) < PER_LEVEL:
            place = checkout.place(group)
            lines[level].append(
                command(
                    level,
                    one_line(group.finding.message, 1000),
                    file=place.file,
                    line=place.line if place.file else None,
                    title=f"{checkout.headed(group)} ({group.finding.cause})",
                )
            )
    return [line for found in lines.values() for line in found]


def command(name: str, message: str, **properties: str | int | None) -> str:
    """One workflow command. Whatever a submission says stays inside its message."""
    given = ",".join(f"{key}={_property(str(value))}" for key, value in properties.items() if value is not None)
    return f"::{name} {given}::{_data(message)}" if given else f"::{name}::{_data(message)}"


def append_summary(path: Path, text: str) -> None:
    """Add Markdown to the step's summary."""
    with path.open("a", encoding="utf-8") as file:
        file.write(text.encode()[: SUMMARY - 1].decode("utf-8", "ignore") + "\n")


def append_outputs(path: Path, outputs: Mapping[str, str | int]) -> None:
    """Set outputs of the step. Values are one line each: a second line could set another output."""
    with path.open("a", encoding="utf-8") as file:
        for name, value in outputs.items():
            file.write(f"{name}={one_line(str(value), 4000)}\n")


def sarif_of_checkout(sarif: str, checkout: Checkout) -> str:
    """The review's SARIF with paths as the repository has them, which is how code scanning reads them."""
    document = json.loads(sarif)
    for run in document["runs"]:
        run["originalUriBaseIds"]["SRCROOT"]["description"]["text"] = "The repository's root."
        kept = []
        for result in run["results"]:
            artifact = result["locations"][0]["physicalLocation"]["artifactLocation"]
            if checkout.folder is not None:
                artifact["uri"] = (
                    artifact["uri"] if checkout.folder == "." else f"{quote(checkout.folder)}/{artifact['uri']}"
                )
                kept.append(result)
            elif checkout.submission is not None:
                where = result["locations"][0]["physicalLocation"]
                result["message"]["text"] = f"{artifact['uri']}: {result['message']['text']}"
                where["artifactLocation"]["uri"], where["region"] = quote(checkout.submission), {"startLine": 1}
                kept.append(result)
        run["results"] = kept
    return json.dumps(document, indent=2) + "\n"


def _level(group: Group) -> str:
    if group.undecided:
        return "notice"
    return "error" if group.finding.severity is Severity.BLOCKING else "warning"


def _data(text: str) -> str:
    return plain(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
