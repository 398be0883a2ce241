"""What a diagnosis starts from, and what it is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from runner.evidence import HubRequest
from runner.review import Frame, Traceback
from runner.vocabulary import Blame, Cause

COMPLETES = "implementation.trial_completes"
"""The criterion of a failure that no other one names."""


@dataclass(frozen=True)
class Diagnosis:
    """The judgement on one traceback."""

    criterion: str
    cause: Cause
    blame: Blame = Blame.SUBMISSION
    advice: str = ""


@dataclass(frozen=True)
class Scene:
    """A traceback and what is known around it."""

    traceback: Traceback
    hub: Sequence[HubRequest] = ()
    gpus: int = 0
    replaced_torch: bool = False
    """Whether the environment holds another torch than the project resolves to."""
    pyproject: str | None = None
    """The text of pyproject.toml, None where it is not known."""

    @property
    def type(self) -> str:
        return self.traceback.type.rsplit(".", 1)[-1]

    @property
    def message(self) -> str:
        return self.traceback.message

    @property
    def frames(self) -> list[Frame]:
        return self.traceback.frames

    def library(self) -> str:
        """Top-level package in which it was raised, "" if in the submission itself."""
        last = self.frames[-1] if self.frames else None
        return "" if last is None or last.in_submission else package(last.file)

    def files_called(self) -> list[str]:
        """Files on the stack below the deepest frame of the submission, outermost first."""
        files: list[str] = []
        for frame in reversed(self.frames):
            if frame.in_submission:
                break
            files.insert(0, frame.file)
        return files

    def libraries_called(self) -> list[str]:
        """Packages of these files."""
        return [package(file) for file in self.files_called()]

    def says(self, *words: str) -> bool:
        return any(word.lower() in self.message.lower() for word in words)


def package(file: str) -> str:
    """Top-level package that a file of an environment belongs to; "python" for the standard library."""
    found = re.search(r"(?:site-packages|dist-packages)/([A-Za-z0-9_]+)", file)
    return found.group(1) if found else "python"
