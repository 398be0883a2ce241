"""What needs no engine: choosing a backend, the environment, the container's options, the dummy, doctor."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox import backends, doctor
from sandbox.backends import bwrap_program, docker, docker_options, environment, seccomp
from sandbox.backends.dummy import SUCCESS, DummySandbox, Scripted
from sandbox.errors import InfrastructureError
from sandbox.folder import RunFolder
from sandbox.protocol import Limits, Mount, Network, Task

TASK = Task("t", ("true",), "/work", (Mount(Path("/somewhere"), "/work", True),))


def no_engine() -> None:
    raise InfrastructureError("no engine answers")


def no_bwrap() -> str:
    raise InfrastructureError("bwrap is not installed")


def test_auto_falls_back_to_bubblewrap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docker, "connect", no_engine)
    monkeypatch.setattr(bwrap_program, "find_bwrap", lambda: "/usr/bin/bwrap")
    assert backends.open_sandbox("auto").name == "bubblewrap"


def test_auto_never_runs_without_isolation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docker, "connect", no_engine)
    monkeypatch.setattr(bwrap_program, "find_bwrap", no_bwrap)
    with pytest.raises(InfrastructureError) as caught:
        backends.open_sandbox("auto")
    message = str(caught.value)
    assert "no engine answers" in message and "bwrap is not installed" in message and "backend=process" in message


def test_an_unknown_backend_is_named() -> None:
    with pytest.raises(InfrastructureError, match="'podman'.*docker, bubblewrap, process"):
        backends.open_sandbox("podman")


def test_only_index_proxy_and_certificate_variables_pass(tmp_path: Path) -> None:
    bundle = tmp_path / "ca.pem"
    bundle.write_text("")
    host = {
        "UV_INDEX_INTERNAL_PASSWORD": "p",
        "UV_EXTRA_INDEX_URL": "https://a",
        "UV_CACHE_DIR": "/host/cache",
        "https_proxy": "http://b",
        "AWS_SECRET": "s",
        "SSL_CERT_FILE": str(bundle),
    }
    assert environment.index_variables(host) == {
        "UV_INDEX_INTERNAL_PASSWORD": "p",
        "UV_EXTRA_INDEX_URL": "https://a",
        "https_proxy": "http://b",
        "SSL_CERT_FILE": environment.CA_BUNDLE,
    }


def test_folders_above_mount_points_are_open_but_not_those_inside_mounts() -> None:
    words = ["--ro-bind", "/a", "/opt/x/tool", "--tmpfs", "/work", "--bind", "/b", "/work/deep/er"]
    assert bwrap_program.open_parents(words) == [
        "--perms",
        "0755",
        "--dir",
        "/opt",
        "--perms",
        "0755",
        "--dir",
        "/opt/x",
    ]


def test_the_system_call_filter_is_whole_or_absent() -> None:
    assert seccomp.program("pdp11") is None
    for machine in seccomp.MACHINES:
        filter_program = seccomp.program(machine)
        assert filter_program is not None and len(filter_program) % 8 == 0


def specification(task: Task, runtime: str = "") -> dict[str, object]:
    with RunFolder(1, 1) as folder:
        return docker_options.container(
            task, folder, image="i", user="1:1", runtime=runtime, install_network="bridge", cpus=2, labels={}
        )


def test_every_container_is_locked_down() -> None:
    host = specification(TASK)["HostConfig"]
    assert isinstance(host, dict)
    assert host["ReadonlyRootfs"] is True
    assert host["CapDrop"] == ["ALL"]
    assert host["SecurityOpt"] == ["no-new-privileges"]
    assert host["NetworkMode"] == "none"
    assert host["Memory"] == host["MemorySwap"] == 16384 << 20
    assert host["LogConfig"]["Type"] == "none"
    assert [mount["Target"] for mount in host["Mounts"] if not mount["ReadOnly"]] == ["/work"]


def test_network_only_for_the_installer_and_cpus_within_the_machine() -> None:
    task = Task("t", ("true",), "/", (), network=Network.INDEX, limits=Limits(cpus=64))
    host = specification(task)["HostConfig"]
    assert isinstance(host, dict)
    assert host["NetworkMode"] == "bridge"
    assert host["NanoCpus"] == 2_000_000_000


def test_the_dummy_plays_its_script(tmp_path: Path) -> None:
    seen: list[str] = []
    sandbox = DummySandbox([Scripted(stdout="hi", act=lambda task: seen.append(task.name)), InfrastructureError("x")])
    assert sandbox.run(TASK, tmp_path) == SUCCESS
    assert (tmp_path / "stdout.txt").read_text() == "hi"
    assert seen == ["t"]
    with pytest.raises(InfrastructureError):
        sandbox.run(TASK, tmp_path)
    assert sandbox.run(TASK, tmp_path) == SUCCESS
    assert sandbox.tasks == [TASK] * 3


def test_doctor_raises_nothing_where_nothing_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docker, "connect", no_engine)
    monkeypatch.setattr(bwrap_program, "find_bwrap", no_bwrap)
    checks = {check.name: check for check in doctor.examine()}
    assert not checks["docker engine"].ok and not checks["bubblewrap"].ok and not checks["sandbox"].ok
    assert "backend=process" in checks["sandbox"].advice
    assert all(check.ok or check.advice for check in checks.values())
