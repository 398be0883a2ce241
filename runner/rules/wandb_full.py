"""What full mode tells W&B, as the mock's store has it: the run's name, metrics over time, a summary, no search.

The store is the measure; the probe only adds where in the code it happened, and what never reached a server. A run that
a limit ended, or that failed, may have been about to log: only what it did log counts then.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Callable, Iterable

from runner.evidence import Evidence, FullFacts, LoggedRun
from runner.probe_facts import Place, ProbeFacts, WandbUse
from runner.rules.base import Case, Draft, Judgement, decides, judged, not_exercised, passed
from runner.rules.full import full_runs, why_not_full
from runner.rules.merging import merge
from runner.rules.observed import mock_failures, run_draft
from runner.rules.probed import disputed, missed, probe_of
from runner.rules.run_config import leaves, run_config
from runner.source_text import python_module, yaml_mapping
from runner.vocabulary import Cause, Confidence, Status
from sandbox.wandb_mock.server import DEFAULT_ENTITY

_Look = Callable[[Case, Evidence, FullFacts], "Draft | str | None"]
"""A finding, a doubt in words, or nothing to say against it."""


def _over_full(case: Case, look: _Look) -> Judgement:
    ran = full_runs(case)
    drafts, doubts = [], []
    for evidence in ran:
        facts = evidence.facts
        if not isinstance(facts, FullFacts) or evidence.wandb is None or evidence.wandb.problem:
            doubts.append("the W&B mock could not be relied on in full mode")
            continue
        seen = look(case, evidence, facts)
        if isinstance(seen, Draft):
            drafts.append(seen)
        elif seen is not None:
            doubts.append(seen)
    if drafts:
        return judged(merge(drafts, set(case.run_ids)))
    if doubts or not ran:
        return not_exercised(doubts[0] if doubts else why_not_full(case))
    return passed()


@decides("wandb.online_in_full")
def online_in_full(case: Case) -> Judgement:
    found = _over_full(case, _online)
    ours = merge(mock_failures("wandb.online_in_full", full_runs(case)), set(case.run_ids))
    return judged([*found.drafts, *ours]) if ours else found


def _online(case: Case, evidence: Evidence, facts: FullFacts) -> Draft | str | None:
    online = [run for run in facts.runs if run.mode == "online"]
    wanted = _wanted(case, evidence, facts)
    call = next((use for use in _inits(evidence) if not use.searching), None)
    if any(not _other_than(wanted, run) for run in online):
        return None
    if any([name for name, _, _ in _other_than(wanted, run)] == ["entity"] and _unnamed(run) for run in online):
        return "wandb.init gets no entity: whether the account's own is the configured one is not known"
    criterion, place = "wandb.online_in_full", call.place if call else Place()
    # Only the last one is the run's own: those of search trials come before it.
    ended = evidence.status is Status.OK
    if online and (ended or not any(use.searching for use in _inits(evidence))):
        wrong = _other_than(wanted, online[-1])
        words = "; ".join(f"its {name} is {is_!r}, not {ought!r}" for name, is_, ought in wrong)
        seen = f"{online[-1].entity}/{online[-1].project}/{online[-1].id}"
        message = f"The W&B run of full mode is not the configured one: {words}. The evaluation asks for it by these."
        root = (criterion, *(name for name, _, _ in wrong))
        return _draft(criterion, evidence, message, place, seen=seen, root=root)
    if not ended:
        return why_not_full(case)
    if call is None and (disputed(evidence) or _unseen(evidence)):
        return disputed(evidence) or _unseen(evidence)
    if call is not None and call.mode in ("offline", "disabled", "dryrun"):
        message = f"Full mode opens its W&B run with mode {call.mode!r}: nothing reaches the server. Use online."
        return _draft(criterion, evidence, message, place, seen=f"wandb.init with mode {call.mode!r}")
    if call is not None:
        return "wandb was asked for a run, and none was made in the mock"
    message = "Full mode ends without an online W&B run: the evaluation will find none."
    if case.environment is not None and case.environment.packages and "wandb" not in case.environment.packages:
        message += " wandb is not among the project's dependencies."
    return _draft(criterion, evidence, message, place)


def _wanted(case: Case, evidence: Evidence, facts: FullFacts) -> dict[str, str]:
    """Entity, project and id as configured; without those that the configuration does not give."""
    given = dict(case.files.wandb) if case.files else {}
    resolved = [config.resolved for config in facts.probe.configurations if config.resolved] if facts.probe else []
    for text in resolved:
        section = yaml_mapping(text).get("wandb")
        if isinstance(section, dict):
            given |= {name: section.get(name) for name in ("entity", "project") if isinstance(section.get(name), str)}
    wanted = {name: value for name, value in given.items() if value and name in ("entity", "project")}
    return {**wanted, "id": evidence.run_id or ""}


def _other_than(wanted: dict[str, str], run: LoggedRun) -> list[tuple[str, str, str]]:
    """Name, value and configured value of what differs."""
    has = {"entity": run.entity, "project": run.project, "id": run.id}
    return [(name, has[name], value) for name, value in wanted.items() if has[name] != value and "${" not in value]


def _unnamed(run: LoggedRun) -> bool:
    """Whether the run went where the account's runs go that name no entity."""
    return run.entity == DEFAULT_ENTITY


@decides("wandb.logs_over_time")
def logs_over_time(case: Case) -> Judgement:
    return _over_full(case, _over_time)


def _over_time(case: Case, evidence: Evidence, facts: FullFacts) -> Draft | str | None:
    run = _own_run(evidence, facts)
    if run is not None and any(rows > 1 for rows in run.keys.values()):
        return None
    if evidence.status is not Status.OK:
        return why_not_full(case)
    if run is None:
        return "full mode opened no online W&B run"
    if facts.probe is None or _batches(facts.probe) <= 1:
        return "full mode was not seen to repeat a training loop"
    if run.rows and (_epochs(facts.probe) < 2 or _one_epoch(case, evidence)):
        return "the run has one epoch, and may log once an epoch"
    sources = [text for path, text in case.submission.files.items() if path.endswith(".py")]
    if any(map(_uses_lightning, sources)) and not any(cut.what == "log_every_n_steps" for cut in facts.probe.shortened):
        return "Lightning logs every so many steps, which the cut may not reach"
    periodic = periodic_log(sources)
    if periodic:
        return f"the code logs under a condition that the cut may not reach: {periodic}"
    message = "Full mode logs no metric over time: each is logged once at most, while the training loop went on."
    place = next((use.place for use in _inits(evidence)), Place())
    seen = f"{run.rows} rows in the history; keys: {', '.join(run.keys) or 'none'}"
    return _draft("wandb.logs_over_time", evidence, message, place, seen=seen)


def _batches(facts: ProbeFacts) -> int:
    return sum(item.train_batches for item in facts.passes) + facts.hand_batches


def _epochs(facts: ProbeFacts) -> int:
    """Training passes that one line began, shared out over the search's trials and the run's own training."""
    begun = Counter(item.place for item in facts.passes if item.train_batches)
    trials = sum(use.trials for use in facts.optuna)
    return max(begun.values(), default=0) // (trials + 1)


def _one_epoch(case: Case, evidence: Evidence) -> bool:
    own = leaves(run_config(case, evidence.run_id))
    return any(key.rsplit(".", 1)[-1].lower().endswith("epochs") and value == 1 for key, value in own.items())


def _uses_lightning(source: str) -> bool:
    return re.search(r"(?m)^\s*(?:import|from)\s+(?:lightning|pytorch_lightning)\b", source) is not None


def periodic_log(sources: Iterable[str]) -> str:
    """The condition of a log that is made only every so many steps or when something else holds; "" for none."""
    for text in sources:
        tree = python_module(text)
        for node in ast.walk(tree) if tree is not None else ():
            if isinstance(node, ast.If) and any(isinstance(part, ast.Mod) for part in ast.walk(node.test)):
                calls = [part for body in node.body for part in ast.walk(body) if isinstance(part, ast.Call)]
                if any(_is_log(call) for call in calls):
                    return ast.unparse(node.test)[:100]
    return ""


def _is_log(call: ast.Call) -> bool:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    return "log" in str(name).lower()


@decides("wandb.summary_written")
def summary_written(case: Case) -> Judgement:
    return _over_full(case, _summary)


def _summary(case: Case, evidence: Evidence, facts: FullFacts) -> Draft | str | None:
    run = _own_run(evidence, facts)
    own = set(run.summary) - set(run.keys) if run is not None else set()
    if own or (run is not None and facts.probe is not None and facts.probe.wandb_summary):
        return None
    if evidence.status is not Status.OK:
        return why_not_full(case)
    if run is None:
        return "full mode opened no online W&B run"
    if facts.probe is None or disputed(evidence) or _unseen(evidence):
        return disputed(evidence) or _unseen(evidence) or "the probe saw nothing of full mode"
    message = "Full mode writes nothing of its own to the run's summary: final results must be put into run.summary."
    place = next((use.place for use in _inits(evidence)), Place())
    seen = f"the summary has what was logged last: {', '.join(run.summary) or 'nothing'}"
    return _draft("wandb.summary_written", evidence, message, place, seen=seen)


@decides("wandb.search_not_logged")
def search_not_logged(case: Case) -> Judgement:
    return _over_full(case, _search)


def _search(case: Case, evidence: Evidence, facts: FullFacts) -> Draft | str | None:
    if facts.probe is None or disputed(evidence):
        return disputed(evidence) or "the probe saw nothing of full mode"
    opened = [use for use in _inits(evidence) if use.searching and use.mode != "disabled"]
    places = [*(use.place for use in opened), *facts.probe.wandb_in_search]
    if places and (facts.runs or evidence.wandb is None or not evidence.wandb.calls):
        message = "The search's trials are logged to W&B; only the training with the best values may be."
        what = "opens a W&B run" if opened else "logs to W&B"
        seen = f"a trial of the search {what}; runs in the mock: {', '.join(run.id for run in facts.runs) or 'none'}"
        return _draft("wandb.search_not_logged", evidence, message, places[0], seen=seen)
    if not any(use.trials for use in facts.probe.optuna):
        return f"full mode of {evidence.run_id} was not seen to search"
    if evidence.status is not Status.OK:
        return why_not_full(case)
    return _unseen(evidence) or None


def _own_run(evidence: Evidence, facts: FullFacts) -> LoggedRun | None:
    """The run's own: the one of its id, else the last one."""
    online = [run for run in facts.runs if run.mode == "online"]
    return next((run for run in online if run.id == evidence.run_id), online[-1] if online else None)


def _inits(evidence: Evidence) -> list[WandbUse]:
    facts = probe_of(evidence)
    return [use for use in facts.wandb if use.call == "init"] if facts is not None and not disputed(evidence) else []


def _unseen(evidence: Evidence) -> str:
    facts = probe_of(evidence)
    return missed(facts, "wandb") if facts is not None else "the probe saw nothing of full mode"


def _draft(
    criterion: str, evidence: Evidence, message: str, place: Place, *, seen: str = "", root: tuple[str, ...] = ()
) -> Draft:
    cause = Cause.OPTUNA if criterion == "wandb.search_not_logged" else Cause.WANDB
    return run_draft(criterion, cause, evidence, message, place, confidence=Confidence.CONFIRMED, seen=seen, root=root)
