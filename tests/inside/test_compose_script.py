"""The script that imports and composes, run as the stage runs it, with real Hydra."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import sandbox
from runner.stages.compose import read_facts

SCRIPT = Path(sandbox.__file__).parent / "inside" / "compose.py"
MAIN = """
import hydra

@hydra.main(config_path="../config", {name} version_base="1.3")
def main(cfg):
    raise SystemExit("the function must not be called")

if __name__ == "__main__":
    main()
"""
NAMED = MAIN.format(name='config_name="config",')
WORDS = ["run=a", "results_dir=/tmp/x", "mode=trial"]
ALL_KEYS = "run: ???\nresults_dir: ???\nmode: full\n"


@pytest.fixture
def facts(tmp_path: Path):
    def run(files: dict[str, str], modules: list[str]):
        for path, text in files.items():
            target = tmp_path / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
        spec = {"modules": modules, "entries": ["src.main"], "command_lines": {"a": WORDS}}
        (tmp_path / "spec.json").write_text(json.dumps(spec))
        result = tmp_path / "result.jsonl"
        command = [sys.executable, str(SCRIPT), str(tmp_path / "spec.json"), str(result)]
        subprocess.run(command, cwd=tmp_path, capture_output=True, check=True, timeout=60)
        return read_facts(result.read_text().splitlines(), str(tmp_path))

    return run


def test_a_configuration_with_every_key_composes_and_nothing_is_run(facts) -> None:
    found = facts({"src/main.py": NAMED, "config/config.yaml": ALL_KEYS}, ["src.main"])
    assert found.imported == ["src.main"]
    assert [(c.run_id, c.ok) for c in found.compositions] == [("a", True)]
    assert "mode: trial" in found.compositions[0].config
    assert found.finished


@pytest.mark.parametrize(
    ("imported", "spelled"),
    [
        ("from hydra import main as hydra_main", "hydra_main"),
        ("from hydra.main import main as entry", "entry"),
        ("import hydra as h", "h.main"),
    ],
)
def test_the_decorator_may_have_another_name(facts, imported: str, spelled: str) -> None:
    main = NAMED.replace("import hydra\n", f"{imported}\n").replace("@hydra.main", f"@{spelled}")
    found = facts({"src/main.py": main, "config/config.yaml": ALL_KEYS}, [])
    assert [(c.run_id, c.ok) for c in found.compositions] == [("a", True)]


def test_without_config_name_every_key_is_refused_and_said_so(facts) -> None:
    found = facts({"src/main.py": MAIN.format(name=""), "config/config.yaml": ALL_KEYS}, [])
    composition = found.compositions[0]
    assert (composition.ok, composition.names_config, composition.line) == (False, False, 4)
    assert composition.absent_keys == ["run", "results_dir", "mode"]


def test_problems_behind_a_refused_key_are_listed_too(facts) -> None:
    config = "defaults:\n  - _self_\nmode: full\nbroken: ${nothing}\n"
    found = facts({"src/main.py": NAMED, "config/config.yaml": config}, [])
    assert found.compositions[0].absent_keys == ["run", "results_dir"]


def test_a_missing_defaults_entry_is_told_in_hydras_words(facts) -> None:
    found = facts({"src/main.py": NAMED, "config/config.yaml": "defaults:\n  - nothing: here\n"}, [])
    assert "Could not find 'nothing/here'" in found.compositions[0].errors[0]


def test_every_module_is_imported_whatever_the_others_do(facts) -> None:
    files = {
        "src/model.py": "class A:\n    def f(self, x: Missing): ...\n",
        "src/train.py": "from src.model import A\n",
        "src/preprocess.py": "import sys\nsys.exit(3)\n",
        "src/evaluate.py": "value = 1\n",
        "src/main.py": NAMED,
        "config/config.yaml": ALL_KEYS,
    }
    modules = ["src.model", "src.preprocess", "src.train", "src.evaluate", "src.main"]
    found = facts(files, modules)
    assert found.imported == ["src.evaluate", "src.main"]
    failures = {failure.module: failure.traceback for failure in found.import_failures}
    assert [(name, t.type, t.file, t.line) for name, t in failures.items()] == [
        ("src.model", "NameError", "src/model.py", 2),
        ("src.preprocess", "SystemExit", "src/preprocess.py", 2),
        ("src.train", "NameError", "src/model.py", 2),
    ]


def test_a_program_without_hydra_is_not_run(facts) -> None:
    found = facts({"src/main.py": "if __name__ == '__main__':\n    open('ran', 'w')\n"}, ["src.main"])
    assert found.without_hydra == ["src.main"]
    assert not found.compositions


def test_lines_that_are_not_ours_are_not_read() -> None:
    assert read_facts(["not json", '"a string"', '{"other": 1}', '{"fact": "finished"}'], "/w").finished


CHECKED = NAMED.replace(
    'raise SystemExit("the function must not be called")',
    'if cfg.mode not in ("trial", "full"):\n        raise ValueError(f"unknown mode {cfg.mode}")\n    open("ran", "w")',
)
CONNECTS = 'import socket\n    socket.create_connection(("127.0.0.1", 9), 1)'
FAILS = 'raise KeyError("model")'


@pytest.mark.parametrize(
    ("main", "outcome"),
    [
        (CHECKED, "refused"),
        (NAMED.replace('raise SystemExit("the function must not be called")', CONNECTS), "accepted"),
        (NAMED.replace('raise SystemExit("the function must not be called")', FAILS), "unclear"),
        (NAMED.replace('raise SystemExit("the function must not be called")', "pass"), "unclear"),
    ],
)
def test_a_mode_that_does_not_exist_is_tried(unknown_mode, main: str, outcome: str) -> None:
    tried = unknown_mode(main)
    assert (tried.outcome, tried.mode) == (outcome, "bogus")


@pytest.fixture
def unknown_mode(tmp_path: Path):
    def run(main: str):
        for path, text in {"src/main.py": main, "config/config.yaml": ALL_KEYS}.items():
            (tmp_path / path).parent.mkdir(exist_ok=True)
            (tmp_path / path).write_text(text)
        tried = {"entry": "src.main", "mode": "bogus", "words": [*WORDS[:2], "mode=bogus"]}
        spec = {"modules": [], "entries": ["src.main"], "command_lines": {"a": WORDS}, "unknown_mode": tried}
        (tmp_path / "spec.json").write_text(json.dumps(spec))
        command = [sys.executable, str(SCRIPT), str(tmp_path / "spec.json"), str(tmp_path / "result.jsonl")]
        subprocess.run(command, cwd=tmp_path, capture_output=True, check=True, timeout=60)
        return read_facts((tmp_path / "result.jsonl").read_text().splitlines(), str(tmp_path)).unknown_mode

    return run
