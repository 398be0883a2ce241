"""Reader of .zip and .tar.gz archives of a repository: in memory, nothing is unpacked to disk."""

from __future__ import annotations

import errno
import lzma
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from typing import IO

from runner.submissions import repository
from runner.submissions.bounded import GzipReader, zip_directory_problem
from runner.submissions.collect import HISTORY, READ_BYTES, Collector, TooLargeError
from runner.submissions.errors import Problems, show
from runner.submissions.limits import DOCUMENT_BYTES, MIB, UNPACKED_BYTES
from runner.submissions.model import Submission
from runner.submissions.top_folder import without_top_folder

_LINK = "is a link; a submission holds plain files"
_SPECIAL = "is a device, pipe or sparse file; a submission holds plain files"

# What the libraries raise on damaged or hostile archives. RecursionError (chained tar headers) and the
# refusal of encrypted members are RuntimeErrors, an unknown compression is a NotImplementedError.
_BROKEN = (
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,
    ValueError,
    RuntimeError,
)
_DISK = (errno.EIO, errno.ESTALE)
"""What a failing disk or file server says; other errors of the system come from what a broken archive asks for."""


def read_zip(file: IO[bytes], source: str, problems: Problems) -> Submission:
    """The submission in the zip archive `file`. Raises SubmissionError."""
    if fault := zip_directory_problem(file):
        problems.add(show(source), fault)
    problems.raise_if_any()
    return _read(_collect_zip, file, source, problems)


def read_tar(file: IO[bytes], source: str, problems: Problems) -> Submission:
    """The submission in the tar archive `file`, compressed by gzip. Raises SubmissionError."""
    return _read(_collect_tar, file, source, problems)


def _read(
    collect: Callable[[IO[bytes], Collector], None], file: IO[bytes], source: str, problems: Problems
) -> Submission:
    found = Collector(problems)
    try:
        collect(file, found)
    except TooLargeError:
        pass
    except _BROKEN as error:
        if isinstance(error, OSError) and error.errno in _DISK:
            raise
        problems.add(show(source), f"cannot be unpacked ({type(error).__name__}: {show(str(error))})")
    problems.raise_if_any()
    return repository.read(found, source, None, problems)


def _collect_zip(file: IO[bytes], found: Collector) -> None:
    with zipfile.ZipFile(file) as archive:
        members = archive.infolist()
        total = sum(member.file_size for member in members)
        if total > UNPACKED_BYTES:
            found.refuse("archive", f"unpacks to {total // MIB} MiB; {UNPACKED_BYTES // MIB} MiB is the most")
            return
        rename = without_top_folder([member.filename for member in members])
        for member in members:
            found.count_entry()
            path = rename(member.filename)
            mode = member.external_attr >> 16
            if member.is_dir():
                found.take_folder(path)
            elif not found.wants(path):
                continue
            elif stat.S_ISLNK(mode):
                found.refuse(path, _LINK)
            elif stat.S_IFMT(mode) not in {0, stat.S_IFREG}:
                found.refuse(path, _SPECIAL)
            else:
                with archive.open(member) as stream:
                    found.take(path, stream.read(_most(path)))


def _collect_tar(file: IO[bytes], found: Collector) -> None:
    # Two passes, since the common top folder is known only after the first, and a stream cannot seek.
    names = []
    with tarfile.open(fileobj=GzipReader(file), mode="r|") as archive:
        for member in archive:
            found.count_entry()
            names.append(member.name + "/" * member.isdir())
    rename = without_top_folder(names)
    file.seek(0)
    with tarfile.open(fileobj=GzipReader(file), mode="r|") as archive:
        for member in archive:
            path = rename(member.name)
            if member.isdir():
                found.take_folder(path)
            elif not found.wants(path):
                continue
            elif member.issym() or member.islnk():
                found.refuse(path, _LINK)
            elif not member.isreg() or member.issparse():
                found.refuse(path, _SPECIAL)
            elif stream := archive.extractfile(member):
                found.take(path, stream.read(_most(path)))


def _most(path: str) -> int:
    return DOCUMENT_BYTES if path == HISTORY else READ_BYTES
