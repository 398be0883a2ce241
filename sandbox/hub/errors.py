"""The hub's error answers, with the headers that client libraries turn into their exceptions."""

from __future__ import annotations

from starlette.responses import JSONResponse


def error(status: int, message: str, code: str = "") -> JSONResponse:
    """An error as the hub words it: JSON body, `X-Error-Message`, and `X-Error-Code` where the hub sets one."""
    headers = {"X-Error-Message": message}
    if code:
        headers["X-Error-Code"] = code
    return JSONResponse({"error": message}, status_code=status, headers=headers)


def repository_not_found(authenticated: bool) -> JSONResponse:
    """The hub tells anonymous callers 401, lest they learn which private repositories exist.

    It sends no error code with the 401: clients infer it from the address, but only from an https one. This
    endpoint is plain http, so the code is sent with both.
    """
    if authenticated:
        return error(404, "Repository not found", "RepoNotFound")
    return error(401, "Invalid username or password.", "RepoNotFound")


def gated(repo: str, authenticated: bool) -> JSONResponse:
    message = f"Access to model {repo} is restricted and you are not in the authorized list."
    if not authenticated:
        message = (
            f"Access to model {repo} is restricted. You must have access to it and be authenticated to access it. "
            "Please log in."
        )
    return error(403 if authenticated else 401, message, "GatedRepo")


def revision_not_found(revision: str) -> JSONResponse:
    return error(404, f"Invalid rev id: {revision}", "RevisionNotFound")


def entry_not_found(path: str, revision: str) -> JSONResponse:
    return error(404, f'{path} does not exist on "{revision}"', "EntryNotFound")


def unavailable() -> JSONResponse:
    """Our own failure. The body says so, without details that a submission could use."""
    return error(500, "Internal Error - this repository could not be served")
