"""Loads the cases of `tests/submissions`: small repositories, each with the verdict that a review must give it.

A case is a folder with `expect.yaml`; its other files are the repository. A variant says `base: <name>` and brings
what differs: files of its own, `remove: [paths]`, and `edits: [{file, replace, with}]`, whose `replace` must stand
exactly once in the file. Adding a case needs no code.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field

from runner.submissions.slots import RUN_CONFIG_DIRS
from runner.vocabulary import Cause, StageName, Verdict

ROOT = Path(__file__).parent / "submissions"
EXPECT = "expect.yaml"


class CaseError(Exception):
    """A case that cannot be built; the message says which, and why."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Edit(_Part):
    """One replacement in one file of the base."""

    file: str
    replace: str
    with_: str = Field(alias="with")


class ExpectedFinding(_Part):
    """A finding that must be there; what is None is not compared."""

    criterion: str
    cause: Cause | None = None
    file: str | None = None
    line: int | None = None
    run_id: str | None = None


class Expect(_Part):
    """`expect.yaml`."""

    title: str
    base: str | None = None
    remove: tuple[str, ...] = ()
    edits: tuple[Edit, ...] = ()
    created_at: datetime | None = None
    """When the submission was made; a variant has its base's."""
    hypothesis: dict[str, str] | None = None
    verdict: Verdict
    findings: tuple[ExpectedFinding, ...]
    """Each of them must be reported."""
    also: tuple[str, ...] = ()
    """Criteria that may be reported beside `findings`, as they follow from the same mistake; no others may."""
    passes: tuple[int | str, ...] = ()
    """Sections and criteria that the whole review must see to be met: `not_exercised` is not enough."""
    not_applicable: tuple[str, ...] = ()
    """Criteria of these that have nothing to decide in this case."""
    overrides: tuple[str, ...] = ()
    """KEY=VALUE words that the review of this case needs."""
    stages: tuple[StageName, ...] = ()
    """The stages that the case is about; empty: all."""


class Case(_Part):
    """A repository and what a review of it must say."""

    name: str
    files: dict[str, str]
    """Path to text, run configurations included."""
    run_config_dir: str
    expect: Expect

    @property
    def runs(self) -> dict[str, str]:
        """Run id (the file's name) to its configuration as YAML text."""
        folder = PurePosixPath(self.run_config_dir)
        return {
            PurePosixPath(path).stem: text
            for path, text in self.files.items()
            if PurePosixPath(path).parent == folder and path.endswith(".yaml")
        }

    def write_directory(self, folder: Path) -> Path:
        """Write the repository into `folder` and return it."""
        for path, text in self.files.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        return folder

    def document(self) -> dict[str, Any]:
        """The case as the contents of a submission.json."""
        folder = PurePosixPath(self.run_config_dir)
        files = {path: text for path, text in self.files.items() if PurePosixPath(path).parent != folder}
        runs = [{"run_id": run_id, "run_config": text} for run_id, text in self.runs.items()]
        document: dict[str, Any] = {
            "submission_id": self.name,
            "files": files,
            "experiment_runs": runs,
            "run_config_dir": self.run_config_dir,
        }
        if self.expect.created_at is not None:
            document["created_at"] = self.expect.created_at.isoformat()
        if self.expect.hypothesis is not None:
            document["hypothesis"] = self.expect.hypothesis
        return document


def case_names() -> list[str]:
    """All cases, `clean` ones first."""
    names = [path.parent.name for path in ROOT.glob(f"*/{EXPECT}")]
    return sorted(names, key=lambda name: (name != "clean", name))


def load_case(folder: Path) -> Case:
    """Build a case from its folder. Raises CaseError."""
    try:
        expect = Expect.model_validate(yaml.safe_load((folder / EXPECT).read_text("utf-8")))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise CaseError(f"{folder.name}: {error}") from error
    files: dict[str, str] = {}
    if expect.base is not None:
        base = load_case(folder.parent / expect.base)
        files = dict(base.files)
        inherited = {"created_at": base.expect.created_at, "hypothesis": base.expect.hypothesis}
        expect = expect.model_copy(update={k: v for k, v in inherited.items() if getattr(expect, k) is None})
    files |= _own_files(folder)
    for path in expect.remove:
        if files.pop(path, None) is None:
            raise CaseError(f"{folder.name}: there is no {path} to remove")
    for number, edit in enumerate(expect.edits, start=1):
        found = files.get(edit.file, "").count(edit.replace)
        if found != 1:
            raise CaseError(f"{folder.name}: edit {number} finds its text {found} times in {edit.file}, not once")
        files[edit.file] = files[edit.file].replace(edit.replace, edit.with_)
    folders = {PurePosixPath(path).parent.as_posix() for path in files}
    directory = next((path for path in RUN_CONFIG_DIRS if path in folders), RUN_CONFIG_DIRS[0])
    return Case(name=folder.name, files=dict(sorted(files.items())), run_config_dir=directory, expect=expect)


def _own_files(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text("utf-8")
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path != folder / EXPECT and "__pycache__" not in path.parts
    }
