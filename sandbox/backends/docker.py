"""The real isolation: one container per task by Docker's engine, with runc or with gVisor's runsc."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sandbox import execution, owner, reaper
from sandbox.backends import docker_options as options
from sandbox.backends import environment, permissions
from sandbox.backends.docker_container import Container
from sandbox.errors import InfrastructureError
from sandbox.folder import RunFolder
from sandbox.output import Recorder
from sandbox.protocol import Mount, Network, Outcome, Sample, Task
from sandbox.watchdog import Running


class DockerSandbox:
    """Read-only root, no capabilities, no new privileges, own user, no network; limits by the kernel's cgroups.

    Where the host program is root, the command runs as user 64321, and writable mounts are given to that user
    (as is the top of a read-only mount that others may not enter).
    """

    name = "docker"
    python = options.PYTHON
    uv = options.UV

    def __init__(
        self, runtime: str = "", image: str = "", base_image: str = "", install_network: str = "bridge"
    ) -> None:
        """`runtime` is "" (the engine's default) or a registered one such as runsc; `image` is used as it is,
        `base_image` is what to build one on; `install_network` is bridge or host, for the installer alone.

        Raises InfrastructureError if the engine does not answer, lacks the runtime, or the image cannot be had.
        """
        if install_network not in ("bridge", "host"):
            raise InfrastructureError(f"backend.install_network is bridge or host, not {install_network!r}")
        self.client = connect()
        self.runtime = runtime
        self.install_network = install_network
        self._info: dict[str, Any] = self.client.info()
        if runtime and runtime not in self._info.get("Runtimes", {}):
            known = ", ".join(sorted(self._info.get("Runtimes", {})))
            raise InfrastructureError(
                f"Docker's engine has no runtime {runtime!r} (it has {known}); register it in /etc/docker/daemon.json"
            )
        self.isolation = f"container ({runtime or self._info.get('DefaultRuntime', 'runc')})"
        from images.build import ensure_image, image_exists

        if image and not image_exists(self.client, image):
            raise InfrastructureError(f"Docker's engine has no image {image!r}; pull it, or name none")
        self.image = image or ensure_image(self.client, base_image or None)
        self.uid, self.gid = permissions.command_user()

    @property
    def is_gvisor(self) -> bool:
        return "runsc" in self.runtime

    def mount(self, source: Path, inside: str, writable: bool = False) -> Mount:
        return Mount(source.absolute(), inside, writable)

    def run(
        self,
        task: Task,
        record: Path,
        *,
        on_sample: Callable[[Sample], None] | None = None,
        cancel: threading.Event | None = None,
    ) -> Outcome:
        with RunFolder(self.uid, self.gid) as folder:
            permissions.open_mounts(task, self.uid, self.gid)
            message = {
                "command": task.command,
                "cwd": task.cwd,
                "environment": environment.build(task, options.PATH, options.HOME, "/tmp"),
                "services": {str(port): options.service_socket(port) for port in task.services},
                "limits": execution.agent_limits(task.limits),
            }
            specification = options.container(
                task,
                folder,
                image=self.image,
                user=f"{self.uid}:{self.gid}",
                # gVisor as doctor advises to register it has no network, and no submission's code runs with one.
                runtime="" if task.network is Network.INDEX else self.runtime,
                install_network=self.install_network,
                cpus=int(self._info["NCPU"]),
                labels={owner.LABEL: owner.current().token, "sandbox-review.task": task.name},
            )

            def launch(folder: RunFolder, stdout: Recorder, stderr: Recorder) -> Running:
                return Container(
                    self.client.api,
                    specification,
                    stdout,
                    stderr,
                    by_processes="runsc" in specification["HostConfig"].get("Runtime", ""),
                )

            return execution.execute(task, record, folder, launch, message, on_sample, cancel)

    def reap(self) -> list[str]:
        """Containers whose owner is gone, and what else it left on this machine."""
        removed = []
        for summary in self.client.api.containers(all=True, filters={"label": owner.LABEL}):
            who = owner.parse(summary["Labels"][owner.LABEL])
            if who is None or not who.is_gone():
                continue
            if who.boot != owner.current().boot and summary["State"] == "running":
                continue  # no container outlives a boot: it belongs to another machine that uses this engine
            self.client.api.remove_container(summary["Id"], force=True, v=True)
            removed.append(f"container {summary['Names'][0].lstrip('/')}")
        return removed + reaper.reap_local()

    def describe(self) -> Mapping[str, str]:
        return {
            "backend": self.name,
            "isolation": self.isolation,
            "engine": str(self._info.get("ServerVersion", "")),
            "image": self.image,
            "runtime": self.runtime or str(self._info.get("DefaultRuntime", "")),
            "python": self.python,
            "limits": "watchdog (memory), rlimits" if self.is_gvisor else "cgroup of the container",
            "not_enforced": "process count; memory peaks shorter than a quarter second" if self.is_gvisor else "",
        }


def connect() -> Any:
    """A client of the local engine. Raises InfrastructureError if none answers."""
    import docker

    try:
        client = docker.from_env(timeout=60)
        client.ping()
    except (docker.errors.DockerException, OSError) as error:
        raise InfrastructureError(
            f"Docker's engine does not answer ({error}); start it, or add this user to the group `docker`"
        ) from error
    return client
