"""A corpus: past submissions in any accepted form, each with what is expected of it where somebody wrote that down."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from runner.nightly.night import NightVerdict
from runner.settings import problems_of
from runner.submissions import Submission, load

EXPECT = "expect.yaml"
_MANIFEST = (".yaml", ".yml")
_FORMS = (".json", ".txt", ".zip", ".tar.gz", ".tgz")
"""Ends of file names that are submissions in a corpus folder; others (a README, an expectation) are not."""


class CorpusError(Exception):
    """The corpus cannot be used. The message says everything that is wrong, and what to do."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class Expect(_Part):
    """`expect.yaml`: what a submission is and what its review must say. Further keys are somebody else's."""

    title: str = ""
    verdict: NightVerdict | None = None
    overrides: tuple[str, ...] = ()
    """KEY=VALUE words that this review needs, on top of the night's."""
    created_at: datetime | None = None
    """When the submission was made, where it does not say so itself."""


class Member(_Part):
    """One submission of a corpus, by the name under which its verdicts are kept."""

    name: str
    word: str
    """What `sandbox-review` would be given to review it."""
    expect: Expect = Expect()

    def load(self) -> Submission:
        """Read it. Raises SubmissionError."""
        submission = load(self.word)
        if submission.created_at is None and self.expect.created_at is not None:
            return submission.model_copy(update={"created_at": self.expect.created_at})
        return submission


class Corpus(_Part):
    """Submissions under names that are unique."""

    name: str
    members: tuple[Member, ...] = Field(min_length=1)
    source: Path
    """The folder or manifest, absolute."""
    named: bool
    """Whether somebody gave it its name; else it is that of the folder or file, which others may have, too."""


class _Item(BaseModel):
    """One submission in a manifest."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str
    name: str | None = None
    expect: Expect = Expect()


class _Manifest(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str | None = None
    submissions: tuple[_Item, ...]


def load_corpus(path: Path) -> Corpus:
    """The corpus in a folder, or the one that a manifest (YAML) lists. Raises CorpusError.

    In a folder, every folder is a submission, and every file whose name ends like a submission's. What is expected is
    in `expect.yaml` of a folder, or beside a file as `NAME.expect.yaml`. A manifest holds `submissions`, a list of
    `path` (relative to it; PATH@COMMIT works, too) and optionally `name` and `expect`, and optionally its own `name`.
    """
    if path.is_dir():
        members = _of_folder(path)
        given = None
    elif path.is_file() and path.name.endswith(_MANIFEST):
        given, members = _of_manifest(path)
    elif path.exists():
        raise CorpusError(f"{path}: is neither a folder of submissions nor a manifest (.yaml) of them")
    else:
        raise CorpusError(f"{path}: no such file or directory; give a folder of submissions or a manifest of them")
    if not members:
        raise CorpusError(f"{path}: holds no submission; they are folders, or files ending in {', '.join(_FORMS)}")
    name = given or (path.resolve().name if path.is_dir() else path.stem)
    return Corpus(name=name, members=tuple(members), source=path.resolve(), named=given is not None)


def _of_folder(folder: Path) -> list[Member]:
    members, problems = [], []
    for path in sorted(folder.iterdir(), key=lambda path: path.name):
        if path.name.startswith("."):
            continue
        if path.is_dir():
            name, expect = path.name, path / EXPECT
        elif path.name.endswith(_FORMS):
            name = _stem(path.name)
            expect = path.with_name(f"{name}.{EXPECT}")
        else:
            continue
        try:
            members.append(Member(name=name, word=str(path), expect=read_expect(expect)))
        except CorpusError as error:
            problems.append(str(error))
    problems += _twice(members)
    if problems:
        raise CorpusError("\n".join(problems))
    return members


def _of_manifest(path: Path) -> tuple[str | None, list[Member]]:
    try:
        manifest = _Manifest.model_validate(yaml.safe_load(path.read_text("utf-8")))
    except ValidationError as error:
        raise CorpusError(f"{path}: is no manifest of submissions\n{problems_of(error)}") from error
    except (OSError, UnicodeError, yaml.YAMLError) as error:
        raise CorpusError(f"{path}: cannot be read: {error}") from error
    members = []
    for item in manifest.submissions:
        where = path.parent / item.path
        expect = item.expect
        if "expect" not in item.model_fields_set:
            beside = where / EXPECT if where.is_dir() else where.with_name(f"{_stem(where.name)}.{EXPECT}")
            expect = read_expect(beside)
        members.append(Member(name=item.name or _stem(where.name), word=str(where), expect=expect))
    problems = _twice(members)
    if problems:
        raise CorpusError("\n".join(f"{path}: {problem}; give them a `name`" for problem in problems))
    return manifest.name, members


def read_expect(path: Path) -> Expect:
    """The `expect.yaml` at `path`; an empty one where there is none. Raises CorpusError."""
    if not path.is_file():
        return Expect()
    try:
        data: Any = yaml.safe_load(path.read_text("utf-8"))
        return Expect.model_validate(data if data is not None else {})
    except ValidationError as error:
        raise CorpusError(f"{path}: {problems_of(error)}") from error
    except (OSError, UnicodeError, yaml.YAMLError) as error:
        raise CorpusError(f"{path}: cannot be read: {error}") from error


def _stem(name: str) -> str:
    return next((name.removesuffix(end) for end in _FORMS if name.endswith(end) and name != end), name)


def _twice(members: list[Member]) -> list[str]:
    seen: dict[str, Member] = {}
    problems = []
    for member in members:
        other = seen.setdefault(member.name, member)
        if other is not member:
            problems.append(f"two submissions have the name {member.name}: {other.word} and {member.word}")
    return problems
