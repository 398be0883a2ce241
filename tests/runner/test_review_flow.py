"""One review through all stages, with a sandbox that runs nothing: what each ending of a stage leads to."""

from __future__ import annotations

import json
import os
import shutil
import socket
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

from runner.conclude import judge_again
from runner.evidence import Evidence
from runner.pipeline import Reviewer
from runner.review import Review, review_schema
from runner.settings import load_settings
from runner.stages.trial import run_trial
from runner.submissions.model import Run, Submission
from runner.vocabulary import Blame, Status, Verdict
from sandbox.assets import AssetStore
from sandbox.backends.dummy import SUCCESS, DummySandbox, Scripted
from sandbox.errors import InfrastructureError
from sandbox.protocol import StopReason, Task

FILES = {
    "pyproject.toml": '[project]\nname = "x"\nversion = "1"\ndependencies = ["torch"]\n',
    "config/config.yaml": "wandb:\n  entity: e\n  project: p\n",
    **{f"src/{name}.py": "import os\n" for name in ("train", "evaluate", "preprocess", "model", "main")},
}
RUNS = (
    Run(run_id="proposed-a", run_config="run_id: proposed-a\n"),
    Run(run_id="comparative-1-a", run_config="run_id: comparative-1-a\n"),
)
CONFIG = "run_id: x\nmethod: a\nmodel: {}\ndataset: {}\ntraining: {}\noptuna: {}\n"
FAILED = replace(SUCCESS, exit_code=1, engine_exit_code=1)
CHILD_ERROR = """\
Traceback (most recent call last):
  File "<frozen runpy>", line 198, in _run_module_as_main
  File "/workspace/src/train.py", line 12, in <module>
    main()
  File "/workspace/src/train.py", line 9, in main
    total = loss + undefined_name
NameError: name 'undefined_name' is not defined
Traceback (most recent call last):
  File "/workspace/src/main.py", line 30, in main
    subprocess.run(command, check=True)
  File "/usr/lib/python3.11/subprocess.py", line 571, in run
    raise CalledProcessError(retcode, process.args,
subprocess.CalledProcessError: Command '['python', '-m', 'src.train']' returned non-zero exit status 1.
"""


class Silent:
    """Listens to nothing."""

    def stage_started(self, stage: object, run_id: object, note: str = "") -> None: ...
    def stage_note(self, text: str) -> None: ...
    def stage_counters(self, read: object) -> None: ...
    def stage_finished(self, evidence: Evidence) -> None: ...


def _exchange(task: Task) -> Path:
    return next(mount.source for mount in task.mounts if mount.target == "/exchange")


def installs(task: Task) -> None:
    spec = json.loads((_exchange(task) / "install.json").read_text())
    store = next(mount.source for mount in task.mounts if mount.target == "/store")
    inside = f"{spec['environment']}/lib/python3.11/site-packages"
    (store / inside.removeprefix("/store/")).mkdir(parents=True)
    result = {
        "steps": [{"name": "sync", "exit_code": 0, "stderr": ""}],
        "python": "3.11.2",
        "packages": {"torch": "2.13.0"},
        "modules": ["torch"],
        "site_packages": inside,
    }
    (_exchange(task) / "installed.json").write_text(json.dumps(result))


def refuses(task: Task) -> None:
    stderr = (
        "error: Failed to parse: pyproject.toml\n  cause: TOML parse error at line 1, column 1\n"
        "         invalid type: map, expected a sequence\n"
    )
    result = {"steps": [{"name": "sync", "exit_code": 2, "stderr": stderr}], "python": "3.11.2"}
    (_exchange(task) / "installed.json").write_text(json.dumps(result))


def composes(task: Task) -> None:
    facts = [{"fact": "imported", "module": "src.main"}]
    facts += [
        {"fact": "composition", "module": "src.main", "run_id": run.run_id, "ok": True, "config": CONFIG,
         "errors": [], "traceback": ""}
        for run in RUNS
    ]  # fmt: skip
    facts.append({"fact": "finished"})
    (_exchange(task) / "composed.jsonl").write_text("".join(json.dumps(fact) + "\n" for fact in facts))


TO_TRIAL = "stages=[files,environment,compose,trial]"
INSTALLED = Scripted(act=installs)
COMPOSED = Scripted(act=composes)


@pytest.fixture
def reviewed(tmp_path: Path):
    def run(
        script: Sequence[Scripted | Exception], *overrides: str, cancel: bool = False, files: dict = FILES
    ) -> Review:
        submission = Submission(id="s", source="test", files=files, runs=RUNS)
        words = [f"cache_dir={tmp_path / 'cache'}", "env.torch=auto", TO_TRIAL, *overrides]
        settings = load_settings(words)
        event = threading.Event()
        if cancel:
            event.set()
        directory = tmp_path / "review"
        review = Reviewer(submission, settings, DummySandbox(script), directory, Silent(), event, tuple(words)).review()
        assert review.environment.overrides == words
        jsonschema.validate(json.loads((directory / "review.json").read_text()), review_schema())
        assert not list((tmp_path / "cache" / "scratch").iterdir()), "the scratch folders are removed"
        assert judge_again(directory).model_dump() == review.model_dump(), "judging again says the same"
        return review

    return run


def _trial_counters(**counts: int):
    def act(task: Task) -> None:
        folder = next(mount.source for mount in task.mounts if mount.target == "/run/probe")
        with socket.socket(socket.AF_UNIX) as probe:
            probe.connect(str(folder / "events.sock"))
            events = ({"e": "hello", "parent": 1}, {"e": "counters", "v": counts}, {"e": "goodbye"})
            for number, event in enumerate(events, start=1):
                probe.sendall(json.dumps({**event, "p": 2, "n": number}).encode() + b"\n")

    return Scripted(act=act)


WORKED = {"processes": 2, "forward": 1, "backward": 2, "optimizer_steps": 2}


def test_a_trial_that_worked_is_ready(reviewed) -> None:
    review = reviewed([INSTALLED, COMPOSED, _trial_counters(**WORKED), _trial_counters(**WORKED)])
    assert (review.verdict, review.is_code_ready, review.code_issue) == (Verdict.READY, True, "")
    assert not review.findings
    assert [stage.stage for stage in review.stages] == ["files", "environment", "compose", "trial", "trial"]


def test_exit_code_zero_without_work_is_no_pass(reviewed) -> None:
    idle = _trial_counters(processes=1)
    review = reviewed([INSTALLED, COMPOSED, idle, idle])
    assert [(f.criterion, f.run_id) for f in review.findings] == [("implementation.work_observed", None)]
    assert review.verdict is Verdict.NOT_READY


def test_a_failure_behind_exit_code_zero_is_told_with_its_cause(reviewed) -> None:
    hidden = replace(_trial_counters(processes=2), stderr=CHILD_ERROR)
    review = reviewed([INSTALLED, COMPOSED, hidden, hidden])
    told = [(f.criterion, f.file, f.line, f.run_id) for f in review.findings]
    assert ("implementation.work_observed", "src/main.py", None, None) in told
    assert ("implementation.imports", "src/train.py", 9, None) in told
    cause = next(finding for finding in review.findings if finding.line == 9)
    assert "NameError" in cause.message and "exit code 0 all the same" in cause.message


def test_an_error_that_a_working_trial_printed_is_no_failure(reviewed) -> None:
    survived = replace(_trial_counters(**WORKED), stderr=CHILD_ERROR)
    assert reviewed([INSTALLED, COMPOSED, survived, survived]).verdict is Verdict.READY


def test_a_hidden_failure_is_stepped_over(reviewed) -> None:
    hidden = replace(_trial_counters(processes=2), stderr=NO_SRC)
    worked = _trial_counters(**WORKED)
    review = reviewed([INSTALLED, COMPOSED, hidden, hidden, COMPOSED, worked, worked])
    assert [(step.kind, step.helped) for step in review.repairs] == [("working-directory", True)]


def test_an_unloaded_probe_accuses_nobody(reviewed) -> None:
    review = reviewed([INSTALLED, COMPOSED])
    outcome = {item.criterion: item.outcome for item in review.checklist}
    assert outcome["implementation.work_observed"] == "not_exercised"
    assert not review.findings


def test_uv_refusing_the_project_ends_the_review_with_its_words(reviewed) -> None:
    review = reviewed([Scripted(act=refuses)])
    finding = review.findings[0]
    assert (finding.criterion, finding.file, finding.line) == ("implementation.installs", "pyproject.toml", 1)
    assert [stage.stage for stage in review.stages] == ["files", "environment"]
    assert review.verdict is Verdict.NOT_READY


def test_the_childs_error_is_one_finding_for_all_runs(reviewed) -> None:
    failing = Scripted(outcome=FAILED, stderr=CHILD_ERROR)
    review = reviewed([INSTALLED, COMPOSED, failing, failing])
    assert len(review.findings) == 1
    finding = review.findings[0]
    assert (finding.file, finding.line, finding.run_id, finding.confidence) == ("src/train.py", 9, None, "confirmed")
    assert "NameError" in finding.message


def test_one_failing_run_is_named(reviewed) -> None:
    review = reviewed([INSTALLED, COMPOSED, Scripted(outcome=FAILED, stderr=CHILD_ERROR), _trial_counters(**WORKED)])
    assert [finding.run_id for finding in review.findings] == ["proposed-a"]


def test_a_mistake_of_our_own_costs_one_attempt_and_accuses_nobody(reviewed, monkeypatch, tmp_path: Path) -> None:
    def breaks(bench, installed, run_id: str, *args, **more) -> Evidence:
        return {}["\ud800"] if run_id == "proposed-a" else run_trial(bench, installed, run_id, *args, **more)

    monkeypatch.setattr("runner.stage_runner.run_trial", breaks)
    review = reviewed([INSTALLED, COMPOSED, _trial_counters(**WORKED)])
    assert review.verdict is Verdict.INCONCLUSIVE
    assert [stage.status for stage in review.stages[3:]] == [Status.INFRASTRUCTURE_ERROR, Status.OK]
    assert not [finding for finding in review.findings if finding.blame is Blame.SUBMISSION]
    (evidence,) = (tmp_path / "review").glob("stages/*-trial-proposed-a/*/evidence.json")
    assert "KeyError at test_review_flow.py:" in json.loads(evidence.read_text())["status_evidence"]
    assert "run_trial" not in evidence.read_text() and "KeyError" in evidence.with_name("failure.txt").read_text()


def test_a_rule_that_fails_costs_its_criterion_and_accuses_nobody(reviewed, monkeypatch) -> None:
    def breaks(case: object) -> object:
        raise ValueError("a text that no rule thought of")

    monkeypatch.setattr("runner.rules.wandb_use.trials", breaks)
    review = reviewed([INSTALLED, COMPOSED, _trial_counters(**WORKED), _trial_counters(**WORKED)])
    assert review.verdict is Verdict.INCONCLUSIVE
    (finding,) = review.findings
    told = (finding.criterion, finding.blame, finding.stage)
    assert told == ("wandb.off_in_trial", Blame.INFRASTRUCTURE, "trial")
    assert "ValueError: a text that no rule thought of" in finding.evidence
    outcomes = {item.criterion: item.outcome for item in review.checklist}
    assert (outcomes["wandb.off_in_trial"], outcomes["implementation.work_observed"]) == ("not_exercised", "pass")


def test_a_repair_that_fails_ends_the_repairs_and_nothing_else(reviewed, monkeypatch) -> None:
    def breaks(*_: object) -> None:
        raise KeyError("no such edit")

    monkeypatch.setattr("runner.pipeline.next_repair", breaks)
    lost = Scripted(outcome=FAILED, stderr=NO_SRC)
    review = reviewed([INSTALLED, COMPOSED, lost, lost])
    assert (review.verdict, review.repairs) == (Verdict.NOT_READY, [])


def _plants(host: Path):
    """Puts into the workspace what would lead a careless reader to the host's files, or hang or fail it."""

    def act(task: Task) -> None:
        workspace = next(mount.source for mount in task.mounts if mount.target == "/workspace")
        (workspace / os.fsdecode(b"results-\xff.txt")).write_text("x")
        (workspace / "src" / "train.py").unlink()
        os.mkfifo(workspace / "src" / "train.py")
        for name in ("evaluated", "config"):
            shutil.rmtree(workspace / name, ignore_errors=True)
            (workspace / name).symlink_to(host)
        if task.name.startswith("compose"):
            (_exchange(task) / "composed.jsonl").symlink_to(host / "secret.jsonl")

    return Scripted(act=act)


def test_what_a_stage_leaves_behind_can_neither_show_the_hosts_files_nor_end_the_review(reviewed, tmp_path) -> None:
    host = tmp_path / "host"
    host.mkdir()
    (host / "secret.json").write_text('{"secret": 1}')
    (host / "secret.jsonl").write_text('{"fact": "imported", "module": "secret"}\n')
    (host / "config.yaml").write_text(FILES["config/config.yaml"])
    planted = _plants(host)
    script = [INSTALLED, *[planted] * 5]
    review = reviewed(script, "stages=[files,environment,compose,trial,evaluate]", "repairs=off")
    assert [stage.status for stage in review.stages[3:]] == [Status.OK] * 3
    texts = [path.read_text() for path in (tmp_path / "review").glob("stages/*/*/evidence.json")]
    assert len(texts) == 6 and not any("secret" in text for text in texts)
    assert "results-\\xff.txt" in review.stages[3].outputs
    trial = next((tmp_path / "review").glob("stages/*-trial-proposed-a/1/evidence.json"))
    changed = json.loads(trial.read_text())["facts"]["changed_sources"]
    assert {"src/train.py", "config/config.yaml"} <= set(changed) and "src/main.py" not in changed


def test_keys_that_no_file_can_hold_are_escaped(reviewed) -> None:
    printed = Scripted(stdout='{"\\ud800": 0.5}\n')
    review = reviewed([INSTALLED, COMPOSED, printed, printed])
    assert [stage.status for stage in review.stages[3:]] == [Status.OK] * 2


def test_an_engine_that_fails_is_never_the_submissions_fault(reviewed) -> None:
    review = reviewed([INSTALLED, COMPOSED, InfrastructureError("the engine went away"), InfrastructureError("again")])
    assert review.verdict is Verdict.INCONCLUSIVE
    assert {finding.blame for finding in review.findings} == {Blame.INFRASTRUCTURE}
    assert [stage.status for stage in review.stages[3:]] == [Status.INFRASTRUCTURE_ERROR] * 2


TO_THE_END = "stages=[files,environment,compose,trial,full,evaluate]"


def test_the_evaluation_script_runs_when_trials_failed_on_numbers_that_are_said_to_be_made_up(
    reviewed, tmp_path
) -> None:
    failing = Scripted(outcome=FAILED, stderr=CHILD_ERROR)
    review = reviewed([INSTALLED, COMPOSED, failing, failing], TO_THE_END, "repairs=off")
    last = review.stages[-1]
    assert (last.stage, last.status) == ("evaluate", "ok")
    assert review.evaluation is not None and review.evaluation.made_up == [run.run_id for run in RUNS]
    assert set(review.evaluation.variants) == {"logged", "baseline-wins"}
    for name in ("summary.md", "report.html"):
        assert "The numbers are made up" in (tmp_path / "review" / name).read_text("utf-8")


def test_evaluation_that_the_engine_failed_is_nobodys_fault(reviewed) -> None:
    worked = _trial_counters(**WORKED)
    words = "stages=[files,environment,compose,trial,evaluate]"
    review = reviewed([INSTALLED, COMPOSED, worked, worked, *[InfrastructureError("gone")] * 2], words)
    assert (review.verdict, review.stages[-1].status) == (Verdict.INCONCLUSIVE, Status.INFRASTRUCTURE_ERROR)
    assert not [finding for finding in review.findings if finding.blame is Blame.SUBMISSION]


def test_without_an_environment_nothing_is_evaluated(reviewed) -> None:
    review = reviewed([Scripted(act=refuses)], TO_THE_END)
    assert [stage.stage for stage in review.stages] == ["files", "environment"] and review.evaluation is None


def test_a_timeout_without_a_gpu_proves_nothing(reviewed) -> None:
    late = Scripted(outcome=replace(SUCCESS, exit_code=None, stopped_by=StopReason.WALL))
    review = reviewed([INSTALLED, COMPOSED, late, late])
    assert review.verdict is Verdict.INCONCLUSIVE
    assert {finding.criterion for finding in review.findings} == {"mode.trial_time"}


def test_memory_limit_is_the_submissions(reviewed) -> None:
    killed = Scripted(outcome=replace(SUCCESS, exit_code=None, signal=9, oom_kills=1))
    review = reviewed([INSTALLED, COMPOSED, killed, killed])
    assert [(f.criterion, f.blame) for f in review.findings] == [("mode.trial_memory", Blame.SUBMISSION)]


def test_an_interrupted_review_keeps_what_it_gathered(reviewed) -> None:
    review = reviewed([INSTALLED], cancel=True)
    assert review.verdict is Verdict.INCONCLUSIVE
    assert [stage.stage for stage in review.stages] == ["files"]
    assert "did not run" in review.code_issue


def test_only_the_runs_and_stages_asked_for(reviewed) -> None:
    review = reviewed(
        [INSTALLED, _trial_counters(**WORKED)], "runs=[comparative-1-a]", "stages=[files,environment,trial]"
    )
    assert [(stage.stage, stage.run_id) for stage in review.stages][2:] == [("trial", "comparative-1-a")]
    assert review.verdict is Verdict.READY


def test_a_severity_override_changes_the_verdict(reviewed) -> None:
    files = {**FILES, "config/config.yaml": "wandb: {}\n"}
    script = [INSTALLED, COMPOSED, _trial_counters(**WORKED), _trial_counters(**WORKED)]
    assert reviewed(script, "severity.wandb_entity_project=advisory", files=files).verdict is Verdict.READY


def test_stand_ins_that_cannot_be_made_are_never_the_submissions_fault(reviewed, monkeypatch) -> None:
    def refuse(self: AssetStore, wanted: object) -> None:
        raise InfrastructureError("the runtime environment could not be made: no space left")

    monkeypatch.setattr(AssetStore, "prepare", refuse)
    review = reviewed([INSTALLED, COMPOSED])
    assert review.verdict is Verdict.INCONCLUSIVE
    assert {stage.status for stage in review.stages if stage.stage == "trial"} == {Status.INFRASTRUCTURE_ERROR}
    assert all("no space left" in finding.message for finding in review.findings)


def test_results_that_a_trial_prints_are_seen(reviewed, tmp_path: Path):
    printed = Scripted(stdout='accuracy: nan\n{"accuracy": 0.5}\n')
    reviewed([INSTALLED, COMPOSED, printed, Scripted()])
    path = next(tmp_path.glob("review/stages/*trial-proposed-a/1/evidence.json"))
    facts = json.loads(path.read_text())["facts"]
    assert [value["key"] for value in facts["probe"]["not_numbers"]] == ["accuracy"]
    assert facts["printed_documents"] == [["accuracy"]]


TO_FULL = "stages=[files,environment,compose,trial,full]"
LATE = replace(SUCCESS, exit_code=None, stopped_by=StopReason.WALL)


def test_full_mode_follows_the_trials(reviewed) -> None:
    worked = _trial_counters(**WORKED)
    review = reviewed(
        [INSTALLED, COMPOSED, worked, worked, worked, Scripted(outcome=FAILED, stderr=CHILD_ERROR)], TO_FULL
    )
    assert [(stage.stage, stage.run_id) for stage in review.stages][5:] == [
        ("full", "proposed-a"),
        ("full", "comparative-1-a"),
    ]
    found = {(finding.criterion, finding.run_id) for finding in review.findings}
    assert ("mode.full_starts", "comparative-1-a") in found


def test_full_mode_is_skipped_behind_a_trial_that_failed(reviewed) -> None:
    script = [INSTALLED, COMPOSED, Scripted(outcome=FAILED, stderr=CHILD_ERROR), _trial_counters(**WORKED)]
    review = reviewed([*script, Scripted(outcome=FAILED, stderr=CHILD_ERROR)], TO_FULL)
    status = {stage.run_id: stage.status for stage in review.stages if stage.stage == "full"}
    assert status == {"proposed-a": Status.SKIPPED, "comparative-1-a": Status.FAILED}
    assert len(review.findings) == 1, "what the trial met is not reported for full mode again"


def test_full_mode_may_be_ended_by_its_limit_while_it_works(reviewed) -> None:
    worked = _trial_counters(**WORKED)
    working = replace(worked, outcome=LATE)
    at_work = reviewed([INSTALLED, COMPOSED, worked, worked, working, working], TO_FULL)
    assert (at_work.verdict, at_work.findings) == (Verdict.READY, [])
    assert {item.criterion: item.outcome for item in at_work.checklist}["wandb.online_in_full"] == "not_exercised"


def test_full_mode_that_never_came_to_work_is_inconclusive(reviewed) -> None:
    worked, waiting = _trial_counters(**WORKED), Scripted(outcome=LATE)
    review = reviewed([INSTALLED, COMPOSED, worked, worked, waiting, waiting], TO_FULL)
    assert (review.verdict, review.findings) == (Verdict.INCONCLUSIVE, [])


NO_SRC = """\
Traceback (most recent call last):
  File "/workspace/src/main.py", line 1, in <module>
    import os
ModuleNotFoundError: No module named 'src'
"""


def test_an_edit_that_did_not_help_is_in_no_patch(reviewed, tmp_path) -> None:
    lost = Scripted(outcome=FAILED, stderr=NO_SRC)
    review = reviewed([INSTALLED, COMPOSED, lost, lost, COMPOSED, lost, lost])
    assert [(step.kind, step.helped, step.over) for step in review.repairs] == [("working-directory", False, [])]
    assert not (tmp_path / "review" / "repairs.patch").exists()


def test_an_edit_that_helped_is_in_the_patch(reviewed, tmp_path) -> None:
    lost, worked = Scripted(outcome=FAILED, stderr=NO_SRC), _trial_counters(**WORKED)
    review = reviewed([INSTALLED, COMPOSED, lost, lost, COMPOSED, worked, worked])
    assert [(step.helped, step.over) for step in review.repairs] == [(True, [review.findings[0].id])]
    assert "chdir: false" in (tmp_path / "review" / "repairs.patch").read_text()


def test_a_repaired_round_starts_nothing_once_the_time_is_up(reviewed, monkeypatch) -> None:
    monkeypatch.setattr(Reviewer, "_out_of_time", lambda self: len(self._evidence) >= 6)
    lost = Scripted(outcome=FAILED, stderr=NO_SRC)
    review = reviewed([INSTALLED, COMPOSED, lost, lost, COMPOSED, lost, lost])
    assert [stage.stage for stage in review.stages][5:] == ["compose"]
    assert [step.helped for step in review.repairs] == [False]


def test_the_submission_as_it_is_is_never_cut_short(reviewed, monkeypatch) -> None:
    monkeypatch.setattr(Reviewer, "_out_of_time", lambda self: True)
    lost = Scripted(outcome=FAILED, stderr=NO_SRC)
    review = reviewed([INSTALLED, COMPOSED, lost, lost])
    assert len(review.stages) == 5 and not review.repairs
