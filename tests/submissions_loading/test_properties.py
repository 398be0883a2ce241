"""What holds for every submission and every document, not only for those somebody thought of."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("hypothesis")

from hypothesis import given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from runner.submissions import Submission, SubmissionError, load, to_json  # noqa: E402
from runner.submissions.paths import path_problem  # noqa: E402
from runner.submissions.strict_json import extent  # noqa: E402
from runner.submissions.transcript_runs import recover_yaml  # noqa: E402

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=60)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
KEYS = ["experiment_code", "experiment_runs", "files", "hypothesis", "review", "created_at", "research_session"]
DOCUMENTS = st.dictionaries(st.sampled_from(KEYS), JSON, max_size=5)
FEW = settings(deadline=None, database=None)
NAMES = st.from_regex(r"[a-z][a-z0-9]{0,6}", fullmatch=True)


def loaded(content: bytes) -> Submission:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "submission.json")
        file.write_bytes(content)
        return load(str(file))


@settings(FEW, max_examples=200)
@given(
    code=st.dictionaries(NAMES.map("src/{}.py".format), TEXT, max_size=4),
    runs=st.dictionaries(NAMES, TEXT, min_size=1, max_size=3),
    extra=st.dictionaries(NAMES, st.integers(-(10**9), 10**9) | TEXT, max_size=3),
)
def test_every_submission_survives_the_round_trip(code: dict[str, str], runs: dict[str, str], extra: dict) -> None:
    document: dict[str, Any] = {
        "experiment_code": {"files": {"src/main.py": "", **code}},
        "experiment_runs": [{"run_id": key, "run_config": value, **extra} for key, value in runs.items()],
        "hypothesis": extra,
    }
    first = loaded(json.dumps(document).encode())
    second = loaded(to_json(first).encode())
    assert second == first.model_copy(update={"source": second.source})
    assert second.digest == first.digest


@settings(FEW, max_examples=400)
@given(DOCUMENTS)
def test_no_document_does_anything_but_load_or_be_refused(document: dict[str, Any]) -> None:
    try:
        loaded(json.dumps(document).encode())
    except SubmissionError as error:
        assert error.problems
        assert all(line.isprintable() for line in str(error).splitlines())


@settings(FEW, max_examples=200)
@given(
    st.binary(max_size=300), st.sampled_from([b"", b"PK\x03\x04", b"\x1f\x8b", b"{", b"# Generated Experiment Code\n"])
)
def test_no_bytes_do_anything_but_be_refused(content: bytes, head: bytes) -> None:
    with pytest.raises(SubmissionError):
        loaded(head + content)


@settings(FEW, max_examples=300)
@given(st.text(st.sampled_from(list("a./\\:-\né")), max_size=12))
def test_a_path_that_is_taken_stays_inside(path: str) -> None:
    if path_problem(path) is None:
        root = Path("/root/of/it")
        assert (root / path).resolve().is_relative_to(root)
        assert str(Path(path)) == path


@settings(FEW, max_examples=300)
@given(JSON.filter(lambda value: isinstance(value, list | dict)), st.text(max_size=10))
def test_an_object_ends_where_the_parser_says_it_does(value: Any, rest: str) -> None:
    text = json.dumps(value)
    assert extent(text + rest, 0).end == len(text)


@settings(FEW, max_examples=300)
@given(st.lists(st.from_regex(r"[a-z]: ?[a-z]{0,5}|  [a-z]: 1|", fullmatch=True), min_size=2, max_size=6))
def test_yaml_comes_back_as_it_was_rendered(lines: list[str]) -> None:
    config = "\n".join(["top: 1", *lines, "end: 1", ""])
    assert recover_yaml(f"  {config}", "  ") == config
