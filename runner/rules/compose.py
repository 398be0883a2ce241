"""Criteria that importing and composing decides."""

from __future__ import annotations

from typing import Any

from runner.rules.base import Case, Draft, Judgement, decides, judged, missing_stage, not_exercised, passed
from runner.rules.failures import failures
from runner.source_text import yaml_mapping
from runner.vocabulary import Cause, CriterionOutcome, StageName

SECTIONS = ("run_id", "method", "model", "dataset", "training", "optuna")


@decides("implementation.imports")
def imports(case: Case) -> Judgement:
    facts = case.compose
    if facts is None:
        return not_exercised(missing_stage(case, StageName.COMPOSE))
    if not facts.imported and not facts.import_failures:
        return not_exercised("no module of src/ was imported before the stage ended")
    drafts = [draft for draft in failures(case) if draft.criterion == "implementation.imports"]
    if case.environment is not None and not case.environment.has_project_table and facts.import_failures:
        # Nothing was installed; that is what implementation.installs says, and each failed import only follows from it.
        return Judgement(CriterionOutcome.FAIL, why="nothing is declared in pyproject.toml, so nothing can be imported")
    if not drafts and facts.import_failures:
        return Judgement(CriterionOutcome.FAIL, why="see the finding on what stops the import")
    if not facts.finished and not drafts:
        return not_exercised("the stage ended before every module was imported")
    return judged(drafts)


@decides("hydra.composes")
def composes(case: Case) -> Judgement:
    facts = case.compose
    if facts is None:
        return not_exercised(missing_stage(case, StageName.COMPOSE))
    drafts = [draft for draft in failures(case) if draft.criterion == "hydra.composes"]
    if drafts:
        return judged(drafts)
    main = [composition for composition in facts.compositions if composition.module == "src.main"]
    if not main:
        return not_exercised("src/main.py has no @hydra.main that could be asked")
    if not all(composition.ok for composition in main):
        return not_exercised("another failure stops src/main.py before Hydra composes")
    return passed()


@decides("hydra.sections_present")
def sections_present(case: Case) -> Judgement:
    configs = _composed(case)
    if not configs:
        return not_exercised("no configuration composed")
    drafts = []
    for run_id, config in configs.items():
        # The run's own values may stand at the root, below `run`, or below the group's name.
        present = {str(key) for key in config}
        for part in config.values():
            if isinstance(part, dict) and "run_id" in part:
                present |= {str(key) for key in part}
        if "run_id" not in present:
            return not_exercised("the run's values are read by the code itself, not composed by Hydra")
        absent = [section for section in SECTIONS if section not in present]
        if absent:
            drafts.append(
                Draft(
                    criterion="hydra.sections_present",
                    cause=Cause.HYDRA_CONFIG,
                    stage=StageName.COMPOSE,
                    run_id=run_id,
                    file=case.submission.run_config_path(run_id),
                    message=f"The resolved configuration has no {', '.join(absent)}.",
                )
            )
    return judged(drafts)


@decides("config.search_space_valid")
def search_space_valid(case: Case) -> Judgement:
    drafts = []
    code = "\n".join(text for path, text in case.submission.files.items() if path.endswith(".py")).lower()
    for run in case.submission.runs:
        if run.run_id not in case.run_ids:
            continue
        config = yaml_mapping(run.run_config)
        optuna = config.get("optuna")
        space = optuna.get("search_space") if isinstance(optuna, dict) else None
        for name, entry in space.items() if isinstance(space, dict) else ():
            problem = _space_problem(entry, code)
            if problem:
                drafts.append(
                    Draft(
                        criterion="config.search_space_valid",
                        cause=Cause.OPTUNA,
                        stage=StageName.COMPOSE,
                        run_id=run.run_id,
                        file=case.submission.run_config_path(run.run_id),
                        message=f"optuna.search_space.{name} {problem}.",
                        evidence=str(entry),
                    )
                )
    return judged(drafts)


def _composed(case: Case) -> dict[str, dict[str, Any]]:
    facts = case.compose
    if facts is None:
        return {}
    main = [c for c in facts.compositions if c.ok and c.config]
    return {c.run_id: yaml_mapping(c.config) for c in reversed(main)}


def _space_problem(entry: object, code: str) -> str | None:
    """What is wrong with one entry; None where it is right or of a form that only the code can read."""
    if not isinstance(entry, dict):
        return None
    kind = entry.get("type")
    if "choices" in entry and not _has_choices(entry):
        return "has no choices"
    if isinstance(kind, str) and kind.lower() in ("categorical", "choice") and not _has_choices(entry):
        return "is categorical and has no choices"
    low, high = (_number(entry.get(key)) for key in ("low", "high"))
    if low is not None and high is not None and low > high:
        return f"has its bounds the wrong way round (low {low:g}, high {high:g})"
    if isinstance(kind, str) and not any(word in kind.lower() for word in _SPACE_WORDS) and kind.lower() not in code:
        return f"has the unknown type {kind!r}"
    return None


def _has_choices(entry: dict[Any, Any]) -> bool:
    """Whether any value may be a list of choices, by whatever key the code asks for it; a text may stand for one."""
    values = [value for key, value in entry.items() if key not in ("type", "name", "description", "default")]
    return any(isinstance(value, (list, dict, str)) and value for value in values)


# Code names its types in many ways; one is unknown if it contains none of the words that a sampler's name has.
_SPACE_WORDS = ("uniform", "log", "float", "int", "categor", "choice", "discrete", "bool", "fixed", "const", "range")


def _number(value: object) -> float | None:
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
