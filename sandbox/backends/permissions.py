"""Who the command is on the host, and letting it at what it is shown.

Where this program is root, the command must not be, not even without capabilities: root's number alone may write to
/proc/sys, and leave a set-user-id program behind in a writable mount. Without root, the command is who runs this
program, and owns what it shows.
"""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path

from sandbox.errors import InfrastructureError
from sandbox.protocol import Task

SANDBOX_UID = 64321
"""Who the command is if the host program is root: nobody's number on any host we know of."""


def command_user() -> tuple[int, int]:
    """User and group number that the command has on the host (docker, bubblewrap)."""
    return (SANDBOX_UID, SANDBOX_UID) if os.getuid() == 0 else (os.getuid(), os.getgid())


def open_mounts(task: Task, uid: int, gid: int) -> None:
    """Give writable mounts to `uid`, open sockets to it; of read-only mounts, give a top that is closed to others.

    Does nothing unless this program is root. Runs before the command exists, so nothing changes under it.
    Raises InfrastructureError if a mount's source is missing.
    """
    for mount in task.mounts:
        if not mount.source.exists():
            raise InfrastructureError(f"{mount.source} is to be shown in the sandbox and does not exist")
        if os.getuid() != 0:
            continue
        if mount.writable and mount.source.stat().st_uid != uid:
            _give_tree(mount.source, uid, gid)
        elif mount.source.stat().st_uid != uid and not _others_may_enter(mount.source):
            os.chown(mount.source, uid, gid)
    for path in task.services.values() if os.getuid() == 0 else ():
        path.chmod(0o666)  # not given away: one service may answer sandboxes with different users


def _give_tree(top: Path, uid: int, gid: int) -> None:
    """Give `top` and all below it, `top` itself last: a folder that was given is whole, and is not walked again.

    That matters for package caches, which hold 100,000 files and are written to by several sandboxes at once.
    """
    for _, _, files, descriptor in os.fwalk(top, topdown=False, follow_symlinks=False):
        for name in files:
            with contextlib.suppress(FileNotFoundError):
                if os.stat(name, dir_fd=descriptor, follow_symlinks=False).st_uid != uid:
                    os.chown(name, uid, gid, dir_fd=descriptor, follow_symlinks=False)
        if os.fstat(descriptor).st_uid != uid:
            os.fchown(descriptor, uid, gid)


def _others_may_enter(path: Path) -> bool:
    mode = path.stat().st_mode
    needed = stat.S_IROTH | stat.S_IXOTH if stat.S_ISDIR(mode) else stat.S_IROTH
    return mode & needed == needed
