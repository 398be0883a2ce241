"""Real clients fetch, check and use the stand-ins: torchvision, torch.hub, timm, nltk, requests, httpx."""

from __future__ import annotations

from pathlib import Path

import pytest
from download_environment import FOLDER, NLTK, run

from runner.settings import default_cache
from sandbox.downloads import DownloadServer, DownloadStore, Provided

pytestmark = [pytest.mark.clients, pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def store() -> DownloadStore:
    return DownloadStore(default_cache())


def test_torchvision_loads_its_data_sets(store: DownloadStore, tmp_path: Path) -> None:
    with DownloadServer(store, port=0) as downloads:
        checks = run(FOLDER / "check_pictures.py", tmp_path, downloads.environment(downloads.url), "scipy")
    assert checks.failed() == {}
    assert checks.exit_code == 0, checks.stderr[-3000:]
    assert len(checks.results) == 9
    provided = {request.id: request.provided for request in downloads.requests}
    assert provided["torchvision:CIFAR10"] is Provided.STANDIN
    assert provided["http://ai.stanford.edu/~acoates/stl10/stl10_binary.tar.gz"] is Provided.MISSING


@pytest.mark.parametrize("version", NLTK)
def test_nltk_fetches_and_uses_its_packages(store: DownloadStore, tmp_path: Path, version: str) -> None:
    with DownloadServer(store, port=0) as downloads:
        variables = downloads.environment(downloads.url)
        checks = run(FOLDER / "check_nltk.py", tmp_path, variables, f"nltk=={version}")
    assert checks.failed() == {}
    assert checks.exit_code == 0, checks.stderr[-3000:]
    assert len(checks.results) == 6
    missing = [request.id for request in downloads.requests if request.provided is Provided.MISSING]
    assert missing == ["https://raw.githubusercontent.com/nltk/nltk_data/gh-pages/packages/corpora/brown.zip"]


def test_weights_are_loaded_by_torchvision_torch_hub_and_timm(store: DownloadStore, tmp_path: Path) -> None:
    with DownloadServer(store, port=0) as downloads:
        checks = run(FOLDER / "check_weights.py", tmp_path, downloads.environment(downloads.url))
    assert checks.failed() == {}
    assert checks.exit_code == 0, checks.stderr[-3000:]
    assert len(checks.results) == 8
    asked = {request.id: request.kind for request in downloads.requests}
    assert asked["torchvision:resnet18.IMAGENET1K_V1"] == "model"
