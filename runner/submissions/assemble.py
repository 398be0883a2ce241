"""From the parts that a reader found to a `Submission`, or to everything that is wrong with them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from runner.submissions.errors import Problems, show
from runner.submissions.limits import FILE_BYTES, FILES, MIB, RUNS, TEXT_BYTES
from runner.submissions.model import EarlierReview, Hypothesis, Run, Skipped, Submission, content_digest
from runner.submissions.paths import check_together, path_problem, run_id_problem
from runner.submissions.slots import RUN_CONFIG_DIR, SLOT_OF_PATH, SLOTS
from runner.submissions.strict_json import is_unicode


@dataclass
class Parts:
    """What a reader found, unchecked."""

    files: dict[str, str] = field(default_factory=dict)
    runs: list[Run] = field(default_factory=list)
    run_config_dir: str = RUN_CONFIG_DIR
    id: str | None = None
    created_at: datetime | None = None
    hypothesis: Hypothesis | None = None
    instructions: str = ""
    review: EarlierReview | None = None
    skipped: list[Skipped] = field(default_factory=list)


def assemble(parts: Parts, source: str, problems: Problems) -> Submission:
    """The submission that `parts` make. Raises SubmissionError with what was and what is found here."""
    _check_files(parts.files, problems)
    runs = _checked_runs(parts.runs, problems)
    directory_fault = path_problem(parts.run_config_dir)
    if directory_fault:
        problems.add("run_config_dir", f"{show(parts.run_config_dir)} {directory_fault}")
    elif len(parts.files) <= FILES:
        _separate_run_configs(parts, runs, problems)
    problems.raise_if_any()
    tree = {**parts.files, **{f"{parts.run_config_dir}/{run.run_id}.yaml": run.run_config for run in runs}}
    return Submission(
        id=parts.id or content_digest(tree, [run.run_id for run in runs])[:16],
        source=source,
        created_at=parts.created_at,
        files=parts.files,
        runs=tuple(runs),
        run_config_dir=parts.run_config_dir,
        hypothesis=parts.hypothesis,
        instructions=parts.instructions,
        review=parts.review,
        skipped=tuple(parts.skipped),
    )


def text_problem(text: str) -> str | None:
    """Why `text` cannot be the content of a source file; None when it can."""
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        return f"holds a NUL character (line {line}); remove it"
    if not is_unicode(text):
        return "holds a lone surrogate, which no file can; write the whole character"
    if len(text) > FILE_BYTES or len(text.encode("utf-8")) > FILE_BYTES:
        return f"is larger than {FILE_BYTES // MIB} MiB; a submission holds code, not data"
    return None


def _check_files(files: dict[str, str], problems: Problems) -> None:
    if not any(path in SLOT_OF_PATH for path in files):
        wanted = ", ".join(SLOTS.values())
        problems.add("files", f"holds none of a submission's files ({wanted}); give the repository's root")
    if len(files) > FILES:
        problems.add("files", f"holds {len(files)} files; {FILES} is the most that is accepted")
    total = sum(len(text) for text in files.values())
    if total > TEXT_BYTES:
        problems.add("files", f"holds {total // MIB} MiB of text; {TEXT_BYTES // MIB} MiB is the most")
    for path, text in islice(files.items(), FILES):
        if fault := path_problem(path):
            problems.add(show(path), fault)
        if fault := text_problem(text):
            problems.add(show(path), fault)


def _checked_runs(runs: list[Run], problems: Problems) -> list[Run]:
    """The runs whose id can be used, having recorded what is wrong with any."""
    if len(runs) > RUNS:
        problems.add("experiment_runs", f"holds {len(runs)} runs; {RUNS} is the most that is accepted")
    counted = Counter(run.run_id for run in runs)
    usable: dict[str, Run] = {}
    for run in runs[:RUNS]:
        if fault := run_id_problem(run.run_id):
            problems.add(f"run id {show(run.run_id)}", fault)
        else:
            usable[run.run_id] = run
        if fault := text_problem(run.run_config):
            problems.add(f"run {show(run.run_id)}: run_config", fault)
    for run_id, times in counted.items():
        if times > 1:
            problems.add(f"run id {show(run_id)}", f"is given {times} times; give each run its own id")
    return list(usable.values())


def _separate_run_configs(parts: Parts, runs: list[Run], problems: Problems) -> None:
    """Keep each run's configuration in one place, and see that the whole tree can be written."""
    for run in runs:
        path = f"{parts.run_config_dir}/{run.run_id}.yaml"
        if fault := path_problem(path):
            problems.add(show(path), fault)
        if parts.files.pop(path, run.run_config) != run.run_config:
            problems.add(show(path), "is given twice, as a file and as run_config, and the two differ; keep one")
    configs = [f"{parts.run_config_dir}/{run.run_id}.yaml" for run in runs]
    check_together([path for path in [*parts.files, *configs] if not path_problem(path)], problems)


def files_at(slots: dict[str, str], others: dict[str, str], problems: Problems) -> dict[str, str]:
    """The files of named slots and of a path map together; a path that both give is a problem."""
    files = {SLOTS[slot]: text for slot, text in slots.items()}
    for path, text in others.items():
        if path in files:
            problems.add(show(path), f"is given twice, as {SLOT_OF_PATH[path]} and under files; keep one")
        files[path] = text
    return files
