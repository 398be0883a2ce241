"""Which entries of a repository belong to the submission; one place for directories, archives and commits.

Everything that is text belongs, since a rule later has to see source and configuration that should not
be there. Left out, and listed as skipped: version control's own files, caches and environments (rebuilt
by whoever needs them), the research system's record of its work, and binary files.
"""

from __future__ import annotations

from pathlib import PurePosixPath

from runner.submissions.errors import Problems, show
from runner.submissions.limits import ENTRIES, FILE_BYTES, FILES, MIB, SNIFF_BYTES, TEXT_BYTES, UNPACKED_BYTES
from runner.submissions.model import Skipped
from runner.submissions.paths import path_problem

RECORD = ".research"
HISTORY = ".research/research_history.json"
TRANSCRIPT = ".research/prompt/create_code_subgraph/validate_experiment_code.txt"
EXPECTATION = "expect.yaml"
"""A corpus of submissions may say at the root of each what verdict it expects; that is no part of the submission."""
_RECORDS_READ = frozenset({HISTORY, TRANSCRIPT})

_LEFT_OUT = {
    ".git": "version control's own files",
    ".hg": "version control's own files",
    ".svn": "version control's own files",
    ".venv": "an environment",
    "venv": "an environment",
    "node_modules": "an environment",
    "__pycache__": "a cache",
    ".cache": "a cache",
    ".mypy_cache": "a cache",
    ".pytest_cache": "a cache",
    ".ruff_cache": "a cache",
    ".ipynb_checkpoints": "a cache",
    ".tox": "a cache",
}
_SOURCE_SUFFIXES = frozenset({".py", ".pyi", ".toml", ".yaml", ".yml", ".cfg", ".ini", ".lock", ".sh"})
READ_BYTES = FILE_BYTES + 1
"""What a source reads of an entry at most: one byte over the limit shows that it is over."""


class TooLargeError(Exception):
    """Reading on would cost more than a submission may; the problem is recorded already."""


class Collector:
    """Takes the entries of a repository one by one and keeps what belongs to the submission."""

    def __init__(self, problems: Problems) -> None:
        self.files: dict[str, str] = {}
        self.records: dict[str, bytes] = {}
        self._problems = problems
        self._entries = 0
        self._read = 0
        self._text = 0
        self._skipped: dict[str, str] = {}

    def count_entry(self) -> None:
        """Count one file or folder that was looked at. Raises TooLargeError over the limit."""
        self._entries += 1
        if self._entries > ENTRIES:
            self._problems.add("", f"holds over {ENTRIES} files and folders; give the submission alone")
            raise TooLargeError

    def refuse(self, path: str, what: str) -> None:
        """Record an entry that no submission may hold."""
        self._problems.add(show(path), what)

    def leave_out(self, path: str, reason: str) -> None:
        """Note that `path` (a file, or a folder with all in it) is not part of the submission."""
        self._skipped[path] = reason

    def leaves_out_folder(self, path: str) -> bool:
        """Whether nothing under the folder `path` belongs; it is noted as skipped then."""
        name = PurePosixPath(path).name
        if name in _LEFT_OUT:
            self.leave_out(path, _LEFT_OUT[name])
            return True
        return False

    def take_folder(self, path: str) -> None:
        """Check the name of a folder that an archive lists; folders come into being with their files."""
        plain = path.rstrip("/")
        if plain not in {"", "."} and (fault := path_problem(plain)):
            parts = set(PurePosixPath(plain).parts)
            if not parts & _LEFT_OUT.keys() or ".." in parts or path.startswith("/"):
                self.refuse(path, fault)

    def wants(self, path: str) -> bool:
        """Whether the content of the file `path` has to be read."""
        if ".." in path.split("/") or path.startswith("/"):
            self.refuse(path, path_problem(path) or "leaves the repository")
            return False
        for parent in [*reversed(PurePosixPath(path).parents[:-1]), PurePosixPath(path)]:
            if self.leaves_out_folder(str(parent)):
                return False
        if path.startswith(RECORD + "/"):
            self.leave_out(RECORD, "the research system's record of its work")
            return path in _RECORDS_READ
        if path == EXPECTATION:
            self.leave_out(path, "what a corpus expects of the review")
            return False
        if fault := path_problem(path):
            self.refuse(path, fault)
            return False
        return True

    def take(self, path: str, data: bytes) -> None:
        """Keep the file `path`; `data` is its content, or its first READ_BYTES. Raises TooLargeError."""
        self._read += len(data)
        if self._read > UNPACKED_BYTES:
            limit = UNPACKED_BYTES // MIB
            self._problems.add("", f"holds over {limit} MiB; a submission holds code, not data or weights")
            raise TooLargeError
        if path in _RECORDS_READ:
            self.records[path] = data
            return
        source = PurePosixPath(path).suffix in _SOURCE_SUFFIXES
        if b"\0" in data[:SNIFF_BYTES] and not source:
            self.leave_out(path, "binary")
        elif len(data) > FILE_BYTES:
            self.refuse(path, f"is larger than {FILE_BYTES // MIB} MiB; a submission holds code, not data")
        else:
            self._take_text(path, data, source)

    def _take_text(self, path: str, data: bytes, source: bool) -> None:
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError as error:
            if source:
                line = data.count(b"\n", 0, error.start) + 1
                self.refuse(path, f"is not UTF-8 (line {line}); save it as UTF-8")
            else:
                self.leave_out(path, "binary (not UTF-8)")
            return
        self._text += len(data)
        if path in self.files:
            self.refuse(path, "stands twice in the archive; keep one")
        elif self._text > TEXT_BYTES or len(self.files) >= FILES:
            limits = f"{FILES} text files or {TEXT_BYTES // MIB} MiB of text"
            self._problems.add("", f"holds over {limits}; give the submission alone")
            raise TooLargeError
        else:
            self.files[path] = text

    def skipped(self) -> list[Skipped]:
        """What was left out, in order of path; at most 1000 of them."""
        return [Skipped(path=path, reason=self._skipped[path]) for path in sorted(self._skipped)[:1000]]
