"""Cases of constructed facts, to ask single rules of them."""

from __future__ import annotations

from typing import Any

from runner.checklist import load_checklist
from runner.evidence import Evidence, HubRequest, TrialFacts
from runner.probe_facts import Place, ProbeFacts, Process
from runner.rules.base import Case, Judgement, all_rules
from runner.submissions.model import Run, Submission
from runner.vocabulary import Provided, StageName, Status

YAML = """\
run_id: a
method: proposed
model: {name: distilbert-base-uncased, num_labels: 2}
dataset: {name: glue, config: sst2, max_length: 64}
training: {epochs: 3, learning_rate: 5.0e-5, weight_decay: 0.01, batch_size: 32}
"""
SOURCE = "import torch\noptimizer = torch.optim.AdamW(parameters)\n"
AT = Place(file="src/train.py", line=12)


def probe(**facts: Any) -> ProbeFacts:
    """Facts of a trial with one process, and what is given."""
    main = Process(pid=1, parent=0, command="-m src.main", ended=True)
    return ProbeFacts(**{"processes": [main], **facts})


def trial(seen: ProbeFacts | None = None, run_id: str = "a", status: Status = Status.OK, **fields: Any) -> Evidence:
    """The attempt of one run id."""
    work = fields.pop("work", seen.counters if seen is not None else {})
    facts = TrialFacts(work=work, probe=seen)
    return Evidence(stage=StageName.TRIAL, run_id=run_id, status=status, facts=facts, **fields)


def case(
    *evidence: Evidence, yaml: dict[str, str] | None = None, files: dict[str, str] | None = None, **fields: Any
) -> Case:
    """A case of these attempts; every run id among them has the YAML above unless another is given."""
    run_ids = list(dict.fromkeys(item.run_id for item in evidence if item.run_id)) or ["a"]
    texts = yaml or {}
    runs = tuple(Run(run_id=run_id, run_config=texts.get(run_id, YAML)) for run_id in run_ids)
    submission = Submission(id="s", source="test", files={"src/train.py": SOURCE, **(files or {})}, runs=runs)
    return Case(submission, load_checklist(), list(evidence), run_ids, **fields)


def judged(criterion: str, *evidence: Evidence, **fields: Any) -> Judgement:
    """What the criterion's rule says of these attempts."""
    return all_rules()[criterion](case(*evidence, **fields))


def told(criterion: str, *evidence: Evidence, **fields: Any) -> str:
    """The outcome, and the blame where there is a finding: "fail submission", "not_exercised assets", "pass"."""
    judgement = judged(criterion, *evidence, **fields)
    return " ".join([judgement.outcome, *sorted({draft.blame for draft in judgement.drafts})])


def asked(kind: str, name: str, reason: str = "", provided: Provided = Provided.STAND_IN) -> HubRequest:
    """A request of the hub; `reason`: why it was not served."""
    return HubRequest(kind=kind, id=name, provided=Provided.MISSING if reason else provided, reason=reason)  # type: ignore[arg-type]
