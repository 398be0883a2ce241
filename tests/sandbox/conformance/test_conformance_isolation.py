"""What the command can see, reach and write."""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from conformance_bench import Bench, Promise

from sandbox.protocol import Network
from sandbox.serving import reserved_port


def test_root_is_read_only(bench: Bench) -> None:
    code = (
        "import json, os\n"
        "written = []\n"
        "for folder in ('/', '/usr', '/etc', '/usr/local/bin', '/opt', '/run', '/var', '/dev', '/root', '/home',\n"
        "               '/run/sandbox', '/run/services'):\n"
        "    name = os.path.join(folder, f'sandbox-review-test-{os.getpid()}')\n"
        "    try:\n"
        "        open(name, 'w').close(); os.unlink(name); written.append(folder)\n"
        "    except OSError: pass\n"
        "for name in ('/proc/sys/kernel/core_pattern', '/proc/sysrq-trigger', '/proc/1/oom_score_adj'):\n"
        "    try: os.close(os.open(name, os.O_WRONLY)); written.append(name)\n"
        "    except OSError: pass\n"
        "print(json.dumps(written))"
    )
    written = json.loads(bench.run(code).stdout)
    if bench.promises(Promise.READ_ONLY_ROOT):
        assert written == []
    elif os.getuid() == 0:
        assert "/etc" in written


def test_work_folder_tmp_home_and_shm_are_writable(bench: Bench) -> None:
    code = (
        "import os, tempfile\n"
        "for folder in ('.', tempfile.gettempdir(), os.path.expanduser('~'), '/dev/shm'):\n"
        "    name = os.path.join(folder, 'sandbox-review-probe')\n"
        "    open(name, 'w').write('x'); os.chmod(name, 0o700)\n"
        "    if folder != '.': os.unlink(name)\n"
        "print('all')"
    )
    result = bench.run(code)
    assert result.stdout == "all\n", result.stderr
    assert (bench.work / "sandbox-review-probe").read_text() == "x"


def test_what_is_written_to_tmp_can_be_executed(bench: Bench) -> None:
    """Compilers of kernels and extensions at run time (triton, torch) rely on it."""
    code = (
        "import os, subprocess, tempfile\n"
        "name = os.path.join(tempfile.mkdtemp(), 'script')\n"
        "open(name, 'w').write('#!/bin/sh\\necho ran'); os.chmod(name, 0o755)\n"
        "subprocess.run([name], check=True)"
    )
    assert bench.run(code).stdout == "ran\n"


def test_read_only_mount(bench: Bench, tmp_path: Path) -> None:
    """Shown even if it is closed to others on the host; not writable where anything can be mounted at all."""
    shown = tmp_path / "shown"
    shown.mkdir(mode=0o700)
    (shown / "file").write_text("content")
    mount = bench.sandbox.mount(shown, "/shown")
    code = (
        f"print(open('{mount.target}/file').read())\n"
        f"try: open('{mount.target}/file', 'w').write('changed')\n"
        "except OSError: print('refused')"
    )
    result = bench.run(code, mounts=(mount,))
    if bench.promises(Promise.READ_ONLY_ROOT):
        assert result.stdout == "content\nrefused\n", result.stderr
        assert (shown / "file").read_text() == "content"
    else:
        assert (shown / "file").read_text() == "changed"


def test_files_of_the_host_in_a_writable_mount_can_be_changed(bench: Bench) -> None:
    folder = bench.work / "folder"
    folder.mkdir()
    (folder / "file").write_text("before")
    result = bench.run("open('folder/file', 'w').write('after'); open('folder/new', 'w').write('new')")
    assert result.death.status == "ok", result.stderr
    assert (folder / "file").read_text() == "after"
    assert (folder / "new").read_text() == "new"


def test_the_hosts_files_are_out_of_sight(bench: Bench, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("the secret")
    home = Path.home()
    code = (
        "import json, os\n"
        "def names(folder):\n"
        "    try: return sorted(os.listdir(folder))\n"
        "    except OSError: return []\n"
        f"print(json.dumps([os.path.exists('{secret}'), names('{home}'), os.path.exists('/etc/shadow')]))"
    )
    sees_secret, home_names, sees_shadow = json.loads(bench.run(code).stdout)
    if bench.promises(Promise.NO_HOST_FILES):
        assert not sees_secret
        # The image has an /etc/shadow of its own; bubblewrap shows the host's /etc in few parts.
        assert not sees_shadow or bench.name in ("docker", "runsc")
        allowed = set() if bench.name != "bubblewrap" else {".pyenv", ".local"}  # where the interpreter may lie
        assert {name for name in home_names if name not in (".bashrc", ".profile")} <= allowed
    else:
        assert sees_secret


def test_the_hosts_processes_are_out_of_sight(bench: Bench) -> None:
    path = f"/proc/{os.getpid()}/cmdline"
    mine = Path(path).read_bytes()
    code = f"import os; print(os.path.exists({path!r}) and open({path!r}, 'rb').read() == {mine!r})"
    result = bench.run(code)
    assert result.stdout == ("False\n" if bench.promises(Promise.NO_HOST_FILES) else "True\n")


def test_the_environment_is_not_inherited(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_TOKEN", "secret")
    monkeypatch.setenv("HTTPS_PROXY", "http://user:secret@proxy.invalid:3128")
    code = "import json, os; print(json.dumps(dict(os.environ)))"
    variables = json.loads(bench.run(code, environment={"GIVEN": "1"}).stdout)
    ours = {"SANDBOX_REVIEW_OWNER"} if bench.name == "process" else set()
    standard = {"PATH", "HOME", "TMPDIR", "LANG", "USER", "LC_CTYPE"}
    assert set(variables) - standard == {"GIVEN", "PYTHONUNBUFFERED"} | ours
    assert variables["HOME"] != str(Path.home())


def test_the_installer_gets_the_hosts_proxy_and_index(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_TOKEN", "secret")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.invalid:3128")
    monkeypatch.setenv("UV_DEFAULT_INDEX", "https://index.invalid/simple")
    code = "import json, os; print(json.dumps(dict(os.environ)))"
    variables = json.loads(bench.run(code, network=Network.INDEX).stdout)
    assert variables["HTTPS_PROXY"] == "http://proxy.invalid:3128"
    assert variables["UV_DEFAULT_INDEX"] == "https://index.invalid/simple"
    assert "SOME_TOKEN" not in variables


@pytest.fixture
def host_listener() -> Iterator[int]:
    """A TCP port on every address of the host."""
    with socket.create_server(("0.0.0.0", 0)) as server:
        yield server.getsockname()[1]


def host_address() -> str:
    """An address of the host other than loopback; no packet is sent to find it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])


def test_no_network(bench: Bench, host_listener: int) -> None:
    """Neither the host's loopback nor its other addresses, nor any interface but loopback."""
    code = (
        "import json, socket\n"
        "reached = []\n"
        f"for address in {sorted({'127.0.0.1', host_address()})!r}:\n"
        f"    try: socket.create_connection((address, {host_listener}), timeout=2); reached.append(address)\n"
        "    except OSError: pass\n"
        "print(json.dumps([reached, [name for _, name in socket.if_nameindex()]]))"
    )
    result = bench.run(code)
    reached, interfaces = json.loads(result.stdout)
    if bench.promises(Promise.NO_NETWORK):
        assert reached == []
        # The kernel gives every network namespace idle tunnel devices where those modules are loaded.
        assert "lo" in interfaces and not {"eth0", "docker0"} & set(interfaces)
    else:
        assert "127.0.0.1" in reached


def test_the_installer_reaches_the_host(bench: Bench, host_listener: int) -> None:
    code = (
        f"import socket; socket.create_connection(('{host_address()}', {host_listener}), timeout=5); print('reached')"
    )
    result = bench.run(code, network=Network.INDEX)
    assert result.stdout == "reached\n", result.stderr


def test_loopback_works(bench: Bench) -> None:
    code = (
        "import socket\n"
        "server = socket.create_server(('127.0.0.1', 0))\n"
        "client = socket.create_connection(server.getsockname()); client.sendall(b'hi')\n"
        "print(server.accept()[0].recv(2))"
    )
    assert bench.run(code).stdout == "b'hi'\n"


@pytest.fixture
def echo(tmp_path: Path) -> Iterator[Path]:
    """A unix socket on the host that sends back what it gets, in a folder whose path is too long for the kernel."""
    folder = tmp_path / ("long-" * 20)
    folder.mkdir()
    path = folder / "echo.sock"
    short = Path(f"/proc/self/fd/{os.open(folder, os.O_PATH)}/echo.sock")
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(short))
    server.listen(64)

    def answer(connection: socket.socket) -> None:
        with connection:
            while data := connection.recv(65536):
                connection.sendall(data)

    def serve() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            threading.Thread(target=answer, args=(connection,), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    yield path
    server.close()


@pytest.fixture
def port() -> Iterator[int]:
    with reserved_port() as port:
        yield port


def test_a_service_answers_at_its_loopback_port(bench: Bench, echo: Path, port: int) -> None:
    """Many connections at once, several MiB through each, both directions at the same time."""
    code = (
        "import socket, threading, hashlib, os\n"
        "def talk(n):\n"
        f"    connection = socket.create_connection(('127.0.0.1', {port}))\n"
        "    sent = os.urandom(1 << 20) * 4\n"
        "    threading.Thread(target=lambda: (connection.sendall(sent), connection.shutdown(socket.SHUT_WR))).start()\n"
        "    got = bytearray()\n"
        "    while data := connection.recv(65536): got += data\n"
        "    good.append(bytes(got) == sent)\n"
        "good = []\n"
        "threads = [threading.Thread(target=talk, args=(n,)) for n in range(8)]\n"
        "[t.start() for t in threads]; [t.join() for t in threads]\n"
        "print(good == [True] * 8)"
    )
    assert bench.run(code, services={port: echo}).stdout == "True\n"


def test_a_service_that_is_gone_refuses(bench: Bench, tmp_path: Path, port: int) -> None:
    path = tmp_path / "gone.sock"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
    code = f"import socket; c = socket.create_connection(('127.0.0.1', {port})); print(c.recv(10))"
    result = bench.run(code, services={port: path})
    assert result.outcome.exit_code == 1 or result.stdout == "b''\n"


def test_the_user_has_a_name_and_no_privileges(bench: Bench) -> None:
    code = (
        "import getpass, os\n"
        "print(getpass.getuser())\n"
        "facts = dict(line.split(':', 1) for line in open('/proc/self/status') if ':' in line)\n"
        "print(os.getuid() != 0, int(facts['CapEff'], 16) == 0, facts.get('NoNewPrivs', '1').strip())"
    )
    lines = bench.run(code).stdout.splitlines()
    assert lines[0] == "sandbox"
    if bench.name != "process":
        assert lines[1] == "True True 1"


def test_user_namespaces(bench: Bench) -> None:
    code = "import ctypes; print(ctypes.CDLL(None).unshare(0x10000000))"
    result = bench.run(code)
    assert result.stdout == ("-1\n" if bench.promises(Promise.NO_USER_NAMESPACE) else "0\n")


def test_nothing_of_roots_is_made_in_a_writable_mount(bench: Bench) -> None:
    """A set-user-id program of root's left there would make any user of the host root."""
    bench.run("import os; open('tool', 'w').close(); os.chmod('tool', 0o4755)")
    owner = (bench.work / "tool").stat().st_uid
    assert owner != 0 or bench.name == "process"


def test_interpreter_and_uv_are_there(bench: Bench) -> None:
    code = (
        "import subprocess, sys\n"
        "print(sys.version_info >= (3, 11), flush=True)\n"
        f"subprocess.run(['{bench.sandbox.uv}', '--version'])"
    )
    lines = bench.run(code).stdout.splitlines()
    assert lines[0] == "True"
    assert lines[1].startswith("uv ")
    assert bench.run("import subprocess; subprocess.run(['uv', '--version'], check=True)").death.status == "ok"
