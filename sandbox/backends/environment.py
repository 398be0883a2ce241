"""The environment a command gets: never the host's, but for what the trusted installer needs to reach its index."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from sandbox.protocol import Network, Task

CA_BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
"""Where the host's certificates are shown inside, whichever file they come from."""

_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
_UV = ("UV_INDEX", "UV_DEFAULT_INDEX", "UV_EXTRA_INDEX", "UV_FIND_LINKS", "UV_NATIVE_TLS", "UV_SYSTEM_CERTS",
       "UV_INSECURE_HOST", "UV_KEYRING_PROVIDER", "UV_HTTP_TIMEOUT")  # fmt: skip


def build(task: Task, path: str, home: str, tmp: str) -> dict[str, str]:
    """The command's whole environment; what the task gives wins."""
    base = {"PATH": path, "HOME": home, "TMPDIR": tmp, "LANG": "C.UTF-8", "USER": "sandbox"}
    if task.network is Network.INDEX:
        base |= index_variables(os.environ)
    return base | dict(task.environment)


def index_variables(host: Mapping[str, str]) -> dict[str, str]:
    """Proxies, package index and certificates, as the host is configured."""
    taken = {
        name: value
        for name, value in host.items()
        if name.lower() in _PROXIES or any(name == known or name.startswith(f"{known}_") for known in _UV)
    }
    if host_ca_bundle(host) is not None:
        taken["SSL_CERT_FILE"] = CA_BUNDLE
    return taken


def host_ca_bundle(host: Mapping[str, str]) -> Path | None:
    """The certificates this host trusts; None if it has none on disk."""
    for candidate in (host.get("SSL_CERT_FILE"), CA_BUNDLE, "/etc/pki/tls/certs/ca-bundle.crt"):
        if candidate and Path(candidate).is_file():
            return Path(candidate).resolve()
    return None
