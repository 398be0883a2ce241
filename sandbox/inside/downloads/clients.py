"""requests and httpx, below their sessions: one place each through which every request goes."""

import sys
from urllib.parse import urlsplit

from .service import UNSERVED
from .standard import no_such_name


def redirect_requests(service):
    """Every session's default adapter."""
    module = sys.modules["requests.adapters"]
    from requests.exceptions import ConnectionError as NoConnection

    original = module.HTTPAdapter.send

    def send(self, request, *rest, **options):
        asked = request.url
        moved = _moved(service, asked)
        if moved is None:
            return original(self, request, *rest, **options)
        request.url = moved
        try:
            response = original(self, request, *rest, **{**options, "proxies": None, "timeout": None})
        finally:
            request.url = asked
        if response.status_code == UNSERVED:
            raise NoConnection(
                "Failed to resolve %r (%s)" % (urlsplit(asked).hostname, no_such_name()), request=request
            )
        response.url = asked
        return response

    send.__wrapped__ = original
    module.HTTPAdapter.send = send


def redirect_httpx(service):
    """The transports of both kinds of client."""
    import httpx

    def before(request):
        asked = request.url
        moved = _moved(service, str(asked))
        if moved is not None:
            request.url = httpx.URL(moved)
            request.extensions = {**request.extensions, "timeout": {}}
        return asked, moved is not None

    def behind(request, asked, response):
        if response.status_code == UNSERVED:
            raise httpx.ConnectError(str(no_such_name()), request=request)
        return response

    plain, concurrent = httpx.HTTPTransport.handle_request, httpx.AsyncHTTPTransport.handle_async_request

    def handle_request(self, request):
        asked, moved = before(request)
        try:
            response = plain(self, request)
        finally:
            request.url = asked
        return behind(request, asked, response) if moved else response

    async def handle_async_request(self, request):
        asked, moved = before(request)
        try:
            response = await concurrent(self, request)
        finally:
            request.url = asked
        return behind(request, asked, response) if moved else response

    httpx.HTTPTransport.handle_request = handle_request
    httpx.AsyncHTTPTransport.handle_async_request = handle_async_request


def _moved(service, url):
    """The same request at the service; None for what is not outside."""
    parts = urlsplit(url)
    target = service.target(parts.scheme, parts.netloc, parts.path or "/")
    if target is None:
        return None
    return "http://%s%s%s" % (*target, "?" + parts.query if parts.query else "")
