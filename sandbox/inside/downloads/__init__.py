"""Sends what code asks of addresses outside to the download service on loopback.

The sandbox has no network; without this, every such address fails at its name look-up, as it still does for those that
the service does not know. Clients of the standard library (torchvision, torch.hub, nltk and others use it), requests
and httpx are covered. Responses carry the address that was asked for.

Standard library and the submission's own packages only. Whatever cannot be put in place is left alone.

Whoever loads it gives this folder a top-level name that no submission has, without putting the folder on the path, and
calls start() with a function like around_import().
"""

import os


def start(around_import):
    """Do what the environment asks for. `around_import(name, after)` calls `after` behind the import of a module."""
    if os.environ.get("SANDBOX_REVIEW_DOWNLOADS"):
        for name, action in _PATCHES.items():
            around_import(name, after=action)


# What a process does not import costs it nothing: hence the imports inside.
def _urllib():
    from . import standard

    standard.redirect(_service())


def _requests():
    from . import clients

    clients.redirect_requests(_service())


def _httpx():
    from . import clients

    clients.redirect_httpx(_service())


def _torch_hub():
    from . import checksums

    checksums.for_torch_hub(_service())


def _torchvision():
    from . import checksums

    checksums.for_torchvision(_service())


def _service():
    from .service import Service

    return Service(os.environ["SANDBOX_REVIEW_DOWNLOADS"], os.environ.get("HF_ENDPOINT", ""))


_PATCHES = {
    "urllib.request": _urllib,
    "requests.adapters": _requests,
    "httpx": _httpx,
    "torch.hub": _torch_hub,
    "torchvision.datasets.utils": _torchvision,
}
