"""A small submission in every form, written for these tests."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from runner.submissions import SubmissionError, load

SLOT_TEXTS = {
    "train_py": "import torch\n\n\ndef train():\n    return torch.zeros(1)\n",
    "evaluate_py": "print('evaluated')\n",
    "preprocess_py": "def rows():\n    return [1, 2]\n",
    "model_py": "WIDTH = 4\n",
    "main_py": "from src.train import train\n\ntrain()\n",
    "pyproject_toml": '[project]\nname = "small"\nversion = "0"\n',
    "config_yaml": "defaults:\n  - _self_\nrun: null\n",
}
RUN_CONFIGS = {
    "proposed-small": "run_id: proposed-small\nmethod: proposed\ntraining:\n  epochs: 3\n",
    "comparative-1-small": "run_id: comparative-1-small\nmethod: comparative-1\n",
}


@pytest.fixture
def document() -> dict[str, Any]:
    """A submission.json, parsed."""
    return {
        "experiment_code": dict(SLOT_TEXTS),
        "experiment_runs": [
            {"run_id": run_id, "run_config": config, "method_name": run_id.rpartition("-")[0]}
            for run_id, config in RUN_CONFIGS.items()
        ],
    }


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """The same submission as a directory, with what repositories have besides."""
    root = tmp_path / "repository"
    write(root, "src/train.py", SLOT_TEXTS["train_py"])
    for name in ("evaluate", "preprocess", "model", "main"):
        write(root, f"src/{name}.py", SLOT_TEXTS[f"{name}_py"])
    write(root, "pyproject.toml", SLOT_TEXTS["pyproject_toml"])
    write(root, "config/config.yaml", SLOT_TEXTS["config_yaml"])
    for run_id, config in RUN_CONFIGS.items():
        write(root, f"config/runs/{run_id}.yaml", config)
    write(root, "README.md", "# Small\n")
    write(root, "data/.gitkeep", "")
    return root


@pytest.fixture
def transcript() -> str:
    """The same submission as a reviewer's transcript."""
    return transcript_text()


def transcript_text(directory: str = "config/runs", output: str | None = None) -> str:
    """A transcript whose instructions name `directory` and whose answer is `output`."""
    runs = "".join(
        f"- Run ID: {run_id}\n  Method: {run_id.rpartition('-')[0]}\n  Model: None\n  Dataset: tiny\n  \n"
        f"  Config Content:\n  ```yaml\n  {config}\n  ```\n  \n\n"
        for run_id, config in RUN_CONFIGS.items()
    )
    if output is None:
        output = json.dumps({"is_code_ready": False, "code_issue": "1. It “trains” nothing.\n2. More."}, indent=4)
    return (
        "\nReviewer: some-model\nInput:\nRead the code.\n\n# Instructions\n\n## Criteria\n"
        f"Settings come from `{directory}/*.yaml`.\n\n# Hypothesis\n"
        "open_problems='It\\'s slow.\\nVery.' primary_metric=\"Accuracy on 'tiny'.\" expected_result='+1 pp'\n\n"
        "# Current Research Method\nA method.\n# Experiment Runs\nmentioned in the method\n\n"
        f"# Experiment Runs\n\n{runs}\n# Generated Experiment Code (To be validated)\n"
        f"{json.dumps(SLOT_TEXTS, ensure_ascii=False)}\n\nLook closely.\nOutput:\n{output}\n"
    )


def write(root: Path, path: str, text: str) -> None:
    target = root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8", newline="")


@pytest.fixture
def problems(tmp_path: Path) -> Iterator[Callable[[object], str]]:
    """Loads a document (an object to be dumped, text, or bytes) that is refused; returns the message.

    However it is refused, nothing may have been written beside it.
    """

    def refused(content: object, name: str = "submission.json") -> str:
        file = tmp_path / name
        if isinstance(content, bytes):
            file.write_bytes(content)
        else:
            file.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        before = sorted(tmp_path.rglob("*"))
        with pytest.raises(SubmissionError) as caught:
            load(str(file))
        assert sorted(tmp_path.rglob("*")) == before
        return str(caught.value)

    yield refused
