"""What the part inside the sandbox sends to the service, and what it leaves alone."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from download_environment import FOLDER, run

from sandbox.downloads import DownloadServer, DownloadStore
from sandbox.inside.downloads.service import Service, is_outside

OUTSIDE = ("data.example", "www.cs.toronto.edu", "8.8.8.8", "2606:4700::1111")
INSIDE = ("localhost", "127.0.0.1", "::1", "0.0.0.0", "10.0.0.7", "169.254.169.254", "hostname", "node.local", "")


@pytest.fixture
def own_address() -> Iterator[str]:
    """A server of the submission's own on loopback."""

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # noqa: N802 - the library's name
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"own")

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.mark.clients
@pytest.mark.slow
def test_clients_reach_the_service_and_their_own_servers(
    store: DownloadStore, tmp_path: Path, own_address: str
) -> None:
    with DownloadServer(store, port=0) as downloads:
        variables = {**downloads.environment(downloads.url), "OWN": own_address, "HF_ENDPOINT": own_address}
        checks = run(FOLDER / "check_clients.py", tmp_path, variables, "httpx==0.28.1")
    assert checks.failed() == {}
    assert checks.exit_code == 0, checks.stderr[-3000:]
    assert len(checks.results) == 6
    assert {request.id for request in downloads.requests} == {"lib:Rows", "https://nowhere.example/file"}


def test_only_what_is_outside_is_redirected() -> None:
    assert [name for name in OUTSIDE if not is_outside(name)] == []
    assert [name for name in INSIDE if is_outside(name)] == []


def test_the_hub_goes_to_its_own_stand_in_where_there_is_one() -> None:
    service = Service("http://127.0.0.1:8302", "http://127.0.0.1:8300")
    assert service.target("https", "huggingface.co", "/gpt2/resolve/main/x") == (
        "127.0.0.1:8300",
        "/gpt2/resolve/main/x",
    )
    alone = Service("http://127.0.0.1:8302", "")
    assert alone.target("https", "huggingface.co", "/a") == ("127.0.0.1:8302", "/https/huggingface.co/a")
    assert alone.target("https", "user:word@h.example:8443", "/a?b") == ("127.0.0.1:8302", "/https/h.example/a?b")
    assert alone.target("ftp", "h.example", "/a") is None
