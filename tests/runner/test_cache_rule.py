"""Where models and data sets are cached, told from the files that a trial left."""

from __future__ import annotations

import pytest

from runner.rules.trial import _caches_elsewhere

HUB = "~/.cache/huggingface/hub"


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["model.pt", "results/metrics.json"], []),
        ([".cache/models--a--b/blobs/1", ".cache/x/train.arrow"], []),
        # datasets keeps its downloads in the user's hub cache, whatever cache_dir says
        ([f"{HUB}/datasets--a--b/blobs/1", ".cache/a___b/train.arrow"], []),
        ([f"{HUB}/models--a--b/refs/main", ".cache/models--a--b/blobs/1"], []),
        ([f"{HUB}/models--a--b/blobs/1"], ["~/.cache"]),
        (["~/.cache/huggingface/datasets/a___b/train.arrow"], ["~/.cache"]),
        (["outputs/1/2/.cache/models--a--b/blobs/1"], ["outputs/1/2/.cache"]),
        (["data/a___b/train.arrow"], ["data/a___b"]),
        (["hub/models--a--b/blobs/1"], ["hub"]),
    ],
)
def test_caches_elsewhere(paths: list[str], expected: list[str]) -> None:
    assert _caches_elsewhere(paths) == expected
