"""The runs of a transcript: blocks of named lines, each with its configuration in a fence.

The template puts two spaces before what it inserts, and the inserted YAML brings its own line ends, so
only its first line is indented:

    - Run ID: proposed-small
      Method: proposed

      Config Content:
      ```yaml
      run_id: proposed-small
    method: proposed

      ```
"""

from __future__ import annotations

import re

from runner.submissions.errors import Problems, show
from runner.submissions.limits import RUNS
from runner.submissions.model import Run

_START = re.compile(
    r"^- Run ID:[ \t]*+([^\n]*+)\n(?=[ \t]+Method:|[ \t]+Model:|[ \t]+Dataset:|\s*Config Content:)", re.M
)
_FIELD = re.compile(r"^[ \t]+([A-Z][A-Za-z ]*):[ \t]*([^\n]*)$", re.MULTILINE)
_CONTENT = re.compile(r"^([ \t]*)Config Content:[ \t]*\n[ \t]*```[A-Za-z]*[ \t]*\n", re.MULTILINE)
_FENCE_END = re.compile(r"\n[ \t]*```[ \t]*(?=\n|\Z)")


def read_runs(section: str, problems: Problems) -> list[Run]:
    """The runs in the text under the heading Experiment Runs."""
    starts = list(_START.finditer(section))
    if not starts:
        problems.add("Experiment Runs", "no run stands under this heading; give at least one '- Run ID:' block")
        return []
    if len(starts) > RUNS:
        problems.add("Experiment Runs", f"holds {len(starts)} runs; {RUNS} is the most that is accepted")
        return []
    ends = [start.start() for start in starts[1:]] + [len(section)]
    runs = [
        _read_run(start.group(1).strip(), section[start.end() : end], problems)
        for start, end in zip(starts, ends, strict=True)
    ]
    return [run for run in runs if run is not None]


def _read_run(run_id: str, block: str, problems: Problems) -> Run | None:
    where = f"run {show(run_id)}"
    content = _CONTENT.search(block)
    if content is None:
        problems.add(where, "has no 'Config Content:' with a fenced block of YAML under it; add it")
        return None
    # The last fence of the block closes it: YAML may itself hold text with fences.
    closings = list(_FENCE_END.finditer(block, content.end() - 1))
    if not closings:
        problems.add(where, "its block of YAML is not closed (```); the transcript may be cut")
        return None
    fields = {name: value.strip() for name, value in _FIELD.findall(block[: content.start()])}
    return Run(
        run_id=run_id,
        run_config=recover_yaml(block[content.end() : closings[-1].start()], content.group(1)),
        method_name=_value(fields.pop("Method", None)),
        model_name=_value(fields.pop("Model", None)),
        dataset_name=_value(fields.pop("Dataset", None)),
        extra=dict(fields),
    )


def recover_yaml(rendered: str, indent: str) -> str:
    """The YAML text that a template rendered behind `indent`.

    Where only the first line carries the indent, it alone loses it; where every line does, all do.
    """
    lines = rendered.split("\n")
    if indent and all(line.startswith(indent) for line in lines if line.strip()):
        rest_indented = any(line.strip() for line in lines[1:])
        if rest_indented:
            return "\n".join(line.removeprefix(indent) for line in lines)
    return rendered.removeprefix(indent)


def _value(text: str | None) -> str | None:
    # The template prints a missing name as Python's None.
    return None if text in {None, "", "None"} else text
