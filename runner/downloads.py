"""Plain downloads as a review speaks of them: what was asked for, and what a submission names in its files."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Literal
from urllib.parse import urlsplit

from runner.evidence import HubRequest
from runner.vocabulary import Provided
from sandbox.downloads import DownloadRequest, DownloadStore
from sandbox.downloads import Provided as Answered

_WEIGHTS = (".pth", ".pt", ".bin", ".safetensors", ".ckpt", ".th", ".onnx", ".h5")
_CODE_HOSTS = ("github.com", "api.github.com", "codeload.github.com")
_WORD = re.compile(r"[A-Za-z_][\w.-]*")


def summarise_downloads(requests: Iterable[DownloadRequest]) -> list[HubRequest]:
    """One line per asset that was asked for; the address is the id of what the catalogue does not have."""
    lines: dict[str, HubRequest] = {}
    for request in requests:
        if request.provided is Answered.IGNORED:
            continue
        served = request.provided is Answered.STANDIN
        old = lines.get(request.id)
        lines[request.id] = HubRequest(
            kind=_kind(request),
            id=request.id,
            provided=Provided.STAND_IN if served else Provided.MISSING,
            requests=(old.requests if old else 0) + 1,
            reason="" if served else str(request.provided),
        )
    return list(lines.values())


def named_downloads(text: str, store: DownloadStore) -> list[str]:
    """Ids of the catalogue that source text names in a word of its own, such as CIFAR10; for DownloadStore.prepare."""
    words = {part for word in _WORD.findall(text) for part in (word, *word.split("."))}
    return [asset.id for asset in store.catalogue.assets() if words.intersection(asset.named)]


def _kind(request: DownloadRequest) -> Literal["model", "dataset"]:
    """Reviews know models, data sets and metrics; weights and the code of torch.hub belong to models."""
    if request.kind:
        return "dataset" if request.kind == "dataset" else "model"
    parts = urlsplit(request.url)
    weights = PurePosixPath(parts.path).suffix.lower() in _WEIGHTS
    return "model" if weights or parts.hostname in _CODE_HOSTS else "dataset"
