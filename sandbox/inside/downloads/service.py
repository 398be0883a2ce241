"""Where the service is, and which addresses go there."""

import http.client
import ipaddress
import os
from urllib.parse import urlsplit

UNSERVED = 421
"""The service's answer for what it does not have."""
HUB = ("huggingface.co", "www.huggingface.co")
"""Asked directly, without its library, the hub is still served by the hub's stand-in."""


class Service:
    """The loopback addresses of the download service and of the hub's stand-in."""

    def __init__(self, address, hub):
        self._parts = urlsplit(address)
        self._hub = urlsplit(hub)

    def target(self, scheme, host, path):
        """(host and port, path) on loopback for what is asked of `host`; None for what is not outside."""
        name = host.rpartition("@")[2].rpartition(":")[0] or host.rpartition("@")[2]
        name = name.strip("[]").lower()
        if scheme not in ("http", "https") or not is_outside(name):
            return None
        if name in HUB and self._hub.hostname and not is_outside(self._hub.hostname):
            return self._hub.netloc, path
        return self._parts.netloc, "/%s/%s%s" % (scheme, name, path if path.startswith("/") else "/" + path)

    def made(self, md5):
        """Whether a file with this sum is a stand-in."""
        connection = http.client.HTTPConnection(self._parts.hostname, self._parts.port, timeout=60)
        try:
            connection.request("GET", "/made/" + md5)
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


def is_outside(host):
    """Whether a host cannot be inside the sandbox: neither loopback, nor a private address, nor a bare local name."""
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        pass
    return "." in host and not host.endswith((".local", ".localhost", ".internal")) and host != os.uname().nodename
