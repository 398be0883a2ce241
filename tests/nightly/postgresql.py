"""A PostgreSQL server of its own for the tests, in a temporary directory, as a user that is not root."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.backends import missing

_SECONDS = 60
USERS = ("postgres", "nobody")
"""Who runs the server where the tests run as root; PostgreSQL refuses to run as root."""


@contextlib.contextmanager
def server() -> Iterator[str]:
    """The SQLAlchemy URL of an empty database. Skips where there is no server, or fails where one is required."""
    programs = _programs()
    if programs is None:
        missing("postgresql", "there is no initdb below /usr/lib/postgresql; Debian's package is postgresql")
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    user = _user()
    if user:
        shutil.chown(folder, user.pw_name, user.pw_gid)
    as_user = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}
    data = folder / "data"
    given = ["--pgdata", data, "--username", "tests", "--auth", "trust", "--no-sync", "--encoding", "UTF8"]
    subprocess.run([programs / "initdb", *given], check=True, stdout=subprocess.DEVNULL, cwd="/", **as_user)
    process = subprocess.Popen(
        [programs / "postgres", "-D", data, "-k", folder, "-c", "listen_addresses=", "-c", "fsync=off"],
        cwd="/",
        stderr=(folder / "log").open("w"),
        **as_user,
    )
    try:
        _wait(process, folder)
        yield f"postgresql+psycopg://tests@/postgres?host={folder}"
    finally:
        process.send_signal(signal.SIGINT)  # does not wait until its clients have left
        process.wait(30)
        shutil.rmtree(folder, ignore_errors=True)


def _wait(process: subprocess.Popen[bytes], folder: Path) -> None:
    import psycopg

    give_up = time.monotonic() + _SECONDS
    while True:
        try:
            psycopg.connect(f"host={folder} user=tests dbname=postgres").close()
            return
        except psycopg.OperationalError:
            log = (folder / "log").read_text()
            assert process.poll() is None, log
            assert time.monotonic() < give_up, log
            time.sleep(0.1)


def _programs() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found:
        return found[-1].parent
    program = shutil.which("initdb")
    return Path(program).resolve().parent if program else None


def _user() -> pwd.struct_passwd | None:
    if os.getuid() != 0:
        return None
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    return next(known[name] for name in USERS if name in known)
