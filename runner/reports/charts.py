"""Curves and bars as inline SVG: small, printable, in the page's own colours, and whole without a script.

Vega-Lite draws them. Nothing of a submission's text gets in: numbers, and the four names of phases.
"""

from __future__ import annotations

import json
from typing import Any

import vl_convert
from markupsafe import Markup

from runner.curves import PHASES, Curve

WIDTH = 470
_FONT = 13
_STRIP = 9
"""Height of the strip that shows the phases."""
ROOM = 1.08
"""Of a panel's height per highest value, so that a line at its peak is not cut in half."""
_QUIET, _LINE = "var(--quiet)", "var(--line)"
_AXIS = {
    "labelColor": _QUIET, "titleColor": _QUIET, "gridColor": _LINE, "domainColor": _LINE, "tickColor": _LINE,
    "labelFontSize": _FONT, "titleFontSize": _FONT, "titleFontWeight": "normal",
}  # fmt: skip
_Rows = list[dict[str, Any]]


def draw(curve: Curve) -> Markup:
    """Memory and busy cores over time, the GPU where it was sampled, and above them the phases. `curve` has points.

    The phases are a strip of their own, and lines where one ends: colours under the curves would mix with theirs.
    """
    rows = _rows(curve)
    panels = [("memory", "MiB", 100), ("cores", "CPU cores", 64)]
    if any(point.gpu_memory_mb is not None for point in curve.points):
        panels += [("gpu_memory", "GPU MiB", 64), ("gpu", "GPU %", 64)]
    end = max(curve.seconds, 0.1)
    drawn = [_panel(rows, *panel, end, last=panel == panels[-1]) for panel in panels]
    return _svg(
        {
            "spacing": 8,
            "config": {"axis": _AXIS, "view": {"stroke": None}, "font": "sans-serif"},
            "datasets": {"use": rows, "phases": _spans(curve), "ends": _ends(curve)},
            "vconcat": [_strip(end), *drawn] if curve.phases else drawn,
        }
    )


def _rows(curve: Curve) -> _Rows:
    """A row per point, and one at 0: a point stands for the time since the one before it."""
    rows = [
        {
            "s": p.seconds,
            "memory": round(p.memory_mb, 1),
            "cores": round(p.cores, 2),
            "gpu_memory": p.gpu_memory_mb,
            "gpu": p.gpu_percent,
        }
        for p in curve.points
    ]
    return [{**rows[0], "s": 0.0}, *rows]


def _spans(curve: Curve) -> _Rows:
    return [{"s": span.begin, "to": span.end, "phase": span.name} for span in curve.phases]


def _ends(curve: Curve) -> _Rows:
    """Where a phase follows another; none where there are many, as they would hatch the panels."""
    return [{"s": span.begin} for span in curve.phases[1:]] if len(curve.phases) <= 12 else []


def _x(end: float, axis: dict[str, Any] | None) -> dict[str, Any]:
    return {"field": "s", "type": "quantitative", "scale": {"domain": [0, end], "nice": False}, "axis": axis}


def _strip(end: float) -> dict[str, Any]:
    colours = {"domain": list(PHASES), "range": [f"var(--{phase})" for phase in PHASES]}
    return {
        "width": WIDTH,
        "height": _STRIP,
        "data": {"name": "phases"},
        "mark": {"type": "rect", "height": _STRIP},
        "encoding": {
            "x": _x(end, None),
            "x2": {"field": "to"},
            "color": {"field": "phase", "type": "nominal", "scale": colours, "legend": None},
        },
    }


def _panel(rows: _Rows, field: str, title: str, height: int, end: float, last: bool) -> dict[str, Any]:
    axis = {"title": "seconds" if last else None, "labels": last, "ticks": last, "grid": False, "tickCount": 6}
    top = 100 if field == "gpu" else max([row[field] or 0 for row in rows])
    y = {
        "field": field, "type": "quantitative", "title": title,
        "scale": {"domain": [0, (top or 1) * ROOM], "nice": False},
        "axis": {"tickCount": 3, "titleAnchor": "middle", "minExtent": 58},
    }  # fmt: skip
    colour, steps = "var(--curve)", "step-before"
    line = {"color": colour, "strokeWidth": 1.6, "interpolate": steps}
    return {
        "width": WIDTH,
        "height": height,
        "layer": [
            {
                "data": {"name": "ends"},
                "mark": {"type": "rule", "color": _QUIET, "strokeDash": [2, 3]},
                "encoding": {"x": _x(end, axis)},
            },
            {
                "data": {"name": "use"},
                "mark": {"type": "area", "color": colour, "fillOpacity": 0.12, "interpolate": steps, "line": line},
                "encoding": {"x": _x(end, axis), "y": y},
            },
        ],
    }


def draw_nights(counts: list[tuple[int, str, int]], width: int, font: int) -> Markup:
    """How many submissions had which verdict in which night, as bars; `counts`: night, verdict, number.

    `width` in pixels of the screen on which it is shown: a page scales the figure with its letters.
    """
    order = ["ready", "not_ready", "inconclusive", "unusable"]
    rows = [
        {"night": night, "verdict": verdict, "number": number, "order": order.index(verdict)}
        for night, verdict, number in counts
    ]
    axis = {**_AXIS, "labelFontSize": font, "titleFontSize": font}
    nights = {"title": "night", "labelAngle": 0, "labelOverlap": True}
    return _svg(
        {
            "config": {"axis": axis, "view": {"stroke": None}, "font": "sans-serif"},
            "width": {"step": width / len({night for night, _, _ in counts})},
            "height": 120,
            "data": {"values": rows},
            "mark": {"type": "bar", "width": {"band": 0.8}},
            "encoding": {
                "x": {"field": "night", "type": "ordinal", "axis": nights},
                "y": {
                    "field": "number", "type": "quantitative", "title": "submissions",
                    "scale": {"nice": 4}, "axis": {"tickCount": 4},
                },
                "color": {
                    "field": "verdict",
                    "type": "nominal",
                    "scale": {"domain": order, "range": [f"var(--{verdict})" for verdict in order]},
                    "legend": None,
                },
                "order": {"field": "order"},
            },
        }
    )  # fmt: skip


def _svg(spec: dict[str, Any]) -> Markup:
    """The figure as a part of a page.

    Its text says what it shows; a reader of the page is spared hundreds of nameless marks.
    """
    schema = "https://vega.github.io/schema/vega-lite/v6.json"
    svg = vl_convert.vegalite_to_svg(json.dumps({"$schema": schema, "background": None, "padding": 2, **spec}))
    return Markup(svg.replace("<svg ", '<svg aria-hidden="true" focusable="false" ', 1))
