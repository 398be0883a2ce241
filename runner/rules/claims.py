"""The claims of an earlier review, held against what running the code showed.

A claim is one numbered point of the earlier text. What a sentence means is not something that a program knows: only
kinds that execution decides are looked for, by words that hardly mean anything else, and only where the claim names the
file or the name that a run can confirm. All else is left open, and a refutation needs a run that got past the place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from runner.review import Claim, Finding
from runner.rules.base import Case
from runner.rules.observed import all_completed, trials
from runner.rules.probed import disputed, missed, probe_of
from runner.vocabulary import Blame, ClaimOutcome, CriterionOutcome

_POINT = re.compile(r"^[ \t]*(?:\(?\d{1,2}[.)]|[-•*‒–—])[ \t]+", re.MULTILINE)
_FILE = re.compile(r"[\w/]*\b\w+\.(?:py|toml|yaml|yml)\b")
_NAME = re.compile(r"[A-Za-z_][\w.]*")
MAX_CLAIM = 1500


@dataclass(frozen=True)
class Told:
    """What a review says, as far as claims need it."""

    case: Case
    outcomes: Mapping[str, CriterionOutcome]
    findings: Sequence[Finding]

    def of(self, *criteria: str) -> list[Finding]:
        found = [finding for finding in self.findings if finding.criterion in criteria]
        return [finding for finding in found if finding.blame is Blame.SUBMISSION]


Answer = tuple[ClaimOutcome, list[str]]
_OPEN: Answer = (ClaimOutcome.NOT_DECIDED, [])


def judge_claims(case: Case, outcomes: Mapping[str, CriterionOutcome], findings: Sequence[Finding]) -> list[Claim]:
    """Every claim of the review that the submission carries; none where it carries none."""
    review = case.submission.review
    if review is None:
        return []
    told = Told(case, outcomes, findings)
    claims = []
    for text in split(review.code_issue):
        outcome, ids = _decided(text, told)
        claims.append(Claim(claim=text[:MAX_CLAIM], outcome=outcome, findings=ids))
    return claims


def split(text: str) -> list[str]:
    """The points of a review's text; headings and closing remarks are no claims. All of it where it has no points."""
    starts = [match.start() for match in _POINT.finditer(text)]
    if not starts:
        return [text.strip()] if text.strip() else []
    ends = [*starts[1:], len(text)]
    points = [
        _POINT.sub("", text[start:end], count=1).split("\n\n")[0] for start, end in zip(starts, ends, strict=True)
    ]
    points = [" ".join(point.split()) for point in points]
    # A heading whose points follow says nothing by itself.
    return [
        point for point in points if point and not (len(point) < 80 and not point.endswith((".", "!", ")")))
    ] or points


def _decided(text: str, told: Told) -> Answer:
    for words, decide in _KINDS:
        if words.search(text):
            return decide(text, told)
    return _OPEN


def _files(text: str) -> set[str]:
    return {name.rsplit("/", 1)[-1] for name in _FILE.findall(text)}


def _names(text: str) -> set[str]:
    """Words of the claim that look like names of code: quoted, dotted, or with an underscore or a capital inside."""
    quoted = re.findall(r"[`'\"‘’“”]([A-Za-z_][\w.]*)[`'\"‘’“”]", text)
    shaped = [word for word in _NAME.findall(text) if re.search(r"_|[a-z][A-Z]|\w\.\w", word)]
    return {word.rsplit(".", 1)[-1] for word in [*quoted, *shaped] if not _FILE.fullmatch(word)} - {""}


def _about(finding: Finding, text: str, *, by_name: bool) -> bool:
    """Whether a finding is about the file of the claim and, where it has to be, about a name in it."""
    said = f"{finding.message}\n{finding.evidence}"
    named = any(re.search(rf"\b{re.escape(name)}\b", said) for name in _names(text))
    in_file = (finding.file or "").rsplit("/", 1)[-1] in _files(text)
    return named if by_name else in_file


def _confirmed(findings: list[Finding]) -> Answer:
    return ClaimOutcome.CONFIRMED, [finding.id for finding in findings]


_REFUTED: Answer = (ClaimOutcome.REFUTED, [])


def _syntax(text: str, told: Told) -> Answer:
    found = [f for f in told.of("implementation.compiles", "config.run_yaml_valid") if _about(f, text, by_name=False)]
    if found:
        return _confirmed(found)
    facts = told.case.files
    files = [path for path in told.case.submission.tree() if path.rsplit("/", 1)[-1] in _files(text)]
    broken = {problem.file for problem in facts.problems} if facts is not None else set()
    return _REFUTED if facts is not None and files and not broken.intersection(files) else _OPEN


def _name_error(text: str, told: Told) -> Answer:
    found = [f for f in _crashes(told) if re.search(r"NameError|UnboundLocal|ImportError|ModuleNotFound", f.message)]
    found = [finding for finding in found if _about(finding, text, by_name=True)]
    return _confirmed(found) if found else _imported(text, told)


def _imported(text: str, told: Told) -> Answer:
    """Refuted where the claim says that importing a file fails, and it was imported."""
    compose, files = told.case.compose, _files(text)
    if compose is None or not files or not re.search(r"\bimport|\bload", text, re.IGNORECASE):
        return _OPEN
    modules = {module.rsplit(".", 1)[-1] + ".py" for module in compose.imported}
    return _REFUTED if files <= modules and re.search(r"on import|at import|import time", text) else _OPEN


def _missing_module(text: str, told: Told) -> Answer:
    found = [f for f in _crashes(told) if re.search(r"ModuleNotFound|ImportError|No module named", f.message)]
    found = [finding for finding in found if _about(finding, text, by_name=True) or _mentions(finding, text)]
    if found:
        return _confirmed(found)
    environment = told.case.environment
    named = {name.lower() for name in _package_words(text)}
    installed = {module.lower() for module in environment.modules} if environment is not None else set()
    imported = told.outcomes.get("implementation.imports") is CriterionOutcome.PASS
    return _REFUTED if imported and named and named <= installed and all_completed(told.case) else _OPEN


def _package_words(text: str) -> list[str]:
    """The packages that the claim says are missing: the words in quotes or before "is not declared"."""
    quoted = re.findall(r"[`'\"‘’“”]([A-Za-z_][\w-]*)[`'\"‘’“”]", text)
    return quoted or re.findall(r"\b([a-z][\w-]+) (?:is|are) (?:not|never|missing)", text)


def _mentions(finding: Finding, text: str) -> bool:
    missing = re.search(r"No module named '([\w]+)", finding.message)
    return missing is not None and re.search(rf"\b{missing.group(1)}\b", text) is not None


def _attribute(text: str, told: Told) -> Answer:
    found = [f for f in _crashes(told) if re.search(r"AttributeError|ConfigKeyError|KeyError", f.message)]
    found = [finding for finding in found if _about(finding, text, by_name=True)]
    return _confirmed(found) if found else _OPEN


def _missing_file(text: str, told: Told) -> Answer:
    found = [f for f in told.of("structure.required_files") if _about(f, text, by_name=False)]
    if found:
        return _confirmed(found)
    named = {name.removeprefix("./") for said in _ABSENT.findall(text) for name in _FILE.findall(" ".join(said))}
    present = {f"/{path}" for path in told.case.submission.tree()}
    return _REFUTED if named and all(any(path.endswith(f"/{name}") for path in present) for name in named) else _OPEN


def _trial_steps(text: str, told: Told) -> Answer:
    """A count that a trial goes beyond. Only findings of what the claim counts confirm it."""
    if _NOT_A_COUNT.search(text) or not _BEYOND.search(text):
        return _OPEN
    counted = {name for words, names in _COUNTED for name in names if re.search(words, text, re.IGNORECASE)}
    found = told.of(*counted)
    if found:
        return _confirmed(found)
    budgets = ("mode.trial_train_batches", "mode.trial_epochs", "mode.trial_eval_batches")
    within = all(told.outcomes.get(criterion) is CriterionOutcome.PASS for criterion in budgets)
    return _REFUTED if within else _OPEN


_COUNTED = (
    (r"\bbatch", ("mode.trial_train_batches", "mode.trial_eval_batches")),
    (r"\bsteps?\b", ("mode.trial_train_batches",)),
    (r"\bepochs?\b", ("mode.trial_epochs",)),
    (r"\bpass(?:es)?\b|\bbudget", ("mode.trial_train_batches", "mode.trial_epochs", "mode.trial_eval_batches")),
)
"""Words of a claim -> the budgets that they may be about."""
_BEYOND = re.compile(
    r"\b(?:exceed\w*|more than|respect\w*|limit\w*|restrict\w*|still|too many|full|entire|\d+)\b", re.IGNORECASE
)
_NOT_A_COUNT = re.compile(
    r"optuna|n_trials|\bsearch|\blog(?:s|ged|ging)?\b|wandb|w&b|\bprint|\bsav(?:e|ed|es|ing)\b|checkpoint|schedul",
    re.IGNORECASE,
)
"""What is done at every step or in a search is another claim than how many steps there are."""


def _never_learns(text: str, told: Told) -> Answer:
    found = told.of("implementation.parameters_learn")
    if found:
        return _confirmed(found)
    # An optimizer that the trial never came to may be the one that is meant.
    seen = [(evidence, probe_of(evidence)) for evidence in trials(told.case)]
    whole = all(
        facts is not None and not disputed(evidence) and not missed(facts, "optimizers") for evidence, facts in seen
    )
    passed = told.outcomes.get("implementation.parameters_learn") is CriterionOutcome.PASS
    only = all(facts is not None and len(facts.optimizers) == 1 for _, facts in seen)
    single = not re.search(
        r"outer|planner|scheduler|second|meta|inner|critic|discriminator|generator", text, re.IGNORECASE
    )
    return _REFUTED if whole and passed and only and single else _OPEN


def _ignored_setting(text: str, told: Told) -> Answer:
    """A key of the run's configuration that the code is said not to read."""
    found = [finding for finding in told.of("hydra.run_config_used") if _about(finding, text, by_name=True)]
    return _confirmed(found) if found else _OPEN


def _result_dump(text: str, told: Told) -> Answer:
    found = [finding for finding in told.of("wandb.no_result_dump") if _about(finding, text, by_name=True)]
    found = found or [
        f for f in told.of("wandb.no_result_dump") if any(name in f.message for name in _json_files(text))
    ]
    return _confirmed(found) if found else _OPEN


def _json_files(text: str) -> list[str]:
    return re.findall(r"\b[\w-]+\.json\b", text)


def _crashes(told: Told) -> list[Finding]:
    """Findings of an exception that a stage met."""
    criteria = (
        "implementation.imports", "implementation.trial_completes", "hydra.composes", "data.loads", "model.builds",
        "implementation.installs",
    )  # fmt: skip
    return told.of(*criteria)


_TRIAL = r"(?<!optuna )\btrial\b"
_UNIT = r"\b(?:batch(?:es)?|steps?|epochs?|pass(?:es)?|budgets?)\b"
_LISTED = rf"[`'\"]?{_FILE.pattern}[`'\"]?(?:(?:,| and|, and| or) [`'\"]?{_FILE.pattern}[`'\"]?)*"
_ABSENT = re.compile(
    rf"(?:^|[.;:(]\s+)(?:the )?(?:required )?(?:files? )?({_LISTED}) (?:is|are) (?:missing|absent)"
    r"\s*(?:[.,;:)]|$|from\b|and\b)"
    rf"|\bmissing (?:required )?files?:? ({_LISTED})",
    re.IGNORECASE,
)
"""That a file itself is said to be missing, not something in it: it is what the clause is about."""

_PATTERNS: tuple[tuple[Callable[[str, Told], Answer], tuple[str, ...]], ...] = (
    (_syntax, (r"syntax ?error", r"does not (?:compile|parse)", r"invalid (?:python )?syntax", r"indentation ?error")),
    (
        _name_error,
        (r"name ?error", r"undefined (?:name|variable)", r"(?:is|are|but) (?:never|not) (?:imported|defined)"),
    ),
    (
        _missing_module,
        (
            r"no module named",
            r"module ?not ?found",
            r"missing (?:module|dependenc|package)",
            r"(?:not|never) (?:declared|listed) in (?:the )?(?:pyproject|dependenc)",
            r"import ?error",
        ),
    ),
    (_attribute, (r"attribute ?error", r"has no attribute")),
    (_missing_file, (_ABSENT.pattern,)),
    (
        _trial_steps,
        (rf"{_TRIAL}.{{0,80}}{_UNIT}", rf"{_UNIT}.{{0,80}}{_TRIAL}"),
    ),
    (
        _never_learns,
        (
            r"never (?:updated|learn|trained)",
            # Clipping, accumulation and the like are other things that may be absent.
            r"\bno gradients?(?![^.;]{0,40}(?:clip|accum|check|norm|scal|penal|log))"
            r"(?:\s*(?:[.,;:)]|$)| (?:flow|reach|ever|is|are|signal|arriv|pass|propagat|for|to|through)\w*)",
            r"performs? a no-op",
            r"(?:parameters|weights) (?:are|do) (?:never|not) (?:updated|change|learn)",
        ),
    ),
    (_ignored_setting, (r"(?:parameter|flag|setting|option|key|value)\b.{0,80}(?:ignored|never (?:read|used))",)),
    (_result_dump, (r"\.json\b.{0,120}train\.py", r"train\.py.{0,120}\.json\b")),
)
_KINDS = tuple((re.compile("|".join(words), re.IGNORECASE), decide) for decide, words in _PATTERNS)
