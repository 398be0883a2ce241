"""The image: found or built, its name a digest of its inputs, and what it holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from images import base_image, build
from sandbox.errors import InfrastructureError
from tests.backends import missing

HOLDS = (
    "python3 -c 'import sys, venv, ensurepip; print(sys.version_info[:2])' && uv --version && g++ --version"
    " && test -s /etc/ssl/certs/ca-certificates.crt && ! python3 -c 'import torch' 2>/dev/null && echo all"
)


class NoImages:
    """An engine without images."""

    class api:  # noqa: N801
        @staticmethod
        def inspect_image(name: str) -> dict[str, Any]:
            from docker.errors import ImageNotFound

            raise ImageNotFound(name)


def test_the_name_changes_with_the_base() -> None:
    assert build.image_name("debian:bookworm-slim") != build.image_name("other:1")
    assert build.image_name("other:1") == build.image_name("other:1")


def test_where_no_base_can_be_had_the_message_says_what_each_way_lacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "_pull", lambda name: "no route to registry")
    monkeypatch.setattr(base_image, "why_not", lambda: "debootstrap needs root")
    with pytest.raises(InfrastructureError) as caught:
        build.ensure_image(NoImages())
    assert "no route to registry" in str(caught.value)
    assert "debootstrap needs root" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "line", "mirror"),
    [
        ("sources.list", "deb http://mirror.example/debian bookworm main", "http://mirror.example/debian"),
        ("sources.list", "deb [signed-by=/k] https://m.example/debian/ bookworm main", "https://m.example/debian/"),
        ("sources.list.d/d.sources", "URIs: http://m.example/debian", "http://m.example/debian"),
        ("sources.list.d/d.sources", "URIs: http://m.example/debian-security", base_image.DEFAULT_MIRROR),
        ("sources.list", "# deb http://mirror.example/debian bookworm main", base_image.DEFAULT_MIRROR),
        ("sources.list", "deb http://archive.example/ubuntu noble main", base_image.DEFAULT_MIRROR),
    ],
)
def test_the_hosts_own_mirror_is_used(tmp_path: Path, name: str, line: str, mirror: str) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(line + "\n")
    assert base_image.host_mirror(tmp_path) == mirror


@pytest.mark.docker
def test_the_image_holds_what_building_needs_and_is_small() -> None:
    from sandbox.backends.docker import connect

    try:
        client = connect()
    except InfrastructureError as error:
        missing("docker", str(error))
    name = build.ensure_image(client)
    assert build.ensure_image(client) == name
    assert client.api.inspect_image(name)["Size"] < 500e6
    output = client.containers.run(name, ["sh", "-c", HOLDS], network_mode="none", remove=True).decode()
    assert "(3, 11)" in output and output.endswith("all\n")
