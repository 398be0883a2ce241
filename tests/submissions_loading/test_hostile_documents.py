"""Documents made to hurt: refused with a message, quickly, and without a trace."""

from __future__ import annotations

import errno
import json
import os
import tarfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from runner.submissions import SubmissionError, UnreadableError, load
from runner.submissions.errors import SHOWN

Refused = Callable[..., str]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "is empty"),
        (b" \n\t", "is empty"),
        (b"{", "is not JSON: line 1"),
        (b'{"a": 1,}', "is not JSON"),
        (b"[]", "is an array"),
        (b"null", "is null"),
        (b"3", "is a number"),
        (b'{"a": "\x00"}', "NUL byte (line 1)"),
        (b'{"a": "\xff"}', "is not UTF-8 (line 1, byte 7)"),
        ("{}".encode("utf-16"), "is UTF-16"),
        (b"[" * 10_000 + b"]" * 10_000, "is nested over 64 deep"),
        (b'{"a":' * 10_000, "is nested over 64 deep"),
        (b"[" * 2_000_000, "is nested over 64 deep"),
        (b"[" + b"0," * 3_000_000 + b"0]", "holds over 1000000 values"),
        (b'"' + b'\\"' * 2_000_000, "is not JSON"),
        (b'{"a": ' + b"9" * 5000 + b"}", "an integer of 5000 digits"),
        (b'{"a": 1e999}', "no 64-bit float"),
        (b'{"a": NaN, "b": -Infinity}', "holds NaN"),
        (b'{"a": 1, "a": 2}', "the key 'a' stands twice"),
        (b'{"a": "\\ud800"}', "lone surrogate"),
        (b'{"\\udfff": 1}', "lone surrogate"),
        (b"print('hello')", "is not JSON"),
    ],
    ids=lambda value: repr(value[:24]) if isinstance(value, bytes) else "",
)
def test_what_is_no_document_is_refused(problems: Refused, content: bytes, expected: str) -> None:
    started = time.monotonic()
    assert expected in problems(content)
    assert time.monotonic() - started < 5


def test_a_text_that_is_no_form_is_refused(problems: Refused) -> None:
    assert "is neither JSON nor a transcript" in problems(b"print('hello')", "notes.txt")


def test_odd_values_are_listed_together_with_other_problems(problems: Refused) -> None:
    message = problems(b'{"experiment_code": {"x_py": NaN, "x_py": ""}, "experiment_runs": []}')
    assert "holds NaN" in message and "stands twice" in message
    assert "is no known slot" in message and "experiment_runs: is empty" in message


def test_a_hundred_megabytes_are_refused_in_two_seconds(tmp_path: Path) -> None:
    file = tmp_path / "submission.json"
    with file.open("wb") as stream:
        stream.write(b'{"experiment_code": {"train_py": "')
        for _ in range(100):
            stream.write(b"x" * 1024 * 1024)
        stream.write(b'"}}')
    started = time.monotonic()
    with pytest.raises(SubmissionError, match="has 100 MiB; 16 MiB is the most"):
        load(str(file))
    assert time.monotonic() - started < 2


def test_a_file_of_a_submission_has_a_size_limit(problems: Refused, document: dict[str, Any]) -> None:
    document["experiment_code"]["train_py"] = "#" * (5 * 1024 * 1024)
    assert "src/train.py': is larger than 4 MiB" in problems(document)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("", "is empty"),
        ("/etc/passwd", "is an absolute path"),
        ("../x.py", "leaves the repository"),
        ("src/../../x.py", "leaves the repository"),
        ("C:/x.py", "drive letter"),
        ("C:x.py", "drive letter"),
        ("src\\x.py", "backslash"),
        ("\\\\host\\share", "backslash"),
        ("src//x.py", "empty or '.' part"),
        ("./x.py", "empty or '.' part"),
        ("src/", "empty or '.' part"),
        ("a\0b", "NUL"),
        ("a\nb", "control or invisible"),
        ("a\u202eb", "control or invisible"),
        ("a\x1b[31m", "control or invisible"),
        ("\ud800", "not valid Unicode"),
        ("x" * 256, "part longer than 255 bytes"),
        ("é" * 130, "part longer than 255 bytes"),
        ("/".join(["ab"] * 300), "longer than 512 bytes"),
        ("/".join("x" * 40), "more than 32 folders deep"),
        (".git/config", "inside .git"),
        ("src/.GIT/hooks/x", "inside .git"),
        ("SRC/TRAIN.PY", "differs from"),
        ("src/train.py/x", "is a file and also the folder of"),
        ("config/runs/Proposed-Small.yaml", "differs from"),
        ("config/runs/proposed-small.yaml/x", "is a file and also the folder of"),
        ("config/runs", "is a file and also the folder of"),
    ],
)
def test_paths_that_lead_astray_are_refused(
    problems: Refused, document: dict[str, Any], path: str, expected: str
) -> None:
    document["experiment_code"]["files"] = {path: ""}
    message = problems(document)
    assert expected in message
    assert message.isprintable() or all(line.isprintable() for line in message.splitlines())


@pytest.mark.parametrize(
    "run_id",
    ["", ".", "..", ".hidden", "-x", "a/b", "a\\b", "C:a", "a\0", "a\nb", " a", "a ", "a.", "x" * 251, "\ud800"],
)
def test_run_ids_that_name_no_file_are_refused(problems: Refused, document: dict[str, Any], run_id: str) -> None:
    document["experiment_runs"][0]["run_id"] = run_id
    assert "run id" in problems(document) or run_id == "\ud800"


@pytest.mark.parametrize("run_id", ["a", "proposed-iter1-Qwen3-0.6B-gsm8k", "ResNet-20 (0.27 M)", "größe_1", "1"])
def test_run_ids_that_name_a_file_are_taken(tmp_path: Path, document: dict[str, Any], run_id: str) -> None:
    document["experiment_runs"][0]["run_id"] = run_id
    file = tmp_path / "submission.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    assert load(str(file)).run_ids[0] == run_id


def test_nul_in_a_source_is_refused_with_its_line(problems: Refused, document: dict[str, Any]) -> None:
    document["experiment_code"]["main_py"] = "a = 1\nb = '\0'\n"
    assert "'src/main.py': holds a NUL character (line 2)" in problems(document)


def test_endless_problems_make_a_message_that_ends(problems: Refused, document: dict[str, Any]) -> None:
    document["experiment_code"]["files"] = {f"../{number}": "" for number in range(3000)}
    message = problems(document)
    assert "3000 problems" in message and "2800 more" in message
    assert len(message.splitlines()) == SHOWN + 2


@pytest.mark.parametrize("word", ["", "\0", "/no/such/file", "no/such@HEAD", "x" * 5000, "/dev/null"])
def test_words_that_name_nothing_are_refused(word: str) -> None:
    with pytest.raises(SubmissionError):
        load(word)


def test_an_unreadable_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "submission.json"
    file.write_text("{}")

    def denied(*_: object) -> None:
        # Taken from the file's mode, root would still be let in.
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(Path, "open", denied)
    with pytest.raises(UnreadableError, match="cannot be read: Permission denied"):
        load(str(file))


def test_a_link_that_leads_nowhere_is_refused(tmp_path: Path) -> None:
    (tmp_path / "submission.json").symlink_to(tmp_path / "gone")
    with pytest.raises(UnreadableError, match="cannot be read"):
        load(str(tmp_path / "submission.json"))


@pytest.mark.parametrize("word", ["gone", "gone@HEAD", "here@HEAD"])
def test_a_path_that_is_gone_says_nothing_of_its_content(tmp_path: Path, word: str) -> None:
    (tmp_path / "here").mkdir()
    with pytest.raises(UnreadableError):
        load(str(tmp_path / word))
    (tmp_path / "empty.json").write_text("")
    with pytest.raises(SubmissionError) as caught:
        load(str(tmp_path / "empty.json"))
    assert not isinstance(caught.value, UnreadableError)


@pytest.mark.parametrize(("number", "kind"), [(errno.EIO, UnreadableError), (errno.EINVAL, SubmissionError)])
def test_a_failing_disk_is_no_damaged_archive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, kind: type[SubmissionError]
) -> None:
    def failing(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    with tarfile.open(tmp_path / "a.tar.gz", "w:gz"):
        pass
    monkeypatch.setattr(tarfile, "open", failing)
    with pytest.raises(SubmissionError) as caught:
        load(str(tmp_path / "a.tar.gz"))
    assert type(caught.value) is kind
