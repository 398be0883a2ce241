"""Directories, archives and commits of one repository are one submission."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import tarfile
import zipfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from runner.submissions import SubmissionError, load

from .conftest import RUN_CONFIGS, transcript_text, write

DATE = "2025-11-20T08:30:00+09:00"


def git(root: Path, *arguments: str) -> str:
    identity = {"AUTHOR": "2024-01-01T00:00:00+00:00", "COMMITTER": DATE}
    environment = {"PATH": os.environ["PATH"], "HOME": str(root.parent), "GIT_CONFIG_NOSYSTEM": "1"}
    for role, date in identity.items():
        environment |= {f"GIT_{role}_NAME": "a", f"GIT_{role}_EMAIL": "a@example.org", f"GIT_{role}_DATE": date}
    done = subprocess.run(["git", *arguments], cwd=root, env=environment, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def work_tree(repository: Path) -> Path:
    git(repository, "init", "-q", "-b", "main")
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "first")
    return repository


def tar_of(root: Path, target: Path, top: str) -> Path:
    with tarfile.open(target, "w:gz") as archive:
        archive.add(root, arcname=top)
    return target


def zip_of(root: Path, target: Path, top: str) -> Path:
    with zipfile.ZipFile(target, "w") as archive:
        for path in sorted(root.rglob("*")):
            archive.write(path, top + str(path.relative_to(root)))
    return target


def test_a_directory_is_read_whole(repository: Path) -> None:
    submission = load(str(repository))
    assert submission.run_ids == tuple(sorted(RUN_CONFIGS))
    assert {"README.md", "data/.gitkeep", "src/main.py"} <= submission.files.keys()
    assert not any(path.startswith("config/runs/") for path in submission.files)
    assert submission.created_at is None


def test_every_form_of_a_repository_is_the_same_submission(work_tree: Path, tmp_path: Path) -> None:
    digest = load(str(work_tree)).digest
    git(work_tree, "clone", "-q", "--bare", ".", str(tmp_path / "bare"))
    plain = tmp_path / "plain"
    shutil.copytree(work_tree, plain, ignore=shutil.ignore_patterns(".git"))
    words = [
        f"{work_tree}@HEAD",
        f"{tmp_path / 'bare'}@main",
        str(plain),
        str(tar_of(plain, tmp_path / "a.tar.gz", "repository-1")),
        str(tar_of(plain, tmp_path / "b.tar.gz", ".")),
        str(zip_of(plain, tmp_path / "c.zip", "repository-1/")),
        str(zip_of(plain, tmp_path / "d.zip", "")),
    ]
    assert {word: load(word).digest for word in words} == dict.fromkeys(words, digest)


def test_a_commit_and_a_work_tree_have_the_committer_s_date(work_tree: Path) -> None:
    assert load(f"{work_tree}@main").created_at == datetime.fromisoformat(DATE)
    assert load(str(work_tree)).created_at == datetime.fromisoformat(DATE)


def test_a_commit_is_what_it_was(work_tree: Path) -> None:
    first = git(work_tree, "rev-parse", "HEAD")
    write(work_tree, "src/main.py", "changed\n")
    git(work_tree, "commit", "-qam", "second")
    write(work_tree, "src/main.py", "not committed\n")
    assert load(f"{work_tree}@{first}").files["src/main.py"] != "changed\n"
    assert load(f"{work_tree}@{first[:10]}").digest == load(f"{work_tree}@HEAD~1").digest
    assert load(f"{work_tree}@HEAD").files["src/main.py"] == "changed\n"
    assert load(str(work_tree)).files["src/main.py"] == "not committed\n"


def test_a_path_may_contain_an_at_sign(work_tree: Path, tmp_path: Path) -> None:
    moved = tmp_path / "me@home"
    work_tree.rename(moved)
    assert load(f"{moved}@HEAD@{{0}}").digest == load(str(moved)).digest == load(f"{moved}@main").digest


def test_git_ignored_and_cached_files_are_left_out_and_listed(work_tree: Path) -> None:
    write(work_tree, ".gitignore", "outputs/\n")
    write(work_tree, "outputs/metrics.py", "x")
    write(work_tree, "src/helper.py", "x")
    write(work_tree, ".cache/hub/model.py", "x")
    (work_tree / ".cache/hub/link").symlink_to("/etc/passwd")
    (work_tree / "figure.png").write_bytes(b"\x89PNG\0\0")
    submission = load(str(work_tree))
    assert "src/helper.py" in submission.files
    assert not {"outputs/metrics.py", ".cache/hub/model.py", "figure.png"} & submission.files.keys()
    assert {item.path for item in submission.skipped} == {".cache", ".git", "figure.png", "outputs"}


def test_the_directory_that_holds_the_run_configs_is_found(repository: Path) -> None:
    (repository / "config/runs").rename(repository / "config/run")
    assert load(str(repository)).run_config_dir == "config/run"


def test_of_two_such_directories_the_one_that_the_code_reads_is_taken(repository: Path) -> None:
    write(repository, "config/run/other.yaml", "run_id: other\n")
    write(repository, "src/main.py", "open('config/run/' + name)\n")
    submission = load(str(repository))
    assert submission.run_config_dir == "config/run" and submission.run_ids == ("other",)
    assert "config/runs/proposed-small.yaml" in submission.files


def test_the_research_record_describes_and_does_not_belong(repository: Path) -> None:
    write(
        repository,
        ".research/research_history.json",
        '{"research_session": {"hypothesis": {"primary_metric": "F1"}, "iterations": [{"experiment_runs": '
        '[{"run_id": "proposed-small", "method_name": "proposed", "model_name": "tiny"}]}]}}',
    )
    validated = ".research/prompt/create_code_subgraph/validate_experiment_code.txt"
    write(repository, validated, transcript_text())
    submission = load(str(repository))
    assert submission.hypothesis is not None and submission.hypothesis.primary_metric == "F1"
    described = {run.run_id: run for run in submission.runs}
    assert described["proposed-small"].model_name == "tiny"
    assert described["proposed-small"].run_config == RUN_CONFIGS["proposed-small"]
    assert submission.instructions.startswith("## Criteria")
    assert submission.review is not None and submission.review.is_code_ready is False
    assert not any(path.startswith(".research") for path in submission.files)


def test_a_verdict_on_other_code_is_no_claim_about_this(repository: Path) -> None:
    write(repository, "src/main.py", "repaired\n")
    validated = ".research/prompt/create_code_subgraph/validate_experiment_code.txt"
    write(repository, validated, transcript_text())
    submission = load(str(repository))
    assert submission.review is None and submission.instructions


@pytest.mark.parametrize("record", ["", "{", "[" * 10_000, '{"research_session": [1]}', "null"])
def test_an_unreadable_record_does_not_stop_a_review(repository: Path, record: str) -> None:
    write(repository, ".research/research_history.json", record)
    assert load(str(repository)).hypothesis is None


def test_line_ends_and_byte_order_marks_survive(repository: Path, tmp_path: Path) -> None:
    raw = b"\xef\xbb\xbfx = 1\r\ny = 2\r"
    (repository / "src/main.py").write_bytes(raw)
    load(str(repository)).materialise(tmp_path / "out")
    assert (tmp_path / "out/src/main.py").read_bytes() == raw


def refused(word: str) -> str:
    with pytest.raises(SubmissionError) as caught:
        load(word)
    return str(caught.value)


def test_a_directory_without_a_submission_is_refused(tmp_path: Path) -> None:
    message = refused(str(tmp_path))
    assert "holds none of a submission's files" in message and "holds no run configuration" in message


def test_everything_odd_in_a_directory_is_named_at_once(repository: Path) -> None:
    (repository / "src/link.py").symlink_to("/etc/passwd")
    (repository / "etc").symlink_to("/etc")
    os.mkfifo(repository / "pipe")
    (repository / "src/latin.py").write_bytes("x = 'é'\n".encode("latin-1"))
    (repository / "src/nul.py").write_bytes(b"x = 1\n\0")
    (repository / "rows.csv").write_bytes(b"1,2\n" * 1_500_000)
    (repository / "src" / os.fsdecode(b"\xff.py")).write_text("")
    message = refused(str(repository))
    for expected in (
        "'src/link.py': is a link",
        "'etc': is a link",
        "'pipe': is a device, socket or pipe",
        "'src/latin.py': is not UTF-8 (line 1)",
        "'rows.csv': is larger than 4 MiB",
        "is not valid Unicode",
    ):
        assert expected in message


def test_nul_in_a_source_file_is_refused(repository: Path) -> None:
    (repository / "src/nul.py").write_bytes(b"x = 1\n\0")
    assert "'src/nul.py': holds a NUL character (line 2)" in refused(str(repository))


def test_a_directory_nested_to_hurt_is_refused(repository: Path) -> None:
    deep = repository.joinpath(*["d"] * 200)
    deep.mkdir(parents=True)
    assert "more than 32 folders deep" in refused(str(repository))


@pytest.mark.parametrize(
    "commit", ["", "nope", "-x", "--help", "--output=/tmp/x", "a b", "HEAD:src", "HEAD^{tree}", "HEAD\n", "0" * 40]
)
def test_a_commit_that_is_none_is_refused(work_tree: Path, commit: str) -> None:
    message = refused(f"{work_tree}@{commit}")
    assert "is no commit" in message or "has no commit" in message


def test_a_path_that_is_no_repository_is_refused(repository: Path) -> None:
    assert "is not a git repository" in refused(f"{repository}@HEAD")


def test_a_folder_inside_a_repository_is_not_taken_for_it(work_tree: Path) -> None:
    assert "is not a git repository" in refused(f"{work_tree / 'src'}@HEAD")


def test_a_bare_repository_needs_a_commit(work_tree: Path, tmp_path: Path) -> None:
    git(work_tree, "clone", "-q", "--bare", ".", str(tmp_path / "bare"))
    assert "say which commit" in refused(str(tmp_path / "bare"))


def test_links_in_a_commit_are_refused(work_tree: Path) -> None:
    (work_tree / "src/link.py").symlink_to("main.py")
    git(work_tree, "add", "-A")
    git(work_tree, "commit", "-qm", "link")
    assert "'src/link.py': is a link" in refused(f"{work_tree}@HEAD")


def test_a_large_text_in_a_commit_is_refused_and_a_large_binary_left_out(work_tree: Path) -> None:
    (work_tree / "weights.bin").write_bytes(b"\0" * 6_000_000)
    git(work_tree, "add", "-A")
    git(work_tree, "commit", "-qm", "weights")
    assert [item.path for item in load(f"{work_tree}@HEAD").skipped] == ["weights.bin"]
    (work_tree / "rows.csv").write_bytes(b"1,2\n" * 1_500_000)
    git(work_tree, "add", "-A")
    git(work_tree, "commit", "-qm", "rows")
    assert "'rows.csv': is larger than 4 MiB" in refused(f"{work_tree}@HEAD")


def test_nothing_that_a_repository_configures_is_run(work_tree: Path, tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {mark}\ncat\n")
    program.chmod(0o755)
    for key in ("core.fsmonitor", "core.pager", "filter.x.smudge", "filter.x.clean", "filter.x.process", "gpg.program"):
        git(work_tree, "config", key, str(program))
    git(work_tree, "config", "log.showSignature", "true")
    git(work_tree, "config", "core.worktree", "/")
    write(work_tree, ".gitattributes", "* filter=x export-subst\n")
    hook = work_tree / ".git/hooks/post-index-change"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(program.read_text())
    hook.chmod(0o755)
    load(str(work_tree))
    load(f"{work_tree}@HEAD")
    assert not mark.exists()


def test_a_commit_that_is_only_partly_there_fetches_nothing(work_tree: Path, tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    program = tmp_path / "upload-pack"
    program.write_text(f"#!/bin/sh\ntouch {mark}\n")
    program.chmod(0o755)
    blob = git(work_tree, "rev-parse", "HEAD:src/main.py")
    (work_tree / ".git/objects" / blob[:2] / blob[2:]).unlink()
    git(work_tree, "config", "core.repositoryFormatVersion", "1")
    git(work_tree, "config", "extensions.partialClone", "origin")
    git(work_tree, "config", "remote.origin.promisor", "true")
    git(work_tree, "config", "remote.origin.url", str(tmp_path))
    git(work_tree, "config", "remote.origin.uploadpack", str(program))
    assert "'src/main.py': is missing from this clone" in refused(f"{work_tree}@HEAD")
    assert not mark.exists()


def tar_with(target: Path, base: Path, change: Callable[[tarfile.TarFile], None]) -> str:
    with tarfile.open(target, "w:gz") as archive:
        archive.add(base, arcname=".")
        change(archive)
    return str(target)


def tar_member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "", data: bytes = b"") -> Callable[..., None]:
    def add(archive: tarfile.TarFile) -> None:
        member = tarfile.TarInfo(name)
        member.type, member.linkname, member.size = kind, link, len(data)
        archive.addfile(member, io.BytesIO(data))

    return add


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (tar_member("../up.py"), "leaves the repository"),
        (tar_member("/abs.py"), "is an absolute path"),
        (tar_member("a/../../up.py"), "leaves the repository"),
        (tar_member("../.git/config"), "leaves the repository"),
        (tar_member("src/l.py", tarfile.SYMTYPE, "/etc/passwd"), "'src/l.py': is a link"),
        (tar_member("src/l.py", tarfile.LNKTYPE, "src/main.py"), "'src/l.py': is a link"),
        (tar_member("src/dev", tarfile.CHRTYPE), "is a device"),
        (tar_member("src/dev", tarfile.FIFOTYPE), "is a device"),
        (tar_member("src/main.py", data=b"again"), "stands twice"),
        (tar_member("SRC/MAIN.PY"), "differs from"),
        (tar_member("../up/", tarfile.DIRTYPE), "leaves the repository"),
    ],
)
def test_what_a_tar_may_not_hold(
    repository: Path, tmp_path: Path, change: Callable[[tarfile.TarFile], None], expected: str
) -> None:
    assert expected in refused(tar_with(tmp_path / "a.tar.gz", repository, change))


def test_what_a_zip_may_not_hold(repository: Path, tmp_path: Path) -> None:
    target = zip_of(repository, tmp_path / "a.zip", "")
    with zipfile.ZipFile(target, "a") as archive:
        archive.writestr("../up.py", "")
        archive.writestr("/abs.py", "")
        archive.writestr("C:\\win.py", "")
        link = zipfile.ZipInfo("src/link.py")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    message = refused(str(target))
    for expected in ("leaves the repository", "absolute path", "drive letter", "'src/link.py': is a link"):
        assert expected in message


def test_a_zip_bomb_that_says_so_is_not_unpacked(repository: Path, tmp_path: Path) -> None:
    target = zip_of(repository, tmp_path / "a.zip", "")
    with zipfile.ZipFile(target, "a", zipfile.ZIP_DEFLATED) as archive, archive.open("big", "w") as stream:
        for _ in range(300):
            stream.write(b"\0" * 1024 * 1024)
    assert "unpacks to 300 MiB" in refused(str(target))


def test_a_zip_bomb_that_lies_about_its_size_is_refused(repository: Path, tmp_path: Path) -> None:
    target = zip_of(repository, tmp_path / "a.zip", "")
    with zipfile.ZipFile(target, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("big.txt", b"\0" * 20_000_000)
    data = target.read_bytes()
    real, claimed = (20_000_000).to_bytes(4, "little"), (100).to_bytes(4, "little")
    target.write_bytes(data.replace(real, claimed))
    assert "cannot be unpacked" in refused(str(target))


def test_a_tar_bomb_is_refused_while_unpacking(repository: Path, tmp_path: Path) -> None:
    class Zeros(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            return b"\0" * size

    def bomb(archive: tarfile.TarFile) -> None:
        member = tarfile.TarInfo("big")
        member.size = 300 * 1024 * 1024
        archive.addfile(member, Zeros())  # type: ignore[arg-type]

    assert "unpacks to over 256 MiB" in refused(tar_with(tmp_path / "a.tar.gz", repository, bomb))


@pytest.mark.parametrize("keep", [3, 40, 400])
@pytest.mark.parametrize("form", [".zip", ".tar.gz"])
def test_a_damaged_archive_is_refused(repository: Path, tmp_path: Path, form: str, keep: int) -> None:
    make = zip_of if form == ".zip" else tar_of
    target = make(repository, tmp_path / f"a{form}", "top/")
    target.write_bytes(target.read_bytes()[:keep])
    refused(str(target))


def test_an_encrypted_zip_is_refused(repository: Path, tmp_path: Path) -> None:
    target = zip_of(repository, tmp_path / "a.zip", "")
    data = bytearray(target.read_bytes())
    for magic, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        position = data.find(magic)
        while position >= 0:
            data[position + flags] |= 1
            position = data.find(magic, position + 4)
    target.write_bytes(data)
    assert "cannot be unpacked" in refused(str(target))


def test_a_zip_with_a_huge_table_of_contents_is_not_read(tmp_path: Path) -> None:
    target = tmp_path / "a.zip"
    end = b"PK\x05\x06" + bytes(4) + (60000).to_bytes(2, "little") * 2 + (10**8).to_bytes(4, "little") + bytes(6)
    target.write_bytes(b"PK\x03\x04" + bytes(100) + end)
    assert "50000 entries is the most" in refused(str(target))


def test_an_empty_archive_is_refused(tmp_path: Path) -> None:
    target = tmp_path / "a.zip"
    with zipfile.ZipFile(target, "w"):
        pass
    assert "holds none of a submission's files" in refused(str(target))
