"""Reviews on a real Ray cluster of several nodes, one of which is killed in the middle."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from runner.nightly import command
from runner.nightly.executors import Job, Reservation
from runner.nightly.executors.ray import RayExecutor
from runner.nightly.night import Night
from runner.nightly.review_process import Ran, write_done
from runner.nightly.settings import ExecutorSettings, load_nightly_settings
from sandbox.errors import InfrastructureError
from tests.backends import missing

pytestmark = [pytest.mark.ray, pytest.mark.slow]
SMALL = Reservation(1, 64, 0)

try:
    import ray
except ImportError as error:
    missing("ray", str(error))


class Nodes:
    """A head without slots, and two nodes with two slots each."""

    def __init__(self) -> None:
        from ray.cluster_utils import Cluster

        self.cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
        self.nodes = [self.cluster.add_node(num_cpus=2) for _ in range(2)]


@pytest.fixture(scope="module")
def nodes() -> Iterator[Nodes]:
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ["RAY_ENABLE_UV_RUN_RUNTIME_ENV"] = "0"
    nodes = Nodes()
    yield nodes
    ray.shutdown()
    nodes.cluster.shutdown()


@pytest.fixture
def open_executor(nodes: Nodes) -> Iterator[Callable[..., RayExecutor]]:
    opened: list[RayExecutor] = []

    def make(*words: str, review: Callable[..., Ran] | None = None) -> RayExecutor:
        opened.append(RayExecutor(settings(nodes, *words), *([review] if review else [])))
        return opened[-1]

    yield make
    for executor in opened:
        executor.close()


def settings(nodes: Nodes, *words: str) -> ExecutorSettings:
    return load_nightly_settings(["executor=ray", f"executor.address={nodes.cluster.address}", *words]).executor


def job(folder: Path, name: str, *words: str, reservation: Reservation = SMALL) -> Job:
    (folder / name).mkdir()
    (folder / name / "submission.json").write_text(f'{{"name": "{name}"}}')
    return Job(name, "first", folder / name, words, reservation)


def make_review(log: Path, seconds: float) -> Callable[..., Ran]:
    """A review that says on which node it began, takes its time, and writes files."""

    def review(folder: Path, words: tuple[str, ...], stop: threading.Event, variables: dict[str, str]) -> Ran:
        import ray

        name = (folder / "submission.json").read_text()
        with log.open("a") as file:
            file.write(f"{name} {ray.get_runtime_context().get_node_id()}\n")
        time.sleep(seconds)
        (folder / "review").mkdir()
        (folder / "review" / "review.json").write_text(" ".join(words))
        (folder / "review" / "link").symlink_to("/etc/passwd")
        write_done(folder, 0, seconds)
        return Ran(0, seconds, "2026-01-01T00:00:00+00:00")

    return review


def run_all(executor: RayExecutor, jobs: list[Job], seconds: float = 240) -> list[tuple[Job, Ran]]:
    waiting, done = list(jobs), []
    give_up = time.monotonic() + seconds
    while len(done) < len(jobs):
        while waiting and executor.has_room(waiting[0].reservation):
            executor.submit(waiting.pop(0))
        done += executor.finished(0.5)
        assert time.monotonic() < give_up, [job.name for job, _ in done]
    return done


def test_a_night_of_real_reviews_on_a_cluster(
    nodes: Nodes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SANDBOX_REVIEW_STATE", str(tmp_path / "state"))
    files = {f"src/{name}.py": "x = 1\n" for name in ("train", "evaluate", "preprocess", "model")}
    given = {"files": {**files, "src/main.py": "x = (\n"}, "experiment_runs": [{"run_id": "a", "run_config": "a: 1\n"}]}
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "one.json").write_text(json.dumps(given))
    (tmp_path / "corpus" / "one.expect.yaml").write_text("verdict: ready\n")
    words = ["executor=ray", f"executor.address={nodes.cluster.address}", "executor.review_cpus=1"]
    words += ["executor.review_memory_mb=64", "backend=process", "stages=[files]"]
    assert command.run(["corpus", "-o", "night", "--json", "nightly.canary=none", *words]) == 1
    (entry,) = Night.model_validate_json(capsys.readouterr().out).entries
    assert entry.change == "new_failure"
    assert entry.now.first_cause and entry.now.first_cause.file == "src/main.py"
    for result in (entry.now, entry.confirmation):
        assert result and result.review
        files = {path.name for path in (tmp_path / "night" / result.review).iterdir()}
        assert {"review.json", "report.html", "stages"} <= files


def test_more_than_any_node_has_is_told(open_executor: Callable[..., RayExecutor]) -> None:
    with pytest.raises(InfrastructureError, match="No node of the cluster has 64 cpus"):
        open_executor().has_room(Reservation(64, 64, 0))


def test_a_lost_nodes_reviews_run_again_elsewhere(
    open_executor: Callable[..., RayExecutor], nodes: Nodes, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    executor = open_executor(review=make_review(log, 4.0))
    jobs = [job(tmp_path, f"j{number}", "a=1") for number in range(6)]

    def lose_a_node() -> None:
        while not log.exists() or len({line.split()[-1] for line in log.read_text().splitlines()}) < 2:
            time.sleep(0.1)
        time.sleep(1)
        nodes.cluster.remove_node(nodes.nodes.pop(), allow_graceful=False)

    losing = threading.Thread(target=lose_a_node)
    losing.start()
    done = run_all(executor, jobs)
    losing.join()
    assert sorted(job.name for job, _ in done) == [job.name for job in jobs]
    assert {ran.exit_status for _, ran in done} == {0}, done
    assert {(job.folder / "review" / "review.json").read_text() for job in jobs} == {"a=1"}
    assert not (jobs[0].folder / "review" / "link").exists()
    begun = [line.rsplit(" ", 1) for line in log.read_text().splitlines()]
    again = {name for name, _ in begun if len({node for other, node in begun if other == name}) == 2}
    assert again, "no review of the lost node began again elsewhere"


def test_no_cluster_is_told() -> None:
    given = load_nightly_settings(["executor=ray", "executor.address=127.0.0.1:1"]).executor
    with pytest.raises(InfrastructureError, match="No Ray cluster answers at executor.address=127.0.0.1:1"):
        RayExecutor(given)
