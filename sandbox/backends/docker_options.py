"""What a sandbox's container is made with; the one place that knows Docker's options."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from docker.types import DeviceRequest, LogConfig, Ulimit

from sandbox import gpus
from sandbox.backends import environment
from sandbox.folder import USER_NAME, RunFolder
from sandbox.protocol import Network, Task

PYTHON = "/usr/bin/python3"
UV = "/usr/local/bin/uv"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
HOME = f"/home/{USER_NAME}"
FOLDER = "/run/sandbox"
SERVICES = "/run/services"
MIB = 1 << 20


def service_socket(port: int) -> str:
    """Where the agent finds the socket of the service that answers at `port`."""
    return f"{SERVICES}/{port}.sock"


def container(
    task: Task,
    folder: RunFolder,
    *,
    image: str,
    user: str,
    runtime: str,
    install_network: str,
    cpus: int,
    labels: Mapping[str, str],
) -> dict[str, Any]:
    """The body of the engine's "create container" request. `cpus` is how many the engine's machine has."""
    limits = task.limits
    uid, gid = user.split(":")
    memory = limits.memory_mb * MIB
    network = install_network if task.network is Network.INDEX else "none"
    file_size = (limits.disk_mb + 64) * MIB
    host: dict[str, Any] = {
        "Mounts": _mounts(task, folder),
        "ReadonlyRootfs": True,
        "CapDrop": ["ALL"],
        "SecurityOpt": ["no-new-privileges"],
        "NetworkMode": network,
        "Memory": memory,
        "MemorySwap": memory,  # memory and swap together: no swap
        "PidsLimit": limits.pids + 1,  # and the agent
        "NanoCpus": int(min(limits.cpus, cpus) * 1e9),  # the engine refuses more than there are
        "ShmSize": limits.shm_mb * MIB,
        "Tmpfs": {
            "/tmp": f"size={limits.tmp_mb}m,mode=1777,exec,nosuid,nodev",
            HOME: f"size={limits.tmp_mb}m,mode=0700,uid={uid},gid={gid},exec,nosuid,nodev",
        },
        # Output goes to the attached recorder alone: a flood must not land in the engine's log files.
        "LogConfig": LogConfig(type=LogConfig.types.NONE),
        "Ulimits": [
            Ulimit(name="core", soft=0, hard=0),
            Ulimit(name="fsize", soft=file_size, hard=file_size),
        ],
    }
    if runtime:
        host["Runtime"] = runtime
    if task.gpus:
        names = gpus.chosen(task.gpus)
        which: dict[str, Any] = {"device_ids": names} if names else {"count": task.gpus}
        host["DeviceRequests"] = [DeviceRequest(capabilities=[["gpu"]], **which)]
    return {
        "Image": image,
        "Entrypoint": [],
        "Cmd": [PYTHON, "-ISB", f"{FOLDER}/agent.py", f"{FOLDER}/control.sock"],
        "User": user,
        "WorkingDir": "/",
        "Hostname": "sandbox",
        "AttachStdin": False,
        "AttachStdout": True,
        "AttachStderr": True,
        "NetworkDisabled": network == "none",
        "Labels": dict(labels),
        "HostConfig": host,
    }


def _mounts(task: Task, folder: RunFolder) -> list[dict[str, Any]]:
    mounts = [_bind(mount.source, mount.target, mount.writable) for mount in task.mounts]
    mounts.append(_bind(folder.path, FOLDER))
    # Code asks for its user's name (getpass, torch's compile cache) and fails where the number has none.
    mounts += [_bind(folder.path / name, f"/etc/{name}") for name in ("passwd", "group")]
    mounts += [_bind(path, service_socket(port)) for port, path in task.services.items()]
    bundle = environment.host_ca_bundle(os.environ)
    if task.network is Network.INDEX and bundle is not None:
        mounts.append(_bind(bundle, environment.CA_BUNDLE))
    return mounts


def _bind(source: Path, target: str, writable: bool = False) -> dict[str, Any]:
    return {"Type": "bind", "Source": str(source), "Target": target, "ReadOnly": not writable}
