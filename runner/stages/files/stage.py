"""Read every file of the submission; parse what claims to be Python, TOML or YAML."""

from __future__ import annotations

import re
import time
import tomllib
from collections.abc import Mapping
from typing import Any

from runner.evidence import Evidence, FileProblem, FilesFacts
from runner.source_text import without_mark
from runner.stages.files.python_source import read_python
from runner.stages.files.yaml_source import line_of_key, read_yaml
from runner.submissions.model import Submission
from runner.vocabulary import StageName, Status
from runner.workbench import Workbench

_CONFIG = "config/config.yaml"
_TOML_LINE = re.compile(r"at line (\d+)")


def run_files(bench: Workbench, number: int = 1) -> Evidence:
    """The files stage; runs nothing."""
    bench.progress.stage_started(StageName.FILES, None, "reading and parsing")
    started = time.monotonic()
    with bench.attempt(StageName.FILES, None, number) as attempt:
        facts = read_files(bench.submission)
        evidence = Evidence(
            stage=StageName.FILES,
            attempt=number,
            status=Status.FAILED if facts.problems else Status.OK,
            status_evidence="problems were found" if facts.problems else "",
            wall_seconds=round(time.monotonic() - started, 3),
            directory=str(attempt.record.relative_to(bench.directory)),
            facts=facts,
        )
    bench.progress.stage_finished(evidence)
    return evidence


def read_files(submission: Submission) -> FilesFacts:
    """All problems of all files, in the order of their paths."""
    tree = submission.tree()
    problems = read_python({path: text for path, text in tree.items() if path.endswith(".py")})
    mappings: dict[str, dict[str, Any]] = {}
    for path, text in tree.items():
        if path.endswith((".yaml", ".yml")) and path.startswith("config/"):
            data, found = read_yaml(path, text)
            problems += found
            mappings[path] = data or {}
        elif path == "pyproject.toml":
            problems += _read_toml(path, text)
    config = mappings.get(_CONFIG, {})
    return FilesFacts(
        files=sorted(tree),
        problems=sorted(problems, key=lambda problem: (problem.file, problem.line or 0)),
        wandb=_wandb(config) if config else {},
        wandb_line=line_of_key(tree.get(_CONFIG, ""), "wandb"),
        run_ids_in_yaml={
            run_id: _text(mappings.get(submission.run_config_path(run_id), {}).get("run_id"))
            for run_id in submission.run_ids
        },
    )


def _read_toml(path: str, text: str) -> list[FileProblem]:
    text = without_mark(text)
    if not text.strip() or all(line.lstrip().startswith("#") or not line.strip() for line in text.splitlines()):
        return [FileProblem(file=path, kind="empty", message="the file holds nothing but comments")]
    try:
        tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        line = _TOML_LINE.search(str(error))
        number = int(line.group(1)) if line else None
        return [FileProblem(file=path, line=number, kind="syntax", message=f"not valid TOML: {error}")]
    return []


def _wandb(config: Mapping[str, Any]) -> dict[str, str | None]:
    section = config.get("wandb")
    values = section if isinstance(section, dict) else {}
    return {key: _text(values.get(key)) for key in ("entity", "project")}


def _text(value: object) -> str | None:
    return None if value is None or str(value).strip() in ("", "???") else str(value)
