"""Recognising the form of a submission and reading it."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import IO

from runner.submissions import (
    archive,
    directory,
    git_repository,
    json_form,
    research_history,
    transcript,
)
from runner.submissions.errors import Problems, SubmissionError, UnreadableError, show
from runner.submissions.fields import kind
from runner.submissions.git_command import git_directory
from runner.submissions.limits import ARCHIVE_BYTES, DOCUMENT_BYTES, MIB
from runner.submissions.model import Submission
from runner.submissions.strict_json import parse

_FORMS = "a submission.json, a transcript, a research_history.json, a directory, a .zip or .tar.gz, or PATH@COMMIT"
_ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
_GZIP_MAGIC = b"\x1f\x8b"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def load(word: str) -> Submission:
    """The submission that `word` names, in whichever form. Raises SubmissionError with every problem.

    It is an UnreadableError where the machine failed, and not the content.
    """
    problems = Problems()
    try:
        return _load(word, problems)
    except OSError as error:
        problems.add(show(word), f"cannot be read: {error.strerror or error}")
        raise UnreadableError(problems.messages) from error
    except RecursionError:
        problems.add(show(word), "is nested too deep to be read")
    raise SubmissionError(problems.messages)


def _load(word: str, problems: Problems) -> Submission:
    if not word or "\0" in word:
        raise SubmissionError([f"{show(word)}: is no path; give {_FORMS}"])
    path = Path(word)
    if not os.path.lexists(path):
        return _load_commit(word, problems)
    mode = path.stat().st_mode
    if stat.S_ISDIR(mode):
        if git_directory(path) == path:
            raise SubmissionError([f"{show(word)}: is a bare repository; say which commit: {word}@COMMIT"])
        return directory.read(path, word, problems)
    if not stat.S_ISREG(mode):
        raise SubmissionError([f"{show(word)}: is neither a file nor a directory; give {_FORMS}"])
    with path.open("rb") as file:
        return _load_file(file, word, problems)


def _load_commit(word: str, problems: Problems) -> Submission:
    """PATH@COMMIT; both may contain @, so the longest PATH that exists is taken."""
    splits = [index for index, character in enumerate(word) if character == "@" and index > 0]
    for index in reversed(splits):
        root = Path(word[:index])
        if root.is_dir():
            return git_repository.read(root, word[index + 1 :], word, problems)
    advice = "no such repository" if splits else "no such file or directory"
    raise UnreadableError([f"{show(word)}: {advice}; give {_FORMS}"])


def _load_file(file: IO[bytes], word: str, problems: Problems) -> Submission:
    size = os.fstat(file.fileno()).st_size
    head = file.read(4)
    file.seek(0)
    packed = head.startswith(_ZIP_MAGIC) or head.startswith(_GZIP_MAGIC)
    most = ARCHIVE_BYTES if packed else DOCUMENT_BYTES
    if size > most:
        raise SubmissionError([f"{show(word)}: has {size // MIB} MiB; {most // MIB} MiB is the most"])
    if head.startswith(_ZIP_MAGIC):
        return archive.read_zip(file, word, problems)
    if head.startswith(_GZIP_MAGIC):
        return archive.read_tar(file, word, problems)
    return _load_text(_decode(file.read(most + 1), word), word, problems)


def _decode(data: bytes, word: str) -> str:
    if not data.strip():
        raise SubmissionError([f"{show(word)}: is empty; give {_FORMS}"])
    faults = []
    if data.startswith(_UTF16):
        faults.append(f"{show(word)}: is UTF-16; save it as UTF-8")
    elif b"\0" in data:
        line = data.count(b"\n", 0, data.index(b"\0")) + 1
        faults.append(f"{show(word)}: holds a NUL byte (line {line}); remove it, or give {_FORMS}")
    try:
        # A byte order mark in front is no part of the text; editors put it there unasked.
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        faults.append(f"{show(word)}: is not UTF-8 (line {line}, byte {error.start}); save it as UTF-8")
        raise SubmissionError(faults[:1] if data.startswith(_UTF16) else faults) from None
    if faults:
        raise SubmissionError(faults)
    return text


def _load_text(text: str, word: str, problems: Problems) -> Submission:
    looks_like_json = text.lstrip()[:1] in {"{", "["} or word.endswith(".json")
    if not looks_like_json and transcript.is_transcript(text):
        return transcript.read(text, word, problems)
    if not looks_like_json:
        raise SubmissionError([f"{show(word)}: is neither JSON nor a transcript; give {_FORMS}"])
    found = Problems()
    document = parse(text, show(word), found)
    if research_history.is_research_history(document):
        # What is odd in other parts of the record is no reason to refuse the code in it.
        return research_history.read(document, word, problems)
    if document is None and not found:
        found.add(show(word), "is null; give an object")
    if document is not None and not isinstance(document, dict):
        found.add(show(word), f"is {kind(document)}; a submission is an object")
    if not isinstance(document, dict):
        raise SubmissionError(found.messages)
    return json_form.read(document, word, found)
