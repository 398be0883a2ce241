"""One container while it lives: its output, its use, its end."""

from __future__ import annotations

import contextlib
import threading
from dataclasses import replace
from typing import Any

from docker.errors import APIError, DockerException, NotFound
from requests.exceptions import RequestException

from sandbox import cgroups, usage
from sandbox.errors import InfrastructureError
from sandbox.output import Recorder
from sandbox.usage import KernelFacts, Usage


class Container:
    """Created, attached and started by the constructor; removed by `close`.

    `by_processes`: the runtime keeps its processes out of the container's cgroup (gVisor as it is set up here),
    so use is summed over the runtime's own processes.
    """

    def __init__(
        self, api: Any, specification: dict[str, Any], stdout: Recorder, stderr: Recorder, by_processes: bool
    ) -> None:
        self.api = api
        self.by_processes = by_processes
        self._status: int | None = None
        self._ended = threading.Event()
        self._removed = False
        self._group: cgroups.Cgroup | None = None
        try:
            self.id = str(api.create_container_from_config(specification)["Id"])
        except (DockerException, RequestException) as error:
            raise InfrastructureError(f"Docker could not create the container: {error}") from error
        try:
            # Attached before the start: nothing is lost, and nothing is kept by the engine.
            stream = api.attach(self.id, stdout=True, stderr=True, stream=True, demux=True)
            self._reader = threading.Thread(target=_record, args=(stream, stdout, stderr), daemon=True)
            self._reader.start()
            api.start(self.id)
            self.pid = int(api.inspect_container(self.id)["State"]["Pid"])
        except (DockerException, RequestException) as error:
            self._remove()
            raise InfrastructureError(f"Docker could not start the container: {error}") from error
        except BaseException:
            self._remove()
            raise
        if self.pid and not by_processes:
            group = cgroups.of_process(self.pid)
            # Where the engine lives in other namespaces than we do, the pid may be someone else's here.
            if group is not None and self.id in str(group.folders["memory"]):
                self._group = group
        self._waiter = threading.Thread(target=self._wait, daemon=True)
        self._waiter.start()

    def usage(self) -> Usage | None:
        if self._group is not None:
            used = self._group.usage()
            own = 1
        elif self.by_processes:
            used = usage.of_processes(usage.tree(self.pid))
            # The sentry has threads of its own: what the command started cannot be counted from here.
            used = replace(used, tasks=0)
            own = 1
        else:
            used = self._ask_engine()
            own = 1
        if used is None:
            return None
        return Usage(used.cpu_seconds, used.memory_mb, max(0, used.processes - own), max(0, used.tasks - own))

    def kernel_facts(self) -> KernelFacts:
        if self._group is not None:
            return self._group.kernel_facts()
        return KernelFacts()

    def kill(self) -> None:
        if self._ended.is_set():
            return
        with contextlib.suppress(APIError, RequestException):  # it has just ended by itself
            self.api.kill(self.id)

    def wait(self, seconds: float) -> int | None:
        return self._status if self._ended.wait(seconds) else None

    def engine_error(self) -> str:
        try:
            return str(self.api.inspect_container(self.id)["State"]["Error"])
        except (DockerException, RequestException) as error:
            return str(error)

    def close(self) -> None:
        if self._removed:
            return
        self._remove()
        self._reader.join(10)

    def _remove(self) -> None:
        try:
            self.api.remove_container(self.id, force=True, v=True)
        except NotFound:
            pass
        except (DockerException, RequestException) as error:
            raise InfrastructureError(f"Docker could not remove container {self.id[:12]}: {error}") from error
        self._removed = True

    def _wait(self) -> None:
        with contextlib.suppress(DockerException, RequestException, OSError, ValueError):
            self._status = int(self.api.wait(self.id, timeout=None)["StatusCode"])
        self._ended.set()

    def _ask_engine(self) -> Usage | None:
        """Slower than the cgroup's files (the engine measures for a second), so only where those are out of sight."""
        try:
            facts = self.api.stats(self.id, stream=False, one_shot=True)
            memory = facts["memory_stats"]
            cache = memory.get("stats", {}).get("inactive_file", memory.get("stats", {}).get("cache", 0))
            tasks = int(facts["pids_stats"].get("current", 0))
            cpu = facts["cpu_stats"]["cpu_usage"]["total_usage"] / 1e9
            return Usage(cpu, max(0, memory["usage"] - cache) / usage.MIB, tasks, tasks)
        except (DockerException, RequestException, KeyError):
            return None


def _record(stream: Any, stdout: Recorder, stderr: Recorder) -> None:
    with contextlib.suppress(DockerException, RequestException, OSError, ValueError):
        for out, err in stream:
            if out:
                stdout.write(out)
            if err:
                stderr.write(err)
