"""The command line as a user meets it: messages, exit statuses, and what is left behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from runner import cli


def command(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "runner.cli", *words], cwd=cwd, capture_output=True, encoding="utf-8", check=False
    )


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--help"]) == 0
    shown = capsys.readouterr().out
    for name in ("import", "judge", "assets", "hub", "doctor", "schema"):
        assert f"\n  {name} " in shown


def test_help_imports_nothing_heavy() -> None:
    heavy = "{'hydra', 'pydantic', 'docker', 'rich', 'starlette'}"
    program = f"import sys, runner.cli; runner.cli.main(['--help']); print(sorted(set(sys.modules) & {heavy}))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, encoding="utf-8", check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_no_words_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([]) == 2


@pytest.mark.parametrize("name", ["submission", "review"])
def test_schemas_are_schemas(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["schema", name]) == 0
    jsonschema.Draft202012Validator.check_schema(json.loads(capsys.readouterr().out))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["nothing-there.json"], "nothing-there.json"),
        (["bad.json"], "bad.json"),
        (["good.json", "bogus.key=1"], "bogus"),
        (["good.json", "limits.wall_seconds=soon"], "limits.wall_seconds"),
        (["good.json", "other.json"], "other.json"),
        (["good.json", "runs=[nobody]"], "run-a"),
        (["good.json", "--output", "full"], "full"),
        (["good.json", "stages=[]"], "asked for: none"),
    ],
)
def test_unusable_words_end_with_status_2_and_one_message(words: list[str], told: str, tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text("{")
    slots = ("train_py", "evaluate_py", "preprocess_py", "model_py", "main_py", "pyproject_toml", "config_yaml")
    good = {
        "experiment_code": dict.fromkeys(slots, "x = 1\n"),
        "experiment_runs": [{"run_id": "run-a", "run_config": "run_id: run-a\n"}],
    }
    (tmp_path / "good.json").write_text(json.dumps(good))
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    before = sorted(path.name for path in tmp_path.rglob("*"))
    done = command(*words, cwd=tmp_path)
    assert done.returncode == 2
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert sorted(path.name for path in tmp_path.rglob("*")) == before


def test_assets_lists_and_shows(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["assets", "list", "--json"]) == 0
    listed = {entry["id"] for entry in json.loads(capsys.readouterr().out)}
    assert {"Qwen/Qwen3-0.6B", "openai/gsm8k"} <= listed
    assert cli.main(["assets", "show", "gsm8k", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["id"] == "openai/gsm8k"
    assert cli.main(["assets", "show", "nobody/nothing"]) == 2


def test_judging_a_folder_without_a_review_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["judge", str(tmp_path)]) == 2
    assert "holds no stored review" in capsys.readouterr().err


@pytest.mark.parametrize("status", [0, 1, 3])
@pytest.mark.parametrize("stream", ["stdout", "stderr"])
@pytest.mark.parametrize("show", ["console.print('x' * 50)", "print('x' * 100_000, file=stream, flush=True)"])
def test_a_reader_that_has_gone_changes_no_exit_status(status: int, stream: str, show: str) -> None:
    program = (
        "import sys, types; from rich.console import Console; from runner import cli\n"
        "def run(words):\n"
        f"    stream = sys.{stream}; console = Console(file=stream)\n"
        f"    {show}; {show}\n"
        f"    return {status}\n"
        "sys.modules['talks'] = types.SimpleNamespace(run=run); cli._COMMANDS['talks'] = 'talks'\n"
        "sys.argv = ['sandbox-review', 'talks']; cli.entry()"
    )
    reader, writer = os.pipe()
    os.close(reader)
    streams = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, stream: writer}
    done = subprocess.run([sys.executable, "-c", program], check=False, **streams)
    os.close(writer)
    assert done.returncode == status
