"""Let the sandbox's user at what it is shown.

Only root has to: without root, the command's user is the one who runs this program, and owns what it shows.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from sandbox.protocol import Task


def open_mounts(task: Task, uid: int, gid: int) -> None:
    """Give writable mounts to `uid`, open sockets to it; of read-only mounts, give a top that is closed to others.

    Does nothing unless this program is root. Runs before the command exists, so nothing changes under it.
    """
    if os.getuid() != 0:
        return
    for mount in task.mounts:
        if mount.writable:
            _give_tree(mount.source, uid, gid)
        elif mount.source.stat().st_uid != uid and not _others_may_enter(mount.source):
            os.chown(mount.source, uid, gid)
    for path in task.services.values():
        path.chmod(0o666)  # not given away: one service may answer sandboxes with different users


def _give_tree(top: Path, uid: int, gid: int) -> None:
    for _, _, files, descriptor in os.fwalk(top, follow_symlinks=False):
        if os.fstat(descriptor).st_uid != uid:
            os.fchown(descriptor, uid, gid)
        for name in files:
            found = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
            if found.st_uid != uid:
                os.chown(name, uid, gid, dir_fd=descriptor, follow_symlinks=False)


def _others_may_enter(path: Path) -> bool:
    mode = path.stat().st_mode
    needed = stat.S_IROTH | stat.S_IXOTH if stat.S_ISDIR(mode) else stat.S_IROTH
    return mode & needed == needed
