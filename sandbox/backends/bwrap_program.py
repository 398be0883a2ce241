"""The `bwrap` program: found, tried, and what it is told in every case."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
from pathlib import Path, PurePosixPath

from sandbox.backends import permissions
from sandbox.errors import InfrastructureError

UID = GID = 1000
"""Who the command is inside."""
ETC = ("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "alternatives", "localtime", "ssl/certs", "ssl/openssl.cnf")


def find_bwrap() -> str:
    """Path of a bwrap that works here. Raises InfrastructureError that says what is wrong."""
    program = shutil.which("bwrap")
    if program is None:
        raise InfrastructureError("bwrap is not installed; install the package `bubblewrap`")
    if os.getuid() == 0 and shutil.which("setpriv") is None:
        raise InfrastructureError("root needs the program setpriv for bubblewrap; install `util-linux`")
    problem = try_bwrap(program)
    if problem:
        raise InfrastructureError(
            f"bwrap cannot make a sandbox here ({problem}); unprivileged user namespaces must be allowed "
            "(sysctl kernel.unprivileged_userns_clone=1, or kernel.apparmor_restrict_unprivileged_userns=0)"
        )
    return program


def inside_user() -> tuple[int, int]:
    """User and group number of the command as it sees itself."""
    return permissions.command_user() if os.getuid() == 0 else (UID, GID)


def namespaces(program: str) -> list[str]:
    """The first words for bwrap. With a user namespace of its own, but for root, which needs none to set up mounts."""
    words = [program, "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try"]
    words += ["--die-with-parent", "--cap-drop", "ALL"]
    if os.getuid() == 0:
        return [*words, "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    words += ["--unshare-user", "--uid", str(UID), "--gid", str(GID)]
    if "--disable-userns" in _supported(program):  # since bwrap 0.8
        words += ["--disable-userns"]
    return words


def drop_root() -> list[str]:
    """The words, inside, before what must not run as root; nothing where nobody is root."""
    if os.getuid() != 0:
        return []
    uid, gid = permissions.command_user()
    program = shutil.which("setpriv") or "setpriv"
    return [program, f"--reuid={uid}", f"--regid={gid}", "--clear-groups", "--inh-caps=-all", "--no-new-privs"]


TARGET_AFTER = {"--bind": 2, "--ro-bind": 2, "--ro-bind-try": 2, "--dev-bind": 2, "--symlink": 2,
                "--tmpfs": 1, "--proc": 1, "--dev": 1}  # fmt: skip


def open_parents(words: list[str]) -> list[str]:
    """Words that make the folders above all mount points, open to all: bwrap on its own closes them to all but root."""
    targets = {words[at + TARGET_AFTER[word]] for at, word in enumerate(words) if word in TARGET_AFTER}
    needed: set[str] = set()
    for target in targets:
        for parent in reversed(PurePosixPath(target).parents):
            if str(parent) in targets:
                break  # what lies below is that mount's own affair
            needed.add(str(parent))
    return [word for path in sorted(needed - {"/"}) for word in ("--perms", "0755", "--dir", path)]


@functools.cache
def try_bwrap(program: str) -> str:
    """Really make a sandbox that runs `true`; "" if that worked, else bwrap's complaint."""
    words = [*namespaces(program), *system(), "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--"]
    try:
        done = subprocess.run([*words, *drop_root(), "/bin/true"], env={}, capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return "" if done.returncode == 0 else done.stderr.strip() or f"exit status {done.returncode}"


@functools.cache
def version(program: str) -> str:
    done = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=20)
    return done.stdout.strip().removeprefix("bubblewrap ")


@functools.cache
def _supported(program: str) -> frozenset[str]:
    """The options that this bwrap knows."""
    done = subprocess.run([program, "--help"], capture_output=True, text=True, timeout=20)
    return frozenset(word for word in (done.stdout + done.stderr).split() if word.startswith("--"))


@functools.cache
def system() -> list[str]:
    """The host's programs and libraries, and the few files of /etc that they need. Nothing else of the host."""
    words = ["--ro-bind", "/usr", "/usr"]
    for name in ("/bin", "/sbin", "/lib", "/lib32", "/lib64"):
        path = Path(name)
        if path.is_symlink():
            words += ["--symlink", str(path.readlink()), name]
        elif path.is_dir():
            words += ["--ro-bind", name, name]
    for name in ETC:
        words += ["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
    return words
