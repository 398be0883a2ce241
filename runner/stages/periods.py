"""Lowers periods, warm-ups and totals in a copy of a run's configuration, so that a run that is cut short reaches what
happens every so many steps.

Conservative: whole numbers under keys that name a period or a total, in the run's own file; shares, lists, sizes, rates
and what a search samples stay as they are. Warm-up stays below the totals, and every period within them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import yaml

from runner.evidence import Lowered
from runner.repairs.yaml_text import root_of
from runner.submissions.model import Submission

_NOT_IN = re.compile(r"optuna|search|sweep|hpo|wandb|^models?$|^datasets?$|^data$|tokenizer|generation|hardware")
"""Sections whose numbers are no periods of the training loop: sizes, architecture, the search space."""
_TRAINING = re.compile(r"train|optim|sched")
"""Sections whose steps are those of the training loop; elsewhere they may be a sampler's or a simulator's."""
_WHAT = (
    r"(?:log|logging|eval|evaluate|evaluation|val|validate|validation|save|saving|checkpoint|checkpointing|ckpt|print"
    r"|display|report|record|update|refresh|reset|sync|prune|pruning|merge)"
)
"""What a loop does every so often: the frequency of anything else is a quantity of its own."""
_UNITS = r"(?:steps?|iters?|iterations?|batches|updates|tokens)"
_RULES = (
    # The first that knows the key decides; steps come by threes a pass, and two passes.
    (re.compile(rf"(?:\w+_)?(?:warm_?up|burn_?in)(?:_(?:num_|n_)?(?:{_UNITS}|epochs?|rounds|period|phase))?"), 1),
    (re.compile(r"(?:\w+_)?start_(?:step|epoch)s?|(?:\w+_)?patience(?:_\w+)?"), 1),
    (re.compile(rf"{_WHAT}_epochs|(?:\w+_)?every(?:_n)?_epochs?"), 1),
    (re.compile(rf"{_WHAT}_(?:steps|iters|batches)"), 2),
    (re.compile(rf"(?:\w+_)?every(?:_(?:n_)?{_UNITS})?"), 2),
    (re.compile(rf"(?:\w+_)?{_WHAT}_(?:interval|freq|frequency|period)(?:_(?:n_)?{_UNITS})?"), 2),
    (re.compile(r"(?:grad|gradient)_?(?:accum|accumulation)(?:_steps)?|accum(?:ulation)?_steps"), 2),
    (re.compile(r"(?:num_|n_|max_|total_)(?:train_|training_)steps"), 6),
    (re.compile(r"(?!min_)(?:\w+_)?epochs"), 2),
)
"""Last part of a key -> the number that it is lowered to."""
_IN_TRAINING = (re.compile(r"(?:num_|n_|max_|total_)steps"), 6)
_AT_ROOT = (re.compile(r"(?:max_|total_)steps"), 6)
_WHOLE = re.compile(r"[0-9]{1,9}")


def with_lower_periods(submission: Submission, run_id: str) -> tuple[Submission, list[Lowered]]:
    """The submission with the run's file edited, and what was lowered from what to what."""
    runs = []
    lowered: list[Lowered] = []
    for run in submission.runs:
        if run.run_id == run_id:
            text, lowered = lower_periods(run.run_config)
            run = run.model_copy(update={"run_config": text})
        runs.append(run)
    # A copy would keep the digest that was computed for the original.
    return Submission.model_validate({**dict(submission), "runs": tuple(runs)}), lowered


def lower_periods(text: str) -> tuple[str, list[Lowered]]:
    """The YAML text with its periods lowered, everything else as it was; the text itself where it cannot be read."""
    root = root_of(text)
    if root is None:
        return text, []
    found = list(_periods(root, ()))
    for node, item in sorted(found, key=lambda pair: -pair[0].start_mark.index):
        text = text[: node.start_mark.index] + str(item.now) + text[node.end_mark.index :]
    return text, [item for _, item in found]


def _periods(node: yaml.MappingNode, above: tuple[str, ...]) -> Iterator[tuple[yaml.ScalarNode, Lowered]]:
    for name, value in node.value:
        key = str(name.value)
        if isinstance(value, yaml.MappingNode) and not _NOT_IN.search(key.lower()) and len(above) < 6:
            yield from _periods(value, (*above, key))
        elif isinstance(value, yaml.ScalarNode) and value.style is None and _WHOLE.fullmatch(value.value):
            was, now = int(value.value), _lowest(*_parts(".".join((*above, key)).lower()))
            if now is not None and was > now:
                line = value.start_mark.line + 1
                yield value, Lowered(key=".".join((*above, key)), line=line, was=was, now=now)


def _parts(key: str) -> tuple[str, str]:
    """A dotted key's section, "" at the root, and its last part."""
    section, _, last = key.rpartition(".")
    return section, last


def _lowest(section: str, key: str) -> int | None:
    rules = (*_RULES, *([] if section else [_AT_ROOT]), *([_IN_TRAINING] if _TRAINING.search(section) else []))
    return next((number for pattern, number in rules if pattern.fullmatch(key)), None)
