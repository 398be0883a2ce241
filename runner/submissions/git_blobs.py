"""Contents of git objects as they are stored: no filter of the repository's configuration is applied."""

from __future__ import annotations

import subprocess
import threading
from pathlib import Path
from types import TracebackType

from runner.submissions.git_command import GitError, start_git
from runner.submissions.limits import GIT_SECONDS


class Blobs:
    """One `git cat-file --batch` that is asked for one blob after the other."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def __enter__(self) -> Blobs:
        self._process = start_git(self._root, ["cat-file", "--batch"])
        self._timer = threading.Timer(GIT_SECONDS, self._process.kill)
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        self._process.kill()
        self._process.communicate()

    def read(self, sha: str, size: int, most: int) -> bytes:
        """The first `most` bytes of a blob of `size` bytes. Raises GitError."""
        if size > most:
            return self._read_head(sha, most)
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None and stdout is not None
        try:
            stdin.write(f"{sha}\n".encode())
            stdin.flush()
        except BrokenPipeError:
            raise GitError("git ended early; the repository may be damaged") from None
        answer = stdout.readline(200).split()
        if len(answer) != 3 or int(answer[2]) != size:
            raise GitError(f"cannot read object {sha}; the repository may be damaged")
        data = stdout.read(size + 1)[:-1]
        if len(data) != size:
            raise GitError(f"cannot read object {sha}; it took over {GIT_SECONDS:.0f} s or is damaged")
        return data

    def _read_head(self, sha: str, most: int) -> bytes:
        """The first bytes of a large blob, through a command of its own that is stopped then."""
        process: subprocess.Popen[bytes]
        with start_git(self._root, ["cat-file", "blob", sha]) as process:
            assert process.stdout is not None
            timer = threading.Timer(GIT_SECONDS, process.kill)
            timer.start()
            try:
                return process.stdout.read(most)
            finally:
                timer.cancel()
                process.kill()
