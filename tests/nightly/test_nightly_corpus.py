"""Corpora: folders and manifests of submissions in any accepted form."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from runner.nightly.corpus import CorpusError, load_corpus
from tests.nightly.simulated import submission
from tests.submission_cases import ROOT, load_case


def test_a_folder_holds_submissions_of_all_forms(tmp_path: Path) -> None:
    case = load_case(ROOT / "clean")
    directory = case.write_directory(tmp_path / "as-folder")
    (directory / "expect.yaml").write_text("title: Good\nverdict: ready\nmore: 1\noverrides: ['runs=[a]']\n")
    (tmp_path / "as-json.json").write_text(submission("ready"))
    (tmp_path / "as-json.expect.yaml").write_text("verdict: not_ready\ncreated_at: 2025-11-20T00:00:00Z\n")
    with zipfile.ZipFile(tmp_path / "as.zip", "w") as archive:
        for path, text in case.files.items():
            archive.writestr(path, text)
    (tmp_path / "README.md").write_text("no submission")
    (tmp_path / ".git").mkdir()
    corpus = load_corpus(tmp_path)
    assert corpus.name == tmp_path.name
    assert [member.name for member in corpus.members] == ["as-folder", "as-json", "as"]
    folder, given, packed = corpus.members
    assert packed.load().tree() == case.files
    assert (folder.expect.title, folder.expect.verdict, folder.expect.overrides) == ("Good", "ready", ("runs=[a]",))
    assert (given.expect.verdict, str(given.load().created_at)) == ("not_ready", "2025-11-20 00:00:00+00:00")


def test_a_manifest_names_submissions_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "one.json").write_text(submission("ready"))
    (tmp_path / "data" / "one.expect.yaml").write_text("verdict: ready\n")
    (tmp_path / "weekly.yaml").write_text(
        "submissions:\n"
        "  - {path: data/one.json}\n"
        "  - {path: data/one.json, name: the same, expect: {verdict: not_ready}}\n"
    )
    corpus = load_corpus(tmp_path / "weekly.yaml")
    assert corpus.name == "weekly"
    assert [(member.name, member.expect.verdict) for member in corpus.members] == [
        ("one", "ready"),
        ("the same", "not_ready"),
    ]
    assert corpus.members[0].load().run_ids == ("a",)


@pytest.mark.parametrize(
    ("files", "corpus", "words"),
    [
        ({}, ".", "holds no submission"),
        ({}, "missing", "no such file or directory"),
        ({"a.txt": "x"}, "a.txt", "neither a folder of submissions nor a manifest"),
        ({"m.yaml": "submissions: [{name: a}]"}, "m.yaml", "submissions.0.path: Field required"),
        ({"m.yaml": "a: [1"}, "m.yaml", "cannot be read"),
        ({"m.yaml": "submissions: [{path: a.json}, {path: b/a.json}]"}, "m.yaml", "have the name a"),
        ({"a.json": "", "a.zip": ""}, ".", "have the name a"),
        ({"a.json": "", "a.expect.yaml": "verdict: fine"}, ".", "a.expect.yaml: verdict: Input should be"),
    ],
)
def test_what_is_no_corpus_is_told(tmp_path: Path, files: dict[str, str], corpus: str, words: str) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(CorpusError, match=words.replace(".", "\\.")):
        load_corpus(tmp_path / corpus)
