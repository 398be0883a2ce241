"""A store with a small catalogue, for tests of the store and the service."""

from __future__ import annotations

from pathlib import Path

import pytest
from download_fakes import FACTS, FakeMaker

from images.downloads import DownloadCatalogue
from sandbox.downloads import DownloadStore


@pytest.fixture
def maker() -> FakeMaker:
    return FakeMaker()


@pytest.fixture
def store(tmp_path: Path, maker: FakeMaker) -> DownloadStore:
    folder = tmp_path / "facts"
    folder.mkdir()
    (folder / "facts.yaml").write_text(FACTS)
    return DownloadStore(tmp_path / "cache", DownloadCatalogue(folder), maker)
