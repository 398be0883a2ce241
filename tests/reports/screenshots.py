"""Pictures of both pages for docs/: `make screenshots`. Needs Debian's chromium."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from chromium import launched, program, visit
from examples import PATCH, SOURCES, not_ready, store_use
from night_examples import changed

from runner.curves import read_curve
from runner.reports import html, night_html

HEIGHTS = {1280: 1500, 390: 1600}
"""Pixels of the page that are shown, by its width."""


def main(docs: Path) -> int:
    path = program()
    if path is None:
        print("no chromium on the PATH; apt-get install chromium", file=sys.stderr)
        return 1
    docs.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch, launched(path) as browser:
        folder = Path(scratch)
        review = not_ready()
        store_use(review, folder)
        curves = {stage.directory: read_curve(folder / stage.directory) for stage in review.stages}
        pages = {"report": html.render(review, SOURCES, PATCH, curves), "night": night_html.render(changed())}
        for name, text in pages.items():
            page = folder / f"{name}.html"
            page.write_text(text, encoding="utf-8")
            for width, height in HEIGHTS.items():
                with visit(browser, page, width, color_scheme="light") as seen:
                    seen.page.set_viewport_size({"width": width, "height": height})
                    seen.page.screenshot(path=docs / f"{name}-{width}.png")
            with visit(browser, page, 1280) as seen:
                if name == "report":
                    seen.page.locator(".charts").screenshot(path=docs / "report-curves-1280.png")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(Path(__file__).parents[2] / "docs"))
