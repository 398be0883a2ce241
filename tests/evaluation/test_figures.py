"""Figures are opened for what they are: readable, with pages, with something drawn; and what is hostile stays there."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

import runner
from runner.evaluation_facts import Figure
from runner.stages.evaluate.outputs import open_figures

WORDS_PDF = b"""%PDF-1.4
1 0 obj <</Type/Catalog/Pages 2 0 R>> endobj
2 0 obj <</Type/Pages/Kids[3 0 R]/Count 1>> endobj
3 0 obj <</Type/Page/Parent 2 0 R/MediaBox[0 0 300 200]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>> endobj
4 0 obj <</Length 42>> stream
BT /F 24 Tf 20 90 Td (accuracy 0.9) Tj ET 
endstream endobj
5 0 obj <</Type/Font/Subtype/Type1/BaseFont/Helvetica>> endobj
trailer <</Root 1 0 R>>
"""
NO_PAGE = b"""%PDF-1.4
1 0 obj <</Type/Catalog/Pages 2 0 R>> endobj
2 0 obj <</Type/Pages/Kids[]/Count 0>> endobj
trailer <</Root 1 0 R>>
"""
HUGE_PAGE = WORDS_PDF.replace(b"[0 0 300 200]", b"[0 0 900000 900000]")
BOMB = b"""<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>
<svg xmlns="http://www.w3.org/2000/svg"><text>&b;</text></svg>"""
SVG = b"""<svg xmlns="http://www.w3.org/2000/svg"><rect width="9" height="9"/><path d="M0 0"/><text>loss</text></svg>"""


def picture(path: Path, drawn: bool) -> None:
    image = Image.new("RGB", (200, 100), "white")
    if drawn:
        ImageDraw.Draw(image).line((0, 0, 200, 100), fill="black")
    image.save(path)


def opened(*paths: Path) -> list[Figure]:
    return open_figures([(path.name, path, path.stat().st_size) for path in paths])


@pytest.mark.parametrize("suffix", ["pdf", "png", "jpg"])
@pytest.mark.parametrize("drawn", [True, False])
def test_what_is_drawn_on_is_not_blank(tmp_path: Path, suffix: str, drawn: bool) -> None:
    path = tmp_path / f"a.{suffix}"
    picture(path, drawn)
    (figure,) = opened(path)
    assert (figure.pages, figure.blank, figure.problem, figure.opened) == (1, not drawn, "", True)


def test_a_transparent_picture_without_marks_is_blank(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.new("RGBA", (20, 20), (0, 0, 0, 0)).save(path)
    assert opened(path)[0].blank


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("words.pdf", WORDS_PDF, (1, False, 12, "")),
        ("none.pdf", NO_PAGE, (None, False, 0, "PdfiumError")),
        ("cut.pdf", WORDS_PDF[:60], (None, False, 0, "PdfiumError")),
        ("text.pdf", b"not a figure", (None, False, 0, "PdfiumError")),
        ("cut.png", b"\x89PNG\r\n\x1a\n\x00\x00", (None, False, 0, "UnidentifiedImageError")),
        ("empty.pdf", b"", (None, False, 0, "is empty")),
        ("plot.svg", SVG, (1, False, 4, "")),
        ("bomb.svg", BOMB, (None, False, 0, "EntitiesForbidden")),
        ("page.svg", b"<html/>", (None, False, 0, "is no SVG document")),
        ("blank.svg", b'<svg xmlns="http://www.w3.org/2000/svg"><rect/></svg>', (1, True, 0, "")),
    ],
)
def test_what_files_hold(tmp_path: Path, name: str, content: bytes, told: tuple) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    (figure,) = opened(path)
    pages, blank, text, problem = told
    assert (figure.pages, figure.blank, figure.text) == (pages, blank, text)
    assert figure.problem.startswith(problem) and bool(figure.problem) == bool(problem)


def test_a_page_of_kilometres_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "huge.pdf"
    path.write_bytes(HUGE_PAGE)
    (figure,) = opened(path)
    assert not figure.opened and not figure.problem


def test_damaged_files_neither_end_the_review_nor_hide_the_others(tmp_path: Path) -> None:
    picture(tmp_path / "whole.pdf", True)
    whole = (tmp_path / "whole.pdf").read_bytes()
    dice = random.Random(5)
    paths = []
    for number in range(12):
        damaged = bytearray(whole)
        for _ in range(30):
            damaged[dice.randrange(len(damaged))] = dice.randrange(256)
        path = tmp_path / f"damaged-{number}.pdf"
        path.write_bytes(damaged)
        paths.append(path)
    figures = {figure.path: figure for figure in opened(*paths, tmp_path / "whole.pdf")}
    assert len(figures) == 13
    assert (figures["whole.pdf"].pages, figures["whole.pdf"].blank) == (1, False)


def test_what_opens_figures_may_neither_write_nor_start_processes_nor_be_root(tmp_path: Path) -> None:
    code = (
        "import os, signal\n"
        "from runner.stages.evaluate import open_figures as o\n"
        "out = open('left', 'w')\n"
        "o._give_up()\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "try:\n    out.write('x'); out.flush(); print('wrote')\n"
        "except OSError:\n    print('refused')\n"
        "try:\n    os.fork(); print('forked')\n"
        "except OSError:\n    print('refused')\n"
        "print(os.getuid() != 0, flush=True)\n"
        "os._exit(0)\n"
    )
    paths = {**os.environ, "PYTHONPATH": str(Path(runner.__file__).parent.parent)}
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=paths, capture_output=True, text=True)
    assert done.stdout.split() == ["refused", "refused", "True"], done.stderr
