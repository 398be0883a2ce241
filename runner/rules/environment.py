"""Whether uv can build the project's environment."""

from __future__ import annotations

from runner.evidence import EnvironmentFacts, PackagingFailure
from runner.rules.base import Case, Draft, Judgement, decides, judged, missing_stage, not_exercised
from runner.vocabulary import Blame, Cause, Confidence, StageName, Status

_ADVICE = {
    "parse": "uv cannot read pyproject.toml",
    "resolve": "uv finds no versions that satisfy the dependencies",
    "download": "uv could not download what the project needs",
    "install": "uv could not install what the project needs",
    "build-dependency": "what the project's own build needs cannot be installed",
    "build-project": "the project's own build fails",
}


@decides("implementation.installs")
def installs(case: Case) -> Judgement:
    facts = case.environment
    if facts is None:
        return not_exercised(missing_stage(case, StageName.ENVIRONMENT))
    if facts.failure is not None:
        return judged([_failure(facts.failure)])
    evidence = case.of(StageName.ENVIRONMENT)[-1]
    if evidence.status is not Status.OK:
        return not_exercised(f"the installer ended with {evidence.status}: {evidence.status_evidence}")
    if not facts.has_project_table and needs_packages(case, facts):
        return judged([_nothing_declared(case)])
    return judged([])


def needs_packages(case: Case, facts: EnvironmentFacts) -> bool:
    """Whether the compose stage saw the submission miss a package."""
    if case.compose is None:
        return not facts.packages
    return any(failure.traceback.type == "ModuleNotFoundError" for failure in case.compose.import_failures)


def _failure(failure: PackagingFailure) -> Draft:
    blame = Blame.SUBMISSION if failure.reproducible else Blame.INFRASTRUCTURE
    first = next((line.strip() for line in failure.message.splitlines() if line.strip()), "")
    what = f"{failure.package}: " if failure.package else ""
    return Draft(
        criterion="implementation.installs",
        cause=Cause.PACKAGING,
        stage=StageName.ENVIRONMENT,
        message=f"{_ADVICE[failure.step]}. {what}{_reason(failure, first)}",
        blame=blame,
        file="pyproject.toml",
        line=failure.line,
        evidence=failure.message,
    )


def _reason(failure: PackagingFailure, first: str) -> str:
    if "invalid type: map, expected a sequence" in failure.message:
        return (
            "The dependencies stand in a TOML table; the standard wants a list of requirement strings: "
            'dependencies = ["name>=1.0", …] under [project].'
        )
    if "is not a requirement" in failure.message:
        return f"{first}. Write version ranges as PEP 508 has them, such as numpy>=1.26,<2."
    last = failure.message.strip().splitlines()[-1].strip() if failure.step == "parse" else first
    return last.removeprefix("error: ")


def _nothing_declared(case: Case) -> Draft:
    text = case.submission.files.get("pyproject.toml", "")
    poetry = next((number for number, line in enumerate(text.splitlines(), 1) if line.startswith("[tool.poetry")), None)
    kind = "has only Poetry's own tables" if poetry else "has no [project] table"
    return Draft(
        criterion="implementation.installs",
        cause=Cause.PACKAGING,
        stage=StageName.ENVIRONMENT,
        message=f"pyproject.toml {kind}, so uv installs nothing and the first import fails. "
        "Declare name, version and dependencies under [project].",
        confidence=Confidence.CONFIRMED,
        file="pyproject.toml",
        line=poetry or 1,
        evidence="uv sync ended with exit code 0 and installed no package",
    )
