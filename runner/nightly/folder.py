"""A night's directory: who writes in it, and where each review lies."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
from pathlib import Path

from runner.nightly.night import NIGHT_FILE, Night
from runner.nightly.review_process import SUBMISSION, Ran, read_done
from runner.reports import night_html

INDEX_FILE = "index.html"
_REVIEWS = "reviews"
_LOCK = ".lock"
_KEY = "key.json"


class InUseError(Exception):
    """Another program is writing in this directory."""


class NightFolder:
    """The directory of one night, held by one program at a time, however that ends."""

    def __init__(self, path: Path) -> None:
        """Make it where it is missing, and hold it. Raises InUseError, OSError."""
        self.path = path.absolute()
        self.path.mkdir(parents=True, exist_ok=True)
        self._lock = os.open(self.path / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._lock)
            raise InUseError(f"{path}: another nightly is writing there; wait for it, or stop it") from error

    def close(self) -> None:
        os.close(self._lock)

    def belongs_to(self, mark: str) -> bool:
        """Whether it is the folder of the night with this mark, and not another machine's of the same path."""
        return os.pread(self._lock, len(mark.encode()) + 1, 0) == mark.encode()

    def mark(self, mark: str) -> None:
        """Make it the folder of one night, for whatever program or container goes on with that."""
        os.ftruncate(self._lock, 0)
        os.pwrite(self._lock, mark.encode(), 0)

    def finished(self, name: str, role: str, key: str) -> tuple[Path, Ran] | None:
        """A review of this that had finished when an earlier program was killed; None where there is none."""
        for folder in self._folders(name, role):
            ran = read_done(folder)
            if ran is not None and _key_in(folder) == key:
                return folder, ran
        return None

    def new(self, name: str, role: str, key: str, submission: str) -> Path:
        """A folder for one more review, with its submission.json; what an earlier one left stays."""
        number = len(self._folders(name, role)) + 1
        folder = self.path / _REVIEWS / _slug(name) / f"{role}-{number}"
        folder.mkdir(parents=True)
        (folder / SUBMISSION).write_text(submission, "utf-8")
        (folder / _KEY).write_text(json.dumps({"key": key}), "utf-8")
        return folder

    def write(self, night: Night) -> None:
        """night.json and index.html: each as a whole, or what was there before."""
        for name, text in (
            (NIGHT_FILE, night.model_dump_json(indent=2) + "\n"),
            (INDEX_FILE, night_html.render(night)),
        ):
            partial = self.path / f".{name}"
            partial.write_text(text, "utf-8")
            partial.replace(self.path / name)

    def _folders(self, name: str, role: str) -> list[Path]:
        return sorted((self.path / _REVIEWS / _slug(name)).glob(f"{role}-*"))


def _key_in(folder: Path) -> str:
    try:
        return str(json.loads((folder / _KEY).read_text("utf-8"))["key"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _slug(name: str) -> str:
    """A folder's name for any submission's name; different for different ones."""
    slug = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.")[:80]
    return slug if slug == name else f"{slug}-{hashlib.sha256(name.encode('utf-8', 'replace')).hexdigest()[:8]}"
