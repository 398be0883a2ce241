"""The wheel brings all it needs: it works outside the checkout, installed by uvx."""

from __future__ import annotations

import json
import subprocess
import zipfile
from pathlib import Path

import pytest
from uv import find_uv_bin

ROOT = Path(__file__).parents[2]
NEEDED = (
    "images/Dockerfile",
    "images/runtime/requirements.lock",
    "images/catalogue/short_names.yaml",
    "images/standins/launch.py",
    "runner/checklist.yaml",
    "runner/conf/config.yaml",
    "runner/conf/backend/docker.yaml",
    "runner/conf/executor/local.yaml",
    "runner/conf/nightly.yaml",
    "runner/nightly/known_good/src/main.py",
    "runner/nightly/store/migrations/env.py",
    "runner/nightly/store/migrations/versions/v0001_nights.py",
    "sandbox/inside/agent.py",
    "sandbox/inside/compose.py",
    "sandbox/inside/site/sitecustomize.py",
    "sandbox/inside/probe/channel.py",
)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    subprocess.run([find_uv_bin(), "build", "--wheel", "--quiet", "--out-dir", out, ROOT], check=True)
    return next(out.glob("*.whl"))


def test_package_data_is_in_the_wheel(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert not set(NEEDED) - names
    assert not [name for name in names if name.startswith("tests/")]


def test_uvx_reviews_outside_the_checkout(wheel: Path, tmp_path: Path) -> None:
    slots = ("train_py", "evaluate_py", "preprocess_py", "model_py", "main_py", "pyproject_toml", "config_yaml")
    code = {**dict.fromkeys(slots, "x = 1\n"), "config_yaml": "wandb: {entity: e, project: p}\n", "model_py": "x = (\n"}
    given = {"experiment_code": code, "experiment_runs": [{"run_id": "a", "run_config": "run_id: a\n"}]}
    (tmp_path / "submission.json").write_text(json.dumps(given))
    command = [find_uv_bin(), "tool", "run", "--from", str(wheel), "sandbox-review", "submission.json", "--json"]
    words = ["stages=[files]", "backend=process"]
    done = subprocess.run([*command, *words], cwd=tmp_path, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 1, done.stderr
    review = json.loads(done.stdout)
    assert [finding["criterion"] for finding in review["findings"]] == ["implementation.compiles"]
    assert review["environment"]["isolation"] == "not isolated"
    assert len(list(tmp_path.glob("review-*/report.html"))) == 1
