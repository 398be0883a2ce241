"""An existing Ray cluster: each review is a Ray task, with what it reserves as Ray resources.

A submission goes to its node and the review's files come back through Ray's object store; nodes share no folder. Ray
itself begins a task anew elsewhere when its node is lost. The nodes have this version of the program installed.
"""

from __future__ import annotations

import contextlib
import io
import logging
import math
import os
import shutil
import socket
import tarfile
import tempfile
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import runner
from runner.nightly.executors import Job, NoRoomError, Reservation, Review
from runner.nightly.key import Surroundings, program_digest
from runner.nightly.review_process import DONE, SUBMISSION, Ran, read_done, run_review
from runner.nightly.settings import ExecutorSettings
from runner.settings import Settings
from sandbox import owner
from sandbox.errors import InfrastructureError

_MIB = 2**20
_WAITING = 1
"""Reviews that wait in Ray beside those that run: a slot that comes free is filled without the night's doing."""
_FOLDER = "-sandbox-review-"
"""In the names of the reviews' folders on a node, after whose they are."""
_CONNECT_SECONDS = 10
_OURS_SECONDS = 300
"""For the task that asks a node for its digests: its worker has to start, and the sandbox's image may be built."""


class RayExecutor:
    """One Ray task a review."""

    def __init__(self, settings: ExecutorSettings, review: Review = run_review) -> None:
        """`review` runs one, on its node; another one is for tests. Raises InfrastructureError without a cluster."""
        self._ray = _connect(str(settings.address))
        self._slots = settings.slots
        self._task = self._ray.remote(max_retries=settings.lost_again, retry_exceptions=False)(_review_on_node)
        self._review = review
        self._running: dict[Any, Job] = {}
        self._fits: set[Reservation] = set()

    @property
    def name(self) -> str:
        nodes = self._nodes()
        cpus = sum(node.get("CPU", 0.0) for node in nodes)
        return f"ray: {len(nodes)} nodes, {cpus:g} cpus"

    def surroundings(self, settings: Settings) -> Surroundings:
        """What one node says of itself; the nodes of a cluster are alike."""
        task = self._ray.remote(num_cpus=1, max_retries=3)(_surroundings_of_node)
        version, program, found = self._get(task.remote(settings))
        if (version, program) != (runner.__version__, program_digest()):
            raise InfrastructureError(
                f"The cluster's nodes have another sandbox-review ({version}) than this machine "
                f"({runner.__version__}); install the same on all of them"
            )
        return Surroundings.model_validate(found)

    def has_room(self, reservation: Reservation) -> bool:
        """Raises NoRoomError where no node can ever have room."""
        nodes = self._nodes()
        slots = sum(_slots(node, reservation) for node in nodes)
        if not slots and reservation not in self._fits:
            raise NoRoomError(
                f"No node of the cluster has {reservation.cpus:g} cpus, {reservation.memory_mb} MiB and "
                f"{reservation.gpus} GPUs for a review; set executor.review_cpus or executor.review_memory_mb"
            )
        # Once it fitted: the nodes that it needs are lost, and Ray waits for others.
        self._fits.add(reservation)
        return len(self._running) < min(self._slots or math.inf, slots + _WAITING)

    def submit(self, job: Job) -> None:
        reserved = job.reservation
        options = {"num_cpus": reserved.cpus, "memory": reserved.memory_mb * _MIB, "num_gpus": reserved.gpus}
        text = self._ray.put((job.folder / SUBMISSION).read_text("utf-8"))
        reference = self._task.options(**options, name=f"review {job.name}").remote(text, job.words, self._review)
        self._running[reference] = job

    def finished(self, seconds: float) -> list[tuple[Job, Ran]]:
        if not self._running:
            return []
        done, _ = self._ray.wait(list(self._running), num_returns=1, timeout=seconds)
        return [(job, self._fetch(reference, job)) for reference in done if (job := self._running.pop(reference))]

    def close(self) -> None:
        for reference in self._running:
            with contextlib.suppress(Exception):
                self._ray.cancel(reference, force=True)
        self._ray.shutdown()

    def _fetch(self, reference: Any, job: Job) -> Ran:
        """Unpack what a task brought back."""
        from ray.exceptions import RayError

        try:
            ran, files = self._ray.get(reference)
            _unpack(files, job.folder)
        except (RayError, OSError, tarfile.TarError) as error:
            words = " ".join(str(error).split())[:500]
            return Ran(None, 0.0, datetime.now(UTC).isoformat(), f"Ray lost the review: {words}")
        return read_done(job.folder) or Ran(**ran)

    def _get(self, reference: Any) -> Any:
        from ray.exceptions import RayError

        try:
            return self._ray.get(reference, timeout=_OURS_SECONDS)
        except RayError as error:
            words = str(getattr(error, "cause", None) or error)
            raise InfrastructureError(f"The cluster's nodes cannot review: {words[-1500:]}") from error

    def _nodes(self) -> list[dict[str, float]]:
        return [node["Resources"] for node in self._ray.nodes() if node["Alive"]]


def _connect(address: str) -> Any:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
    except ImportError as error:
        raise InfrastructureError(
            "executor=ray needs Ray, which is not installed: pip install 'sandbox-review[ray]'"
        ) from error
    _knock(address)
    try:
        if not ray.is_initialized():
            ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
    except (ConnectionError, RuntimeError, ValueError, TimeoutError) as error:
        words = " ".join(str(error).split())[:300]
        raise InfrastructureError(f"No Ray cluster answers at executor.address={address}: {words}") from error
    return ray


def _knock(address: str) -> None:
    """Raise InfrastructureError where nothing listens: Ray would try for minutes, and then end the whole program."""
    host, _, port = address.rpartition("://")[2].rpartition(":")
    if not port.isdigit():  # `auto`, or a cluster's name: Ray finds out by itself
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), _CONNECT_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise InfrastructureError(f"No Ray cluster answers at executor.address={address}: {error}") from error


def _slots(node: dict[str, float], wanted: Reservation) -> int:
    """How many such reviews a node has room for."""
    room = [node.get("CPU", 0.0) / wanted.cpus, node.get("memory", 0.0) / _MIB / wanted.memory_mb]
    if wanted.gpus:
        room.append(node.get("GPU", 0.0) / wanted.gpus)
    return math.floor(min(room))


def _surroundings_of_node(settings: Settings) -> tuple[str, str, dict[str, str]]:
    """Runs on a node."""
    from runner.commands.review import open_backend
    from runner.nightly.key import surroundings

    return runner.__version__, program_digest(), surroundings(settings, open_backend(settings)).model_dump()


def _review_on_node(text: str, words: Sequence[str], review: Callable[..., Ran]) -> tuple[dict[str, Any], bytes]:
    """Runs on a node: how the review ended, and its files as a .tar.gz."""
    _remove_leftovers()
    folder = Path(tempfile.mkdtemp(prefix=f"{owner.current().token}{_FOLDER}"))
    try:
        (folder / SUBMISSION).write_text(text, "utf-8")
        ran = review(folder, words, threading.Event(), {})  # Ray itself gives each task its GPUs
        return vars(ran).copy(), _packed(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _remove_leftovers() -> None:
    """Remove the folders of reviews whose worker is gone: one that Ray kills, to cancel a task, cannot do so itself."""
    for path in Path(tempfile.gettempdir()).glob(f"*{_FOLDER}*"):
        whose = owner.parse(path.name)
        if whose is not None and whose.is_gone():
            shutil.rmtree(path, ignore_errors=True)


def _packed(folder: Path) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz", compresslevel=1) as archive:
        for path in sorted(folder.iterdir()):
            archive.add(path, path.name, filter=lambda member: member if member.isreg() or member.isdir() else None)
    return packed.getvalue()


def _unpack(files: bytes, folder: Path) -> None:
    """Its `done.json` last: until that is there, the review has not finished."""
    with tarfile.open(fileobj=io.BytesIO(files), mode="r:gz") as archive:
        members = archive.getmembers()
        members.sort(key=lambda member: member.name == DONE)
        for member in members:
            if member.name != SUBMISSION:
                archive.extract(member, folder, filter="data")
