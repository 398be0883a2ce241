"""Addresses of the hub that name no repository."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.hub import errors
from sandbox.repository import AssetSource

LISTED = {"/api/models": "model", "/api/datasets": "dataset", "/api/spaces": "metric"}


async def answer(request: Request, source: AssetSource) -> tuple[str, Response]:
    """The service's name for the record, and its answer."""
    path = request.url.path.rstrip("/")
    if path in LISTED:
        return "list", _listed(request, source, LISTED[path])
    if path.startswith("/api/telemetry"):
        return "telemetry", Response(status_code=200)
    if path == "/api/whoami-v2":
        return "whoami", _whoami(request)
    if path == "/api/validate-yaml":
        return "validate-yaml", JSONResponse({"errors": [], "warnings": []})
    if path == "":
        return "home", JSONResponse({"service": "model hub stand-in"})
    return "unknown", errors.error(404, "Sorry, we can't find the page you are looking for.")


def _whoami(request: Request) -> Response:
    """Any token is taken for a user's, so that code which logs in goes on; none is refused, as on the hub."""
    if "authorization" not in request.headers:
        return errors.error(401, "Invalid username or password.")
    access = {"accessToken": {"displayName": "review", "role": "read"}}
    user = {
        "type": "user",
        "id": "0" * 24,
        "name": "review",
        "fullname": "review",
        "isPro": False,
        "orgs": [],
    }
    return JSONResponse(user | {"auth": {"type": "access_token"} | access})


def _listed(request: Request, source: AssetSource, kind: str) -> Response:
    """The list endpoints know `search`, `author` and `limit`; the order is the catalogue's."""
    query = request.query_params
    wanted, author = query.get("search", "").lower(), query.get("author", "").lower()
    limit = int(query["limit"]) if query.get("limit", "").isdigit() else 1000
    found = []
    for asset in source.assets():
        owned = not author or asset.id.lower().startswith(f"{author}/")
        if asset.kind == kind and wanted in asset.id.lower() and owned:
            described = {
                "_id": asset.digest,
                "id": asset.id,
                "private": False,
                "downloads": 1000,
                "likes": 10,
            }
            found.append(described | ({"modelId": asset.id} if kind == "model" else {}))
    return JSONResponse(found[:limit])
