"""summary.md: for a pull request, a CI step summary, and for whoever or whatever repairs the code.

At most `LIMIT` characters, most important first. Blocks are taken in the order of their rank until the space is used
up, and written in the order of the page; what did not fit is named at the end.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from runner.reports.excerpts import as_text, excerpt
from runner.reports.findings import Group, behind, grouped, location, numbers, traceback_of
from runner.reports.markdown import code, fence, inline
from runner.reports.text import count, label, last_lines, one_line, seconds
from runner.reports.wording import doubt, evaluation_words, headline, not_exercised, what_to_do
from runner.review import RepairStep, Review, Traceback
from runner.vocabulary import Severity, Verdict

LIMIT = 8_000
"""Characters: fits a prompt, a comment and a screen or two."""
_IN_FULL = 10
"""Findings that get a heading; the ones after them get a line."""
_DETAILED = 3
"""Findings whose evidence and source come before the lines on all further findings."""
_RESERVE = 400
"""Kept free for the note on what was left out."""


@dataclass(frozen=True)
class _Block:
    rank: tuple[int, int]
    """Smaller is more important."""
    text: str
    what: str
    """How the closing note calls it; `{}` stands for the numbers of the findings."""


def render(review: Review, sources: Mapping[str, str], patch: str = "") -> str:
    """The review as Markdown of at most `LIMIT` characters. `patch`: all repairs as one diff."""
    blocks = _blocks(review, sources, patch)
    kept, left, space = set(), [], LIMIT - _RESERVE
    for place in sorted(range(len(blocks)), key=lambda place: blocks[place].rank):
        block = blocks[place]
        if len(block.text) + 2 <= space:
            kept.add(place)
            space -= len(block.text) + 2
        else:
            left.append(block)
    parts = [block.text for place, block in enumerate(blocks) if place in kept]
    note = _left_out(left)
    return "\n\n".join([*parts, note] if note else parts) + "\n"


def _blocks(review: Review, sources: Mapping[str, str], patch: str) -> list[_Block]:
    groups = grouped(review.findings)
    shown = numbers(groups)
    blocks = [_Block((0, 0), _head(review), "the verdict")]
    heading = ""
    for group in groups:
        title = _title(group)
        first, *others = _finding(review, group, shown, sources)
        if title != heading:  # the heading belongs to its first finding, so that none stands alone
            first = replace(first, text=f"## {title}\n\n{first.text}")
            heading = title
        blocks += [first, *others]
    return blocks + _stepped_over(review, shown, patch) + _closing(review)


def _title(group: Group) -> str:
    if group.undecided:
        return "Not the code's fault: could not be decided"
    return "Blocking" if group.blocks else "Advisory"


def _head(review: Review) -> str:
    groups = grouped(review.findings)
    advisory = sum(group.finding.severity is Severity.ADVISORY for group in groups)
    facts = [
        f"Submission {code(review.submission.id, 100)}",
        count(len(review.submission.run_ids), "run id"),
        f"reviewed in {seconds(review.timings.wall_seconds)} on {inline(review.environment.backend, 40)}",
    ]
    lines = [f"# {headline(review)}", " · ".join(facts)]
    if review.verdict is Verdict.NOT_READY:
        lines.append("Repair the findings in this order: a later one may have been hidden behind an earlier one.")
    elif review.verdict is Verdict.READY:
        lines.append(f"Every exercised blocking criterion passed. {count(advisory, 'advisory finding')}.")
    if doubt(review):
        lines.append(inline(doubt(review), 1000))
    lines += [f"To do: {inline(step, 400)}" for step in what_to_do(review)]
    return "\n\n".join(lines)


def _finding(review: Review, group: Group, shown: dict[str, int], sources: Mapping[str, str]) -> list[_Block]:
    finding, number = group.finding, group.number
    place = code(location(finding)) or f"{finding.stage.value} stage"
    advisory = finding.severity is Severity.ADVISORY
    if advisory or number > _IN_FULL:
        line = f"- **{number}** {place}: {inline(finding.message, 200)} ({code(finding.criterion)})"
        return [_Block((7 if advisory else 4, number), line, "advisory findings {}" if advisory else "findings {}")]
    about = [code(finding.criterion), f"cause {finding.cause.value}", finding.confidence.value]
    if group.run_ids:
        about.append(_runs(group))
    before = behind(group, shown)
    if before:
        about.append("found behind " + ", ".join(f"finding {step}" for step in before[:6]))
    stated = f"### {number}. {place}\n\n{inline(finding.message, 500)}\n\n{' · '.join(about)}"
    blocks = [_Block((1, number), stated, "findings {}")]
    rank = 2 if number <= _DETAILED else 5
    evidence = _evidence(finding.evidence, traceback_of(review, finding))
    if evidence:
        blocks.append(_Block((rank, number), fence(evidence), "evidence of findings {}"))
    lines = as_text(excerpt(sources, finding.file, finding.line, around=2))
    if lines:
        blocks.append(_Block((rank + 1, number), fence(lines, _language(finding.file)), "source of findings {}"))
    return blocks


def _evidence(evidence: str, traceback: Traceback | None) -> str:
    """What was seen, with the submission's last frames and the error where it does not hold them already."""
    seen = last_lines(evidence, lines=8, limit=700) if evidence.strip() else ""
    own = [frame for frame in traceback.frames if frame.in_submission][-3:] if traceback else []
    if traceback is None or 'File "' in seen or (own and f"{own[-1].file}:{own[-1].line} in " in seen):
        return seen
    frames = [
        f'File "{one_line(frame.file, 120)}", line {frame.line}, in {one_line(frame.function, 60)}' for frame in own
    ]
    error = f"{one_line(traceback.type, 80)}: {one_line(traceback.message, 400)}"
    return "\n".join([*frames, seen] if error in seen else filter(None, [seen, *frames, error]))


def _runs(group: Group) -> str:
    names = ", ".join(code(run_id, 60) for run_id in group.run_ids[:3])
    more = len(group.run_ids) - 3
    return f"run {names}" + (f" and {more} more" if more > 0 else "")


def _stepped_over(review: Review, shown: dict[str, int], patch: str) -> list[_Block]:
    """Every repair in a line, then the edits themselves: the smallest change that was seen to get past."""
    blocks = []
    if any(step.helped for step in review.repairs):
        head = "## Smallest change that gets past\n\nSeen to work in a copy; `repairs.patch` holds it for `git apply`."
        text = "\n".join([head, "", *(_step(step, shown) for step in review.repairs if step.helped)])
        blocks.append(_Block((2, 10**5), text, "what was stepped over"))
    last = max((step.step for step in review.repairs if step.helped), default=0)
    vain = [
        _step(step, shown) + (" `repairs.patch` holds it too: what helped was run with it." if step.step < last else "")
        for step in review.repairs
        if not step.helped
    ]
    if vain:
        text = "Tried in the copy, and not seen to help:\n\n" + "\n".join(vain)
        blocks.append(_Block((3, 10**5), text, "what did not help"))
    # By file, so that a long one does not keep the others out.
    for part in filter(None, re.split(r"(?m)^(?=diff --git )", patch)):
        blocks.append(_Block((4, 10**5 + len(part)), fence(part.rstrip("\n"), "diff"), "parts of repairs.patch"))
    return blocks


def _step(step: RepairStep, shown: dict[str, int]) -> str:
    over = ", ".join(f"finding {shown[finding]}" for finding in step.over if finding in shown)
    reached = f" Then: {inline(step.reached, 120)}." if step.reached else ""
    past = f" (gets past {over})" if over else ""
    return f"{step.step}. {inline(step.what.rstrip('.'), 300)}{past}.{reached}"


def _closing(review: Review) -> list[_Block]:
    blocks = []
    repaired = {step.what for step in review.repairs}
    bypasses = list(dict.fromkeys(step for stage in review.stages for step in stage.bypasses if step not in repaired))
    if bypasses:
        text = "Stepped over to look further: " + "; ".join(inline(step, 120) for step in bypasses[:10])
        blocks.append(_Block((3, 10**6), text, "what was stepped over"))
    cuts = list(dict.fromkeys(cut for stage in review.stages for cut in stage.cut_short))
    if cuts:
        more = f"; and {len(cuts) - 8} more" if len(cuts) > 8 else ""
        text = "Full mode was cut short: " + "; ".join(inline(cut, 120) for cut in cuts[:8]) + more
        blocks.append(_Block((6, 10**6), text, "what full mode was spared"))
    strayed = list(dict.fromkeys(path for stage in review.stages for path in stage.checkpoints_elsewhere))
    if strayed:
        text = "Checkpoints that are not below results_dir: " + ", ".join(inline(path, 120) for path in strayed[:5])
        blocks.append(_Block((3, 10**6), text, "where checkpoints are"))
    if review.evaluation is not None:
        text = "Evaluation. " + inline(evaluation_words(review.evaluation), 700)
        blocks.append(_Block((3, 10**6), text, "what evaluation wrote"))
    skipped = not_exercised(review)
    if skipped:
        names = ", ".join(skipped[:12]) + (f" and {len(skipped) - 12} more" if len(skipped) > 12 else "")
        text = f"Not exercised, so neither passed nor failed ({len(skipped)}): {names}"
        blocks.append(_Block((3, 10**6), text, "what was not exercised"))
    if review.claims:
        outcomes = [label(claim.outcome) for claim in review.claims]
        told = ", ".join(f"{outcomes.count(word)} {word}" for word in dict.fromkeys(outcomes))
        blocks.append(_Block((8, 0), f"Claims of the earlier review: {told}", "the earlier review's claims"))
    return blocks


def _left_out(left: list[_Block]) -> str:
    """One sentence that names what was left out; empty where everything fitted."""
    kinds: dict[str, list[int]] = {}
    for block in left:
        kinds.setdefault(block.what, []).append(block.rank[1])
    named = [what.format(_ranges(places)) if "{" in what else what for what, places in kinds.items()]
    if not named:
        return ""
    return one_line(f"Left out for length, all in report.html and review.json: {'; '.join(named)}.", _RESERVE - 4)


def _ranges(numbers: list[int]) -> str:
    """4, 5, 6, 9 as "4 to 6, 9"."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][-1] + 1:
            runs[-1][1:] = [number]
        else:
            runs.append([number])
    return ", ".join(" to ".join(map(str, run)) for run in runs)


def _language(file: str | None) -> str:
    suffix = (file or "").rpartition(".")[2]
    return {"py": "python", "yaml": "yaml", "yml": "yaml", "toml": "toml"}.get(suffix, "text")
