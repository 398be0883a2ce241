"""What every HTML page of ours shares: the templates' environment and the policy that keeps a page closed.

The policy allows a page's own style and script by their hashes and nothing else: were a text of a submission ever
to become markup, it still could neither run nor load anything.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from runner.reports.markdown import spans
from runner.reports.text import count, label, megabytes, one_line, plain, seconds


def render_page(template: str, styles: tuple[str, ...], script: str, **parts: object) -> str:
    """The page of `template`, with the named styles and script from `templates/` in it."""
    style, code = "".join(_asset(name) for name in styles), _asset(script)
    return (
        _environment()
        .get_template(template)
        .render(
            **parts,
            style=Markup(style),
            script=Markup(code),
            style_hash=_hash(style),
            script_hash=_hash(code),
        )
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("runner.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    shown: dict[str, Any] = {
        "plain": plain,
        "line": one_line,
        "prose": _prose,
        "label": label,
        "seconds": seconds,
        "megabytes": megabytes,
        "count": count,
    }
    environment.filters.update(shown)
    return environment


def _prose(text: str, limit: int) -> Markup:
    """One line of a message: escaped, and its code spans as code."""
    parts = [
        Markup("<code>{}</code>").format(part) if code else escape(part) for code, part in spans(one_line(text, limit))
    ]
    return Markup("").join(parts)


@cache
def _asset(name: str) -> str:
    return files("runner.reports").joinpath("templates", name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """The source expression by which a content security policy allows an inline style or script."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
