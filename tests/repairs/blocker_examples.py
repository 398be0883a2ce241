"""Blockers as the stages would leave them, for the rungs' tests."""

from __future__ import annotations

from collections.abc import Mapping

from runner.checklist import load_checklist
from runner.evidence import (
    ComposeFacts,
    Composition,
    EnvironmentFacts,
    Evidence,
    HubRequest,
    ImportFailure,
    PackagingFailure,
)
from runner.repairs.base import Blocker, Repair
from runner.repairs.ladder import blockers, next_repair
from runner.review import Frame, Traceback
from runner.rules.base import Case
from runner.submissions.model import Run, Submission
from runner.vocabulary import StageName, Status

RUN_ID = "proposed-a"
OTHER_ID = "comparative-1-a"
PYPROJECT = '[project]\nname = "x"\nversion = "1"\ndependencies = ["torch", "hydra-core"]\n'
MAIN = """\
import hydra


@hydra.main(config_path="../config", config_name="config", version_base=None)
def main(cfg):
    print(cfg.mode)


if __name__ == "__main__":
    main()
"""
CONFIG = "run: ???\nresults_dir: ???\nmode: full\nwandb:\n  entity: e\n  project: p\n"


def submission(
    files: Mapping[str, str], runs: Mapping[str, str] | None = None, run_dir: str = "config/runs"
) -> Submission:
    """A small submission; `files` add to and replace the usual ones."""
    given = runs if runs is not None else {RUN_ID: f"run_id: {RUN_ID}\n", OTHER_ID: f"run_id: {OTHER_ID}\n"}
    usual = {"pyproject.toml": PYPROJECT, "config/config.yaml": CONFIG, "src/main.py": MAIN}
    return Submission(
        id="s",
        source="test",
        files={**usual, **files},
        runs=tuple(Run(run_id=name, run_config=text) for name, text in given.items()),
        run_config_dir=run_dir,
    )


def case(sub: Submission, *evidence: Evidence) -> Case:
    return Case(sub, load_checklist(), list(evidence), list(sub.run_ids))


def installed(failure: PackagingFailure | None = None, modules: tuple[str, ...] = ("torch", "hydra")) -> Evidence:
    status = Status.OK if failure is None else Status.FAILED
    facts = EnvironmentFacts(
        failure=failure, has_project_table=True, packages={"torch": "2"}, modules=list(modules), python="3.11"
    )
    return Evidence(stage=StageName.ENVIRONMENT, status=status, facts=facts)


def refused(sub: Submission, step: str, message: str, package: str | None = None) -> Case:
    """uv could not make the environment."""
    return case(sub, installed(PackagingFailure(step=step, message=message, package=package)))


def composed(
    sub: Submission, *errors: str, absent: tuple[str, ...] = (), names: bool = True, config: str = ""
) -> Evidence:
    """Hydra made something of every run id's command line, or failed with `errors`."""
    compositions = [
        Composition(
            module="src.main",
            run_id=run_id,
            ok=not errors and not absent,
            config=config,
            line=4,
            names_config=names,
            absent_keys=list(absent),
            errors=list(errors) or [f"Could not override '{key}'." for key in absent],
        )
        for run_id in sub.run_ids
    ]
    facts = ComposeFacts(imported=["src.main"], compositions=compositions, finished=True)
    failed = any(not composition.ok for composition in compositions)
    return Evidence(stage=StageName.COMPOSE, status=Status.FAILED if failed else Status.OK, facts=facts)


def unimportable(file: str, line: int, kind: str, message: str) -> Evidence:
    """A module of src/ whose import fails."""
    trace = traceback(file, line, kind, message, function="<module>")
    failure = ImportFailure(module=file.removesuffix(".py").replace("/", "."), traceback=trace)
    facts = ComposeFacts(import_failures=[failure], finished=True)
    return Evidence(stage=StageName.COMPOSE, status=Status.FAILED, facts=facts)


def traceback(
    file: str | None, line: int, kind: str, message: str, function: str = "main", below: str = ""
) -> Traceback:
    """`below`: a library's file in which it was raised."""
    frames = [Frame(file=file, line=line, function=function, in_submission=True)] if file else []
    if below:
        frames.append(Frame(file=below, line=1, function="f"))
    return Traceback(type=kind, message=message, file=file, line=line if file else None, frames=frames)


def failed_trial(trace: Traceback, *hub: HubRequest, run_id: str = RUN_ID) -> Evidence:
    return Evidence(
        stage=StageName.TRIAL, run_id=run_id, status=Status.FAILED, exit_code=1, traceback=trace, hub=list(hub)
    )


def repair(found: Case, *done: Repair) -> Repair | None:
    """What the whole ladder makes of a case."""
    return next_repair(found, done)


def first(found: Case) -> Blocker:
    return next(blockers(found))


def line_of(text: str, words: str) -> int:
    return next(number for number, line in enumerate(text.split("\n"), 1) if words in line)


def changed_lines(before: str, after: str) -> tuple[list[str], list[str]]:
    """Lines that went and lines that came."""
    import difflib

    diff = list(difflib.ndiff(before.splitlines(), after.splitlines()))
    return [d[2:] for d in diff if d.startswith("- ")], [d[2:] for d in diff if d.startswith("+ ")]
