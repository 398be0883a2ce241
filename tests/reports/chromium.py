"""Debian's Chromium, headless, with every request, error and dialog of a page on record."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
"""Chromium's own sandbox does not work for root; the rest keeps the browser itself off the network."""


def program() -> str | None:
    """Path of the browser; None where it is not installed."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


@contextmanager
def launched(path: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@dataclass
class Visit:
    """A page that was opened, and all that it did since."""

    page: Page
    url: str
    requests: list[str] = field(default_factory=list)
    """Of the page, other than the one for itself and its empty icon."""
    complaints: list[str] = field(default_factory=list)
    """Errors and warnings of its console, exceptions, dialogs."""

    def scrolls_sideways(self) -> bool:
        wide: bool = self.page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
        return wide

    def open_everything(self) -> None:
        self.page.evaluate("for (const details of document.querySelectorAll('details')) details.open = true")


@contextmanager
def visit(browser: Browser, file: Path, width: int = 1280, **options: Any) -> Iterator[Visit]:
    """Open `file` in a fresh context; `options` are those of a browser context."""
    context = browser.new_context(viewport={"width": width, "height": 900}, **options)
    page = context.new_page()
    seen = Visit(page, file.as_uri())

    def requested(request: Any) -> None:
        if request.url.partition("#")[0] not in (seen.url, "data:,"):
            seen.requests.append(request.url)

    page.on("request", requested)
    page.on("console", lambda said: seen.complaints.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: seen.complaints.append(str(error)))
    page.on("dialog", lambda dialog: (seen.complaints.append(f"dialog: {dialog.message}"), dialog.dismiss()))
    try:
        page.goto(seen.url)
        yield seen
    finally:
        context.close()
