"""The action's steps, run as a runner would run them, on real submissions that one stage decides."""

import json
import re
from pathlib import Path

from runner_of_actions import Runner

from tests.submission_cases import ROOT, load_case

WORDS = "backend=process\n\n  stages=[files]  \n"

UV = """#!/bin/sh
# `uv venv PATH` as uv does it: an environment that is there is not replaced.
for last; do :; done
if [ "$1" = venv ]; then
    [ ! -e "$last" ] || exit 2
    mkdir -p "$last/bin"
    printf '#!/bin/sh\\n' >"$last/bin/sandbox-review"
    chmod +x "$last/bin/sandbox-review"
fi
"""


def workspace(folder: Path, case: str, inside: str) -> Path:
    """A checkout with the files of a bundled case at `inside`."""
    root = folder / "checkout"
    (root / inside).mkdir(parents=True)
    load_case(ROOT / case).write_directory(root / inside)
    return root


def job(tmp_path: Path, installed: list[str], root: Path, **inputs: str) -> Runner:
    temp = tmp_path / "temp"
    temp.mkdir(exist_ok=True)
    return Runner(root, temp, {"overrides": WORDS, **inputs}, paths=list(installed))


def test_a_broken_submission_fails_the_job_and_is_annotated_where_it_lies(tmp_path: Path, installed: list[str]) -> None:
    root = workspace(tmp_path, "syntax-error", "experiments/one")
    runner = job(tmp_path, installed, root, submission="experiments/one")
    steps = runner.run("Review", "Code scanning", "Artifact", "Verdict")
    assert runner.outputs["review"]["status"] == "1"
    assert runner.outputs["review"]["verdict"] == "not_ready"
    assert re.search(
        r"^::error file=experiments/one/src/model\.py,line=\d+,title=implementation\.compiles \([\w-]+\)::",
        steps["Review"].log,
        re.MULTILINE,
    )
    assert runner.summary.read_text().startswith("# Not ready: ")
    report = root / "sandbox-review-report"
    assert runner.summary.read_text().strip() == (report / "summary.md").read_text().strip()
    sarif = json.loads((root / steps["Code scanning"].given["sarif_file"]).read_text())
    uris = {
        result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for result in sarif["runs"][0]["results"]
    }
    assert "experiments/one/src/model.py" in uris
    assert (root / steps["Artifact"].given["path"] / "report.html").is_file()
    assert steps["Verdict"].status == 1
    assert runner.failed


def test_a_review_step_that_fails_itself_still_gives_its_artifact_and_fails_the_job(
    tmp_path: Path, installed: list[str]
) -> None:
    """Nothing is known then, so nothing is uploaded to code scanning, and the last step is not reached."""
    root = workspace(tmp_path, "clean", ".")
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "sandbox-review-ci").write_text("#!/bin/sh\nexit 70\n")
    (broken / "sandbox-review-ci").chmod(0o755)
    runner = job(tmp_path, [str(broken), *installed], root)
    steps = runner.run("Review", "Code scanning", "Artifact", "Verdict")
    assert (steps["Review"].status, runner.failed) == (70, True)
    assert list(steps) == ["Review", "Artifact"]


def test_uploads_that_were_not_asked_for_are_skipped(tmp_path: Path, installed: list[str]) -> None:
    root = workspace(tmp_path, "syntax-error", ".")
    runner = job(tmp_path, installed, root, **{"upload-sarif": "false", "artifact": ""})
    steps = runner.run("Review", "Code scanning", "Artifact", "Verdict")
    assert (list(steps), runner.failed) == (["Review", "Verdict"], True)


def test_a_job_may_use_the_action_twice(tmp_path: Path) -> None:
    """Each use installs into a folder of its own, with uv on the PATH; the uv here only makes it."""
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "uv").write_text(UV)
    (programs / "uv").chmod(0o755)
    runner = job(tmp_path, [str(programs)], tmp_path)
    first, second = runner.run("Install")["Install"], runner.run("Install")["Install"]
    assert (first.status, second.status) == (0, 0), first.log + second.log
    assert runner.paths[0] != runner.paths[1]


def test_a_good_submission_passes(tmp_path: Path, installed: list[str]) -> None:
    root = workspace(tmp_path, "clean", ".")
    runner = job(tmp_path, installed, root)
    steps = runner.run("Review", "Verdict")
    assert (runner.outputs["review"]["verdict"], steps["Verdict"].status) == ("ready", 0)
    assert "::error" not in steps["Review"].log


def test_what_is_no_submission_is_said_so(tmp_path: Path, installed: list[str]) -> None:
    (tmp_path / "checkout").mkdir()
    runner = job(tmp_path, installed, tmp_path / "checkout", submission="nothing.json")
    steps = runner.run("Review", "Verdict")
    assert runner.outputs["review"]["status"] == "2"
    assert "::error title=sandbox-review::No review was made: the submission or the command line" in steps["Review"].log
    assert "No review was made" in runner.summary.read_text()
    assert steps["Verdict"].status == 2


def test_findings_of_a_submission_json_are_put_on_that_file(tmp_path: Path, installed: list[str]) -> None:
    root = tmp_path / "checkout"
    root.mkdir()
    (root / "s.json").write_text(json.dumps(load_case(ROOT / "syntax-error").document()))
    runner = job(tmp_path, installed, root, submission="s.json")
    log = runner.run("Review")["Review"].log
    assert re.search(r"^::error file=s\.json,line=1,title=implementation\.compiles%2C src/model\.py%3A\d+", log, re.M)


def test_an_inconclusive_review_passes_only_where_that_is_asked_for(tmp_path: Path, installed: list[str]) -> None:
    (tmp_path / "checkout").mkdir()
    for allowed, status in (("false", 3), ("true", 0)):
        runner = job(tmp_path, installed, tmp_path / "checkout", **{"allow-inconclusive": allowed})
        runner.outputs["review"] = {"status": "3"}
        assert runner.run("Verdict")["Verdict"].status == status


def test_what_a_submission_prints_is_no_workflow_command(tmp_path: Path, installed: list[str]) -> None:
    root = workspace(tmp_path, "clean", ".")
    (root / "src" / "model.py").write_text("x = (\n::error file=forged.py::forged\n")
    log = job(tmp_path, installed, root).run("Review")["Review"].log
    token = re.search(r"^::stop-commands::([0-9a-f]{32})$", log, re.MULTILINE)
    assert token is not None
    ours = log.split(f"::{token.group(1)}::\n")[1]
    assert [line for line in ours.split("\n") if line.startswith("::") and "forged.py" in line.split("::")[1]] == []
