"""Running git on a repository that a stranger may have written.

A repository's own configuration can name programs to run (file system monitors, filters, hooks, signature
checkers, transports of partial clones). Only plumbing that runs none of them is used, and what could is
switched off besides: no system or user configuration, no hooks, no transport, no prompt, no replacement.
"""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path

from runner.submissions.limits import GIT_SECONDS

_SETTINGS = {
    "safe.directory": "*",
    "core.hooksPath": os.devnull,
    "core.fsmonitor": "false",
    "core.untrackedCache": "false",
    "core.quotePath": "false",
    "protocol.allow": "never",
}
_ENVIRONMENT = {
    "LC_ALL": "C",
    "HOME": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_ATTR_NOSYSTEM": "1",
}


class GitError(Exception):
    """git could not do it; the message is fit for the user."""


class GitMissingError(GitError):
    """git is not there, or what it was to look at."""


def git_directory(root: Path) -> Path | None:
    """The git directory of the repository whose top is `root` (bare or not); None when it is none."""
    if (root / ".git").exists():
        return root / ".git"
    if (root / "HEAD").is_file() and (root / "objects").is_dir():
        return root
    return None


def run_git(root: Path, arguments: Sequence[str], most_bytes: int, given: bytes = b"") -> bytes:
    """The output of a git command on the repository at `root`, `given` on its input.

    Raises GitError when it fails, prints more than `most_bytes`, or takes over GIT_SECONDS. `given` has
    to be small (a pipe's buffer), since it is written before anything is read.
    """
    with start_git(root, arguments) as process:
        assert process.stdin is not None and process.stdout is not None and process.stderr is not None
        timer = threading.Timer(GIT_SECONDS, process.kill)
        timer.start()
        try:
            process.stdin.write(given)
            process.stdin.close()
            output = process.stdout.read(most_bytes + 1)
            if len(output) > most_bytes:
                process.kill()
                raise GitError(f"git prints over {most_bytes} bytes; the repository is too large to review")
            complaint = process.stderr.read(4096).decode("utf-8", "replace").strip()
            if process.wait() != 0:
                raise GitError(complaint.splitlines()[-1] if complaint else "git ended with an error")
            return output
        except BrokenPipeError:
            raise GitError("git ended early") from None
        finally:
            timer.cancel()


def start_git(root: Path, arguments: Sequence[str]) -> subprocess.Popen[bytes]:
    """A git command on the repository at `root`, its three streams as pipes. Raises GitError."""
    directory = git_directory(root)
    if directory is None:
        raise GitMissingError("is not a git repository; give the folder that holds .git, or a bare repository")
    settings = [word for key, value in _SETTINGS.items() for word in ("-c", f"{key}={value}")]
    place = [f"--git-dir={directory}"] + ([] if directory == root else [f"--work-tree={root}"])
    try:
        return subprocess.Popen(
            ["git", "--no-pager", *settings, *place, *arguments],
            cwd=root,
            env={"PATH": os.environ.get("PATH", os.defpath), **_ENVIRONMENT},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
    except FileNotFoundError:
        raise GitMissingError("git is not installed; install it, or give a directory or an archive") from None
