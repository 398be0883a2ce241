"""Which GPUs a sandbox is given."""

from __future__ import annotations

import os

import pytest

from sandbox.backends import docker_options
from sandbox.folder import RunFolder
from sandbox.protocol import Task


@pytest.mark.parametrize(
    ("visible", "count", "ids", "number"),
    [
        (None, 1, None, 1),
        ("", 2, None, 2),
        ("3,5", 1, ["3"], None),
        ("GPU-aa, GPU-bb", 2, ["GPU-aa", "GPU-bb"], None),
    ],
)
def test_a_container_gets_the_gpus_that_this_program_may_use(
    monkeypatch: pytest.MonkeyPatch, visible: str | None, count: int, ids: list[str] | None, number: int | None
) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    task = Task("t", ("true",), "/", (), gpus=count)
    with RunFolder(os.getuid(), os.getgid()) as folder:
        body = docker_options.container(
            task, folder, image="i", user="1:1", runtime="", install_network="bridge", cpus=1, labels={}
        )
    (request,) = body["HostConfig"]["DeviceRequests"]
    assert (request["DeviceIDs"] or None, request["Count"] or None) == (ids, number)
    assert request["Capabilities"] == [["gpu"]]
