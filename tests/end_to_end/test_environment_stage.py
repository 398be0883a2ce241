"""The environment stage with real uv in a real sandbox, on projects that are small enough to be quick."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = '[project]\nname = "small"\nversion = "1"\nrequires-python = ">=3.9"\ndependencies = [{}]\n{}'
SETUPTOOLS = '[build-system]\nrequires = ["setuptools>=61"]\nbuild-backend = "setuptools.build_meta"\n'
MAIN = """
import pathlib, sys
import {module}
for place in (pathlib.Path(sys.prefix), pathlib.Path({module}.__file__).parent, pathlib.Path(sys.prefix).parents[1]):
    try:
        (place / "planted").write_text("x")
        print("WRITABLE", place)
    except OSError as refused:
        print("refused", refused.errno)
print("seen", sorted(path.name for path in pathlib.Path(sys.prefix).parents[1].iterdir()))
"""


def document(dependencies: str, main: str = "print(1)\n", system: str = "") -> dict[str, object]:
    files = dict.fromkeys(("src/train.py", "src/evaluate.py", "src/preprocess.py", "src/model.py"), "x = 1\n")
    files |= {
        "src/main.py": main,
        "pyproject.toml": PROJECT.format(dependencies, system),
        "config/config.yaml": "wandb: {entity: e, project: p}\n",
    }
    return {
        "files": files,
        "created_at": "2025-11-20T00:00:00Z",
        "experiment_runs": [{"run_id": "run-a", "run_config": "run_id: run-a\n"}],
    }


def start(folder: Path, given: dict[str, object], cache: Path, *words: str) -> subprocess.Popen[str]:
    folder.mkdir()
    (folder / "submission.json").write_text(json.dumps(given))
    command = [
        sys.executable,
        "-m",
        "runner.cli",
        str(folder / "submission.json"),
        "--json",
        "-o",
        str(folder / "review"),
    ]
    return subprocess.Popen(
        [*command, f"cache_dir={cache}", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8"
    )


def answer(process: subprocess.Popen[str]) -> dict[str, object]:
    stdout, stderr = process.communicate(timeout=500)
    assert process.returncode in (0, 1, 3), stderr
    return json.loads(stdout)


def status(review: dict, stage: str) -> str:
    return next(item["status"] for item in review["stages"] if item["stage"] == stage)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


def test_two_reviews_at_once_share_an_empty_cache(tmp_path: Path, cache: Path) -> None:
    only = "stages=[environment]"
    both = [start(tmp_path / name, document('"six", "attrs"'), cache, only) for name in ("a", "b")]
    reviews = [answer(process) for process in both]
    assert [status(review, "environment") for review in reviews] == ["ok", "ok"], reviews
    digests = {review["environment"]["packages_digest"] for review in reviews}
    assert len(digests) == 1


def test_a_trial_can_write_to_neither_environment_nor_cache(tmp_path: Path, cache: Path) -> None:
    given = document('"six"', MAIN.format(module="six"))
    review = answer(start(tmp_path / "a", given, cache, "stages=[environment,trial]"))
    stdout = next((tmp_path / "a" / "review" / "stages").glob("4-trial-run-a/1/stdout.txt")).read_text()
    assert status(review, "trial") == "ok"
    assert "WRITABLE" not in stdout
    assert stdout.count("refused") == 3
    assert "uv-cache" not in stdout


def test_a_package_without_wheels_is_built_in_the_sandbox(tmp_path: Path, cache: Path) -> None:
    given = document('"docopt==0.6.2"', "import docopt; print('docopt', docopt.__version__)\n")
    review = answer(start(tmp_path / "a", given, cache, "stages=[environment,trial]"))
    stdout = (tmp_path / "a" / "review" / "stages" / "4-trial-run-a" / "1" / "stdout.txt").read_text()
    assert stdout == "docopt 0.6.2\n"
    evidence = json.loads((tmp_path / "a/review/stages/2-environment/1/evidence.json").read_text())
    assert evidence["facts"]["built_from_source"] == ["docopt"]
    assert status(review, "environment") == "ok"


def test_versions_are_those_that_uv_chooses_where_it_may_build(tmp_path: Path, cache: Path) -> None:
    """Hydra's releases want an antlr without wheel; where nothing is built, uv would take a pre-release instead."""
    main = (
        "from importlib.metadata import version\n"
        "print([version(name) for name in ('hydra-core', 'omegaconf', 'antlr4-python3-runtime')])\n"
    )
    found = []
    for name in ("first", "second"):
        # Another project each time, so that the second is resolved anew, with the wheel that the first one built.
        given = document(f'"hydra-core>=1.3", {json.dumps("six" if name == "first" else "attrs")}', main)
        review = answer(start(tmp_path / name, given, cache, "stages=[environment,trial]"))
        assert status(review, "environment") == "ok", review
        stages = tmp_path / name / "review" / "stages"
        assert "1.3.2" in (stages / "4-trial-run-a/1/stdout.txt").read_text()
        facts = json.loads((stages / "2-environment/1/evidence.json").read_text())["facts"]
        rounds = len(list((stages / "2-environment/1").glob("install-*")))
        found.append((facts["packages"]["omegaconf"], facts["built_from_source"], rounds))
    built = ["antlr4-python3-runtime"]
    assert found == [("2.3.0", built, 2), ("2.3.0", built, 1)]


def test_an_installed_project_can_be_imported_from_any_directory(tmp_path: Path, cache: Path) -> None:
    main = "import os, subprocess, sys\nos.chdir('/tmp')\n"
    main += "subprocess.run([sys.executable, '-c', 'import train'], check=True)\n"
    review = answer(start(tmp_path / "a", document('"six"', main, SETUPTOOLS), cache, "stages=[environment,trial]"))
    assert (status(review, "environment"), status(review, "trial")) == ("ok", "ok"), review["findings"]


def test_a_package_that_the_index_does_not_have_is_the_projects_fault(tmp_path: Path, cache: Path) -> None:
    given = document('"six", "no-such-package-of-this-name-zz"')
    review = answer(start(tmp_path / "a", given, cache, "stages=[environment]"))
    assert [(f["criterion"], f["blame"]) for f in review["findings"]] == [("implementation.installs", "submission")]


def test_another_python_is_not_the_projects_fault(tmp_path: Path, cache: Path) -> None:
    given = document('"six"')
    given["files"]["pyproject.toml"] = given["files"]["pyproject.toml"].replace(">=3.9", ">=3.14")  # type: ignore[index]
    review = answer(start(tmp_path / "a", given, cache, "stages=[environment]"))
    assert review["verdict"] == "inconclusive"
    assert [finding["blame"] for finding in review["findings"]] == ["infrastructure"]
