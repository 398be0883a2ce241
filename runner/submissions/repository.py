"""From the collected files of a repository to a submission: its runs, and what its record says."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from runner.submissions import research_history, run_config_dir, transcript
from runner.submissions.assemble import Parts, assemble
from runner.submissions.collect import HISTORY, TRANSCRIPT, Collector
from runner.submissions.errors import Problems
from runner.submissions.model import Run, Submission
from runner.submissions.slots import SLOT_OF_PATH
from runner.submissions.strict_json import parse


def read(found: Collector, source: str, created_at: datetime | None, problems: Problems) -> Submission:
    """The submission in the repository that `found` collected. Raises SubmissionError."""
    history = _history(found)
    asked = _transcript(found)
    directory = run_config_dir.of_tree(found.files, found.files)
    runs = _runs(found.files, directory, research_history.runs_of(history))
    if not runs:
        wanted = f"put one <run_id>.yaml for each run into {directory}/"
        problems.add(directory, f"holds no run configuration; {wanted}")
    same_code = all(found.files.get(path) == asked.files.get(path) for path in SLOT_OF_PATH)
    parts = Parts(
        files=found.files,
        runs=runs,
        run_config_dir=directory,
        created_at=created_at,
        hypothesis=research_history.hypothesis_of(history),
        instructions=asked.instructions,
        # A verdict on other code than this (it was repaired since) is no claim about this.
        review=asked.review if same_code else None,
        skipped=found.skipped(),
    )
    return assemble(parts, source, problems)


def _runs(files: dict[str, str], directory: str, known: list[Run]) -> list[Run]:
    """One run for each YAML file of the directory, described by the record where it knows the run."""
    described = {run.run_id: run for run in known}
    runs = []
    for path, text in sorted(files.items()):
        folder, _, name = path.rpartition("/")
        if folder == directory and name.endswith(".yaml"):
            run_id = name.removesuffix(".yaml")
            about = described.get(run_id, Run(run_id=run_id, run_config=text))
            runs.append(about.model_copy(update={"run_config": text}))
    return runs or [run for run in known if run.run_config]


def _history(found: Collector) -> Any:
    """The record's history, or None: the submission can be reviewed without a readable one."""
    data = found.records.get(HISTORY)
    return parse(data.decode("utf-8", "replace"), HISTORY, Problems()) if data else None


def _transcript(found: Collector) -> Parts:
    """What the record says the code was asked to be; nothing where it says nothing readable."""
    text = found.records.get(TRANSCRIPT, b"").decode("utf-8", "replace")
    return transcript.read_parts(text, Problems()) if transcript.is_transcript(text) else Parts()
