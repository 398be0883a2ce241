"""The host folder of one run: the agent's file and sockets, shown read-only inside the sandbox."""

from __future__ import annotations

import os
import shutil
import tempfile
from importlib import resources
from pathlib import Path

from sandbox import owner
from sandbox.errors import InfrastructureError

USER_NAME = "sandbox"


def parent() -> Path:
    """Where run folders lie; created private to this user. Raises InfrastructureError if someone else owns it."""
    path = Path(tempfile.gettempdir()) / f"sandbox-review-{os.getuid()}"
    path.mkdir(mode=0o700, exist_ok=True)
    status = path.lstat()
    if status.st_uid != os.getuid() or path.is_symlink():
        raise InfrastructureError(f"{path} belongs to another user; remove it or set TMPDIR to a folder of yours")
    return path


class RunFolder:
    """A context: the folder exists inside it and is gone after it. Its name says who owns it, for the reaper."""

    def __init__(self, uid: int, gid: int) -> None:
        self.path = Path(tempfile.mkdtemp(prefix=f"{owner.current().token}-", dir=parent()))
        # The parent is closed to others; inside a container, another user than this one must be able to look.
        self.path.chmod(0o755)
        self.agent = self.path / "agent.py"
        self.agent.write_bytes((resources.files("sandbox.inside") / "agent.py").read_bytes())
        (self.path / "passwd").write_text(f"{USER_NAME}:x:{uid}:{gid}::/home/{USER_NAME}:/bin/sh\n")
        (self.path / "group").write_text(f"{USER_NAME}:x:{gid}:\n")
        (self.path / "hosts").write_text("127.0.0.1 localhost\n::1 localhost\n")

    def __enter__(self) -> RunFolder:
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self.path, ignore_errors=True)
