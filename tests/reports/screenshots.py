"""Pictures of both pages for docs/: `make screenshots`. Needs Debian's chromium.

What they show is made up (`examples.py`, `night_examples.py`): a review with one finding of every kind, one on a GPU, a
night with one change of every kind.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from chromium import launched, program, visit
from examples import PATCH, SOURCES, not_ready, on_gpu
from night_examples import changed
from playwright.sync_api import Browser
from use_examples import store_use

from runner.curves import read_curve
from runner.reports import html, night_html
from runner.review import Review

SCREENS = [
    ("report", 1280, 1500, "light"),
    ("report", 390, 1600, "light"),
    ("report", 1280, 800, "dark"),
    ("night", 1280, 1500, "light"),
    ("night", 390, 1600, "light"),
]
"""Page, width and height in pixels, colours."""
PARTS = {"checklist": ("report", "section:has(> #checklist) > .card:first-of-type"), "curves": ("gpu", ".charts")}
"""Name of a part -> the page and its place there."""


def main(docs: Path) -> int:
    path = program()
    if path is None:
        print("no chromium on the PATH; apt-get install chromium", file=sys.stderr)
        return 1
    docs.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch, launched(path) as browser:
        pages = _pages(Path(scratch))
        for name, width, height, colours in SCREENS:
            dark = "-dark" if colours == "dark" else ""
            _screen(browser, pages[name], docs / f"{name}{dark}-{width}.png", (width, height), colours)
        for name, (page, place) in PARTS.items():
            with visit(browser, pages[page], 1280, color_scheme="light") as seen:
                seen.page.set_viewport_size({"width": 1280, "height": 2000})  # else the page's bar lies over it
                seen.page.locator(place).screenshot(path=docs / f"report-{name}-1280.png")
    return 0


def _pages(folder: Path) -> dict[str, Path]:
    texts = {
        "report": _report(not_ready(), folder / "a"),
        "gpu": _report(on_gpu(), folder / "b"),
        "night": night_html.render(changed()),
    }
    for name, text in texts.items():
        (folder / f"{name}.html").write_text(text, encoding="utf-8")
    return {name: folder / f"{name}.html" for name in texts}


def _report(review: Review, folder: Path) -> str:
    store_use(review, folder)
    curves = {stage.directory: read_curve(folder / stage.directory) for stage in review.stages}
    return html.render(review, SOURCES, PATCH if review.repairs else "", curves)


def _screen(browser: Browser, page: Path, picture: Path, size: tuple[int, int], colours: str) -> None:
    width, height = size
    with visit(browser, page, width, color_scheme=colours) as seen:
        seen.page.set_viewport_size({"width": width, "height": height})
        seen.page.screenshot(path=picture)


if __name__ == "__main__":
    raise SystemExit(main(Path(__file__).parents[2] / "docs"))
