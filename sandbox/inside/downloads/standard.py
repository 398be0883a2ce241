"""urllib.request: every opener, also one that the code installs, goes through these two methods."""

import http.client
import socket
import urllib.request as requests  # its parent does not know it yet when this is imported behind it
from urllib.error import URLError

from .service import UNSERVED


def redirect(service):
    """Send what the handlers for http and https open outside to the service."""
    for handler, name, scheme in (
        (requests.HTTPHandler, "http_open", "http"),
        (getattr(requests, "HTTPSHandler", None), "https_open", "https"),
    ):
        if handler is not None:
            setattr(handler, name, _opening(getattr(handler, name), scheme, service))


def _opening(original, scheme, service):
    def opens(self, request):
        target = service.target(scheme, request.host, request.selector)
        if target is None:
            return original(self, request)
        address, path = target

        class Connection(http.client.HTTPConnection):
            """To the service; request and response keep the names that were asked for."""

            def __init__(self, _host, timeout, **_ignored):
                # A stand-in may have to be made first, which the code's own patience was not meant for.
                super().__init__(address, timeout=None)

            def putrequest(self, method, _url, *rest, **options):
                return super().putrequest(method, path, *rest, **options)

        response = self.do_open(Connection, request)
        if response.status == UNSERVED:
            response.close()
            raise URLError(no_such_name())
        return response

    opens.__wrapped__ = original
    return opens


def no_such_name():
    """What a look-up says where there is no network."""
    return socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
