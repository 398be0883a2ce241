"""Criteria that reading the files decides."""

from __future__ import annotations

import ast
from collections.abc import Callable
from functools import wraps
from pathlib import PurePosixPath

from runner.evidence import FileProblem, FilesFacts
from runner.rules.base import Case, Draft, Judgement, Rule, decides, judged, missing_stage, not_exercised
from runner.source_text import python_module
from runner.submissions.slots import RUN_CONFIG_DIRS, SLOTS
from runner.vocabulary import Cause, Confidence, StageName

REQUIRED = tuple(SLOTS.values())
_SOURCE_SUFFIXES = {".py", ".ipynb", ".sh", ".yaml", ".yml", ".toml", ".cfg", ".ini"}
# Tooling of the repository around the experiment; neither source nor configuration of it.
_NOT_THE_EXPERIMENT = (".github/", ".gitlab/", ".research/", ".vscode/", ".devcontainer/")


def _with_facts(rule: Callable[[Case, FilesFacts], Judgement]) -> Rule:
    """Give the rule the facts of the files stage; without them its criterion is not exercised."""

    @wraps(rule)
    def judge(case: Case) -> Judgement:
        return rule(case, case.files) if case.files else not_exercised(missing_stage(case, StageName.FILES))

    return judge


def _draft(criterion: str, problem: FileProblem, cause: Cause, what: str) -> Draft:
    return Draft(
        criterion=criterion,
        cause=cause,
        stage=StageName.FILES,
        message=what,
        confidence=Confidence.CONFIRMED,
        file=problem.file,
        line=problem.line,
        evidence=problem.message,
        root=("source", problem.file, str(problem.line)) if problem.kind == "syntax" else (),
    )


@decides("structure.required_files")
@_with_facts
def required_files(case: Case, facts: FilesFacts) -> Judgement:
    return judged(
        Draft(
            criterion="structure.required_files",
            cause=Cause.STRUCTURE,
            stage=StageName.FILES,
            message=f"The required file {path} is missing.",
            confidence=Confidence.CONFIRMED,
            file=path,
        )
        for path in REQUIRED
        if path not in facts.files
    )


@decides("structure.no_extra_files")
@_with_facts
def no_extra_files(case: Case, facts: FilesFacts) -> Judgement:
    # A run may have a file in either folder: `run=ID` selects from config/run, whatever config/runs is read for.
    runs = {f"{folder}/{run_id}.yaml" for folder in RUN_CONFIG_DIRS for run_id in case.submission.run_ids}
    expected = {*REQUIRED, *runs, *(case.submission.run_config_path(run_id) for run_id in case.submission.run_ids)}
    known = {path for path in facts.files if path in expected or _marks_a_package(case, path)}
    extra = [path for path in facts.files if path not in known and _is_source(path)]
    return judged(
        Draft(
            criterion="structure.no_extra_files",
            cause=Cause.STRUCTURE,
            stage=StageName.FILES,
            message=f"{path} is not one of the files of a submission; move what it holds into one of them.",
            confidence=Confidence.CONFIRMED,
            file=path,
        )
        for path in extra
    )


def _marks_a_package(case: Case, path: str) -> bool:
    """Whether it is an __init__.py without a statement: it says that a folder is a package, and brings nothing."""
    if PurePosixPath(path).name != "__init__.py":
        return False
    module = python_module(case.submission.files.get(path, "x"))
    return module is not None and all(
        isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) for node in module.body
    )


def _is_source(path: str) -> bool:
    return PurePosixPath(path).suffix in _SOURCE_SUFFIXES and not path.startswith(_NOT_THE_EXPERIMENT)


@decides("implementation.files_nonempty")
@_with_facts
def files_nonempty(case: Case, facts: FilesFacts) -> Judgement:
    return judged(
        _draft(
            "implementation.files_nonempty",
            problem,
            Cause.STRUCTURE,
            f"{problem.file} is empty, or holds only comments.",
        )
        for problem in facts.problems
        if problem.kind == "empty" and problem.file in REQUIRED
    )


@decides("implementation.compiles")
@_with_facts
def compiles(case: Case, facts: FilesFacts) -> Judgement:
    run_configs = {case.submission.run_config_path(run_id) for run_id in case.submission.run_ids}
    drafts = []
    for problem in facts.problems:
        if problem.kind not in ("syntax", "duplicate_key", "not_a_mapping") or problem.file in run_configs:
            continue
        if problem.file.endswith(".py"):
            cause, what = Cause.IMPORT_NAME, "does not compile"
        elif problem.file.endswith(".toml"):
            cause, what = Cause.PACKAGING, "is not valid TOML"
        else:
            cause, what = Cause.HYDRA_CONFIG, "cannot be read by Hydra"
        drafts.append(_draft("implementation.compiles", problem, cause, f"{problem.file} {what}: {problem.message}"))
    return judged(drafts)


@decides("implementation.no_placeholders")
@_with_facts
def no_placeholders(case: Case, facts: FilesFacts) -> Judgement:
    return judged(
        _draft("implementation.no_placeholders", problem, Cause.LOGIC, f"Not implemented: {problem.message}.")
        for problem in facts.problems
        if problem.kind == "placeholder"
    )


@decides("wandb.entity_project")
@_with_facts
def entity_project(case: Case, facts: FilesFacts) -> Judgement:
    if not facts.wandb:
        return not_exercised("config/config.yaml could not be read")
    absent = [key for key, value in facts.wandb.items() if value is None]
    return judged(
        [
            Draft(
                criterion="wandb.entity_project",
                cause=Cause.WANDB,
                stage=StageName.FILES,
                message=f"config/config.yaml names no W&B {' and no '.join(absent)} (wandb.{', wandb.'.join(absent)}).",
                confidence=Confidence.CONFIRMED,
                file="config/config.yaml",
                line=facts.wandb_line,
            )
        ]
        if absent
        else []
    )


@decides("config.run_yaml_valid")
@_with_facts
def run_yaml_valid(case: Case, facts: FilesFacts) -> Judgement:
    drafts = []
    for run_id in case.run_ids:
        path = case.submission.run_config_path(run_id)
        problems = [problem for problem in facts.problems if problem.file == path]
        drafts += [
            _draft("config.run_yaml_valid", problem, Cause.HYDRA_CONFIG, f"{path} is not usable: {problem.message}")
            for problem in problems
        ]
        named = facts.run_ids_in_yaml.get(run_id)
        if not problems and named not in (None, run_id):
            drafts.append(
                Draft(
                    criterion="config.run_yaml_valid",
                    cause=Cause.HYDRA_CONFIG,
                    stage=StageName.FILES,
                    message=f"{path} gives run_id {named!r}, the submission calls this run {run_id!r}.",
                    confidence=Confidence.CONFIRMED,
                    run_id=run_id,
                    file=path,
                )
            )
    return judged(drafts)
