"""Opens figures; a program of its own, so that what a file does to it, it does to this process alone.

    python -m runner.stages.evaluate.open_figures FILE...      prints a JSON list, one object per file

PDFium (pypdfium2) opens PDFs: it is the engine of Chromium, fuzzed for years against hostile files; it renders pages,
so that "blank" is seen and not guessed from operators as pypdf or pdfminer would have to; and its licence (BSD/Apache)
fits ours, which PyMuPDF's (AGPL) does not. Pillow opens images, with its own bound on their size; defusedxml reads SVG
without entities. Before it looks at anything the process limits its own memory and time, gives up writing files and
starting processes, and, where it is root, becomes nobody; files are open by then.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import resource
import sys
from pathlib import Path
from typing import Any, BinaryIO

MEMORY = 2 * 2**30
"""Bytes of address space: a page of 40 megapixels needs a tenth of it."""
CPU_SECONDS = 60
MAX_PAGES = 20
"""Pages looked at; the first that is not blank ends the look."""
WIDTH = 600
"""Pixels that a page is rendered wide: enough for the thinnest line of a plot to leave a trace."""
MAX_PIXELS = 40_000_000


NOBODY = 65534


def main(paths: list[str]) -> None:
    with contextlib.ExitStack() as stack:
        files = [(Path(path).suffix.lower(), _open(path, stack)) for path in paths]
        _load_libraries()
        _give_up()
        for suffix, file in files:
            # One line a file, at once: a file that ends the process keeps the others' answers.
            print(json.dumps({"opened": False} if file is None else look(suffix, file.read())), flush=True)


def _open(path: str, stack: contextlib.ExitStack) -> BinaryIO | None:
    """Neither through a link nor waiting for a writer; None where the system does not let it be read."""
    try:
        return stack.enter_context(os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb"))
    except OSError:
        return None


def _load_libraries() -> None:
    """What is not loaded now may be out of reach later."""
    with contextlib.suppress(ImportError):
        import defusedxml.ElementTree  # noqa: F401
        import pypdfium2  # noqa: F401
        from PIL import Image

        Image.init()


def _give_up() -> None:
    for limit, value in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NPROC, 0),
    ):
        resource.setrlimit(limit, (value, value))
    if os.getuid() == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)


def look(suffix: str, content: bytes) -> dict[str, Any]:
    """`pages`, `blank`, `text` (characters), `problem`."""
    try:
        match suffix:
            case ".pdf":
                return _pdf(content)
            case ".svg":
                return _svg(content)
            case _:
                return _image(content)
    except (MemoryError, ImportError):
        return {"opened": False}
    except Exception as error:
        return {"problem": " ".join(f"{type(error).__name__}: {error}".split())[:200].rstrip(".")}


def _pdf(content: bytes) -> dict[str, Any]:
    import pypdfium2

    with contextlib.closing(pypdfium2.PdfDocument(content)) as document:
        pages = len(document)
        if pages == 0:
            return {"pages": 0, "problem": "has no page"}
        text, blank = 0, True
        for number in range(min(pages, MAX_PAGES)):
            page = document[number]
            text += page.get_textpage().count_chars()
            width, height = page.get_size()
            if width <= 0 or height <= 0 or width * height > 10_000_000:
                return {"pages": pages, "opened": False}
            picture = page.render(scale=min(WIDTH / width, 4000 / height), grayscale=True).to_pil()
            blank = blank and _one_colour(picture)
            if not blank and text:
                break
        return {"pages": pages, "blank": blank, "text": text}


def _image(content: bytes) -> dict[str, Any]:
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    with Image.open(io.BytesIO(content)) as picture:
        if picture.width * picture.height > MAX_PIXELS:
            return {"opened": False}
        picture.load()
        # What is transparent shows the page behind it.
        flat = Image.new("RGB", picture.size, "white")
        flat.paste(picture.convert("RGBA"), mask=picture.convert("RGBA").getchannel("A"))
        return {"pages": 1, "blank": _one_colour(flat.convert("L"))}


def _one_colour(picture: Any) -> bool:
    lowest, highest = picture.getextrema()
    return bool(lowest == highest)


def _svg(content: bytes) -> dict[str, Any]:
    from defusedxml.ElementTree import parse

    root = parse(io.BytesIO(content)).getroot()
    if root is None or not str(root.tag).endswith("svg"):
        return {"problem": "is no SVG document"}
    drawn = ("path", "line", "rect", "circle", "ellipse", "polyline", "polygon", "image", "text", "use")
    marks = [element for element in root.iter() if str(element.tag).rpartition("}")[2] in drawn]
    words = sum(len("".join(element.itertext())) for element in marks if str(element.tag).endswith("text"))
    # A background is one mark.
    return {"pages": 1, "blank": len(marks) <= 1, "text": words}


if __name__ == "__main__":
    main(sys.argv[1:])
