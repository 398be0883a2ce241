"""The ladder: which repairs there are, in the order in which they are tried."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from runner.evidence import ComposeFacts, Composition
from runner.repairs import (
    assets,
    hydra_entry,
    hydra_keys,
    installing,
    interpreter,
    names,
    packaging,
    run_group,
    spelling,
    struct_lock,
    undeclared,
    working_directory,
)
from runner.repairs.base import Blocker, Repair, identity, tracebacks
from runner.repairs.patch import restored
from runner.repairs.python_text import compiles
from runner.review import Traceback
from runner.rules.base import Case, Draft, all_rules
from runner.rules.failures import failures
from runner.vocabulary import Blame, StageName

Rung = Callable[[Blocker], Repair | None]
"""Knows one kind of blocker; None where it is another kind."""

RUNGS: tuple[Rung, ...] = (
    packaging.dependency_table,
    packaging.poetry_only,
    packaging.bad_requirements,
    packaging.no_project_table,
    installing.unresolved,
    installing.nothing_to_ship,
    installing.broken_build,
    spelling.keyword_attribute,
    hydra_keys.duplicate_keys,
    hydra_entry.config_name,
    hydra_keys.command_line_keys,
    hydra_keys.foreign_hydra_keys,
    run_group.run_group,
    hydra_keys.absent_default,
    struct_lock.refused_overrides,
    struct_lock.locked_write,
    run_group.unreachable_value,
    interpreter.running_interpreter,
    names.own_module,
    working_directory.moved_by_hydra,
    working_directory.child_elsewhere,
    undeclared.tokenizer_packages,
    undeclared.undeclared,
    names.unimported_name,
    names.moved_name,
    spelling.renamed_argument,
    assets.bare_id,
    assets.dataset_configuration,
)
"""Each knows one kind of blocker; where two know the same, the one that is tried first gets past more."""


def next_repair(
    case: Case, done: Sequence[Repair], original: Mapping[str, str] | None = None, rungs: Sequence[Rung] = RUNGS
) -> Repair | None:
    """The repair for the first blocker that any rung knows; None where none helps.

    Deterministic: the same evidence gives the same repair. An edit that was made before, that changes nothing, or that
    leaves a file that does not compile, is no repair. `original`: the submission's own files, in whose lines its
    findings are told.
    """
    for blocker in blockers(case):
        for rung in rungs:
            repair = rung(blocker)
            if repair is not None and _is_usable(repair, case, done):
                return repair.model_copy(update={"over": told_as(blocker.draft, repair, case, original)})
    return None


def told_as(draft: Draft, repair: Repair, case: Case, original: Mapping[str, str] | None) -> str:
    """Identity of the finding that tells of the blocker."""
    # What does not compile was told when the files were read; the import that fails for it is no finding of its own.
    unread = [found for found in all_rules()["implementation.compiles"](case).drafts if found.file in repair.files]
    told = unread[0] if unread else draft
    tree = case.submission.tree()
    return identity(next(restored([told], original or tree, tree), told))


def blockers(case: Case) -> Iterator[Blocker]:
    """The submission's own failures, earliest stage first."""
    for draft in all_rules()["implementation.installs"](case).drafts:
        if draft.blame is Blame.SUBMISSION:
            yield Blocker(case, draft)
    for draft in failures(case):
        if draft.blame is Blame.SUBMISSION:
            yield Blocker(case, draft, _traceback(case, draft), _composition(case, draft))


def _is_usable(repair: Repair, case: Case, done: Sequence[Repair]) -> bool:
    tree = case.submission.tree()
    changes = any(tree.get(path) != text for path, text in repair.files.items())
    sound = all(compiles(text) for path, text in repair.files.items() if path.endswith(".py"))
    return changes and sound and not any(old.files == repair.files for old in done)


def _traceback(case: Case, draft: Draft) -> Traceback | None:
    for stage, run_id, traceback in tracebacks(case):
        same_run = draft.run_id is None or run_id in (None, draft.run_id)
        # A process that never started has no frame; its draft may name the line that started it.
        same_place = traceback.file is None or (traceback.file, traceback.line) == (draft.file, draft.line)
        if stage is draft.stage and same_run and same_place:
            return traceback
    return None


def _composition(case: Case, draft: Draft) -> Composition | None:
    if draft.stage is not StageName.COMPOSE or draft.criterion != "hydra.composes":
        return None
    facts = case.compose
    failed = [c for c in facts.compositions if not c.ok] if isinstance(facts, ComposeFacts) else []
    return next((c for c in failed if draft.run_id in (None, c.run_id)), None)
