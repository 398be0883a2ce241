"""The ways to isolate a command. `open_sandbox` picks one."""

from __future__ import annotations

from typing import Any

from sandbox.errors import InfrastructureError
from sandbox.protocol import Sandbox

NAMES = ("auto", "docker", "bubblewrap", "process")


def open_sandbox(name: str = "auto", **options: Any) -> Sandbox:
    """The backend called `name`, ready to run.

    `auto` is docker where its engine answers and an image exists or can be built, else bubblewrap; never process,
    which isolates nothing. Options go to the docker backend (see `DockerSandbox`); the others have none.
    Raises InfrastructureError that names what is missing and what to do.
    """
    if name == "auto" and options.get("runtime"):
        name = "docker"  # who names a container runtime does not want anything else
    if name == "auto":
        return _best(options)
    if name == "docker":
        from sandbox.backends.docker import DockerSandbox

        return DockerSandbox(**options)
    if name == "bubblewrap":
        from sandbox.backends.bubblewrap import BubblewrapSandbox

        return BubblewrapSandbox()
    if name == "process":
        from sandbox.backends.process import ProcessSandbox

        return ProcessSandbox()
    raise InfrastructureError(f"no backend is called {name!r}; there are {', '.join(NAMES)}")


def _best(options: dict[str, Any]) -> Sandbox:
    problems = []
    for name in ("docker", "bubblewrap"):
        try:
            return open_sandbox(name, **options)
        except InfrastructureError as error:
            problems.append(f"- {name}: {error}")
    raise InfrastructureError(
        "no sandbox is available on this machine:\n"
        + "\n".join(problems)
        + "\nInstall one of them (`sandbox-review doctor` says more), or run without isolation: backend=process"
    )
