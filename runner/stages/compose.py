"""The compose stage: import every module of src/, let Hydra compose every run id's configuration, train nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Any

from runner.evidence import RESULTS, ComposeFacts, Composition, Evidence, ImportFailure, Refusal
from runner.review import Traceback
from runner.stages.environment.stage import mounts_of, run_variables
from runner.stages.experiment import DEVICE_STAND_IN, experiment_variables, experiment_words
from runner.stages.instruments import instruments
from runner.tracebacks import root_traceback
from runner.vocabulary import StageName, Status
from runner.workbench import Installed, Workbench

# Only the entry point of the promised command line: main may start train with other words than its own.
_ENTRIES = ("src.main",)
UNKNOWN_MODE = "neither-trial-nor-full"


def run_compose(
    bench: Workbench, installed: Installed, run_ids: list[str], number: int = 1, *, device: bool = False
) -> Evidence:
    """Gather all problems of imports and configuration at once; `device`: with the device stand-in."""
    bench.progress.stage_started(StageName.COMPOSE, None, "imports, Hydra composition")
    with bench.attempt(StageName.COMPOSE, None, number) as attempt:
        modules = source_modules(bench.submission.files)
        results = f"{attempt.root}/{RESULTS}"
        spec = {
            "modules": modules,
            "entries": [entry for entry in _ENTRIES if entry in modules],
            "command_lines": {run_id: experiment_words(run_id, results, "trial") for run_id in run_ids},
            "unknown_mode": _unknown_mode(run_ids[0], results) if "src.main" in modules else None,
        }
        command = [
            *(bench.sandbox.uv, "run", "python", attempt.tool("compose.py")),
            attempt.hand_in("compose.json", spec),
            attempt.awaited("composed.jsonl"),
        ]
        with instruments(attempt, installed, device=device) as loaded:
            outcome = attempt.run(
                command,
                wall_seconds=bench.settings.limits.compose_wall_seconds,
                environment={**run_variables(installed), **experiment_variables(bench), **loaded.variables},
                mounts=[*mounts_of(bench, installed), *loaded.mounts],
                with_services=True,
            )
        facts = read_facts(attempt.handed_out("composed.jsonl").splitlines(), attempt.root)
        update = {"facts": facts, "bypasses": [DEVICE_STAND_IN] if device else []}
        evidence = attempt.evidence(outcome, command).model_copy(update=update)
    if evidence.status is Status.OK and _found_problems(facts):
        evidence = evidence.model_copy(update={"status": Status.FAILED, "status_evidence": "problems were found"})
    bench.progress.stage_finished(evidence)
    return evidence


def _unknown_mode(run_id: str, results: str) -> dict[str, object]:
    words = experiment_words(run_id, results, UNKNOWN_MODE)
    return {"entry": "src.main", "mode": UNKNOWN_MODE, "words": words}


def source_modules(files: Iterable[str]) -> list[str]:
    """Module names of the Python files below src/, those that others import first."""
    names = sorted(
        ".".join(PurePosixPath(path).with_suffix("").parts)
        for path in files
        if path.startswith("src/") and path.endswith(".py") and not path.endswith("__init__.py")
    )
    leaves = ["src.main", "src.evaluate", "src.train"]
    return sorted(names, key=lambda name: leaves.index(name) + 1 if name in leaves else 0)


def read_facts(lines: Iterable[str], root: str) -> ComposeFacts:
    """Read the lines that inside/compose.py wrote; `root` is the repository's path inside the sandbox."""
    imported: list[str] = []
    failures: list[ImportFailure] = []
    compositions: list[Composition] = []
    without: list[str] = []
    unknown_mode: Refusal | None = None
    finished = False
    for fact in map(json.loads, filter(_is_json, lines)):
        match fact.pop("fact"):
            case "imported":
                imported.append(fact["module"])
            case "import_failure":
                failures.append(ImportFailure(module=fact["module"], traceback=_traceback(fact["traceback"], root)))
            case "composition":
                trace = fact.pop("traceback")
                compositions.append(Composition(**fact, exception=_traceback(trace, root) if trace else None))
            case "without_hydra":
                without.append(fact["module"])
            case "unknown_mode":
                unknown_mode = Refusal(**fact)
            case "finished":
                finished = True
    return ComposeFacts(
        imported=imported,
        import_failures=failures,
        compositions=compositions,
        without_hydra=without,
        unknown_mode=unknown_mode,
        finished=finished,
    )


def _traceback(text: str, root: str) -> Traceback:
    return root_traceback(text, "", root) or Traceback(type="Exception", message=text[-2000:])


def _found_problems(facts: ComposeFacts) -> bool:
    return bool(facts.import_failures) or not all(composition.ok for composition in facts.compositions)


def _is_json(line: str) -> bool:
    # The file lies where the submission's code could write: a line that is not ours is not read.
    try:
        value: Any = json.loads(line)
    except ValueError:
        return False
    return isinstance(value, dict) and "fact" in value
