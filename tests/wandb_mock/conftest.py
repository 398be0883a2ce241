from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from wandb_http import Caller

from sandbox.wandb_mock import WandbServer


@pytest.fixture
def server(tmp_path: Path) -> Iterator[WandbServer]:
    made = WandbServer(tmp_path / "store.db", port=0, log=tmp_path / "calls.jsonl")
    with made:
        yield made
    made.close()


@pytest.fixture
def caller(server: WandbServer) -> Iterator[Caller]:
    with Caller(server) as made:
        yield made
