"""Curves as inline SVG: small, printable, in the page's own colours, and whole without a script.

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
_INK, _QUIET, _LINE = "currentColor", "var(--quiet)", "var(--line)"
_AXIS = {
    "labelColor": _QUIET, "titleColor": _QUIET, "gridColor": _LINE, "domainColor": _LINE, "tickColor": _LINE,
    "labelFontSize": _FONT, "titleFontSize": _FONT, "titleFontWeight": "normal",
}  # fmt: skip
_X = {"field": "s", "type": "quantitative"}


def draw(curve: Curve) -> Markup:
    """Memory and busy cores over time, the GPU where it was sampled, phases as bands behind. `curve` has points."""
    end = max(curve.seconds, 0.1)
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
    panels = [("memory", "MiB", 100), ("cores", "CPU cores", 64)]
    if any(point.gpu_memory_mb is not None for point in curve.points):
        panels += [("gpu_memory", "GPU MiB", 64), ("gpu", "GPU %", 64)]
    spans = [{"s": span.begin, "to": span.end, "phase": span.name} for span in curve.phases]
    spec = {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "background": None,
        "padding": 2,
        "spacing": 8,
        "config": {"axis": _AXIS, "view": {"stroke": None}, "font": "sans-serif"},
        "datasets": {"use": rows, "phases": spans},
        "vconcat": [
            _panel(field, title, "var(--curve)", height, end, last=(field, title, height) == panels[-1])
            for field, title, height in panels
        ],
    }
    return Markup(_as_part_of_a_page(vl_convert.vegalite_to_svg(json.dumps(spec))))


def _panel(field: str, title: str, colour: str, height: int, end: float, last: bool) -> dict[str, Any]:
    scale = {"domain": [0, end], "nice": False}
    axis = {"title": "seconds" if last else None, "labels": last, "ticks": last, "grid": False, "tickCount": 6}
    x = {**_X, "scale": scale, "axis": axis}
    y = {
        "field": field, "type": "quantitative", "title": title, "scale": {"zero": True, "nice": True},
        "axis": {"tickCount": 3, "titleAnchor": "middle", "minExtent": 58},
    }  # fmt: skip
    phases = {"domain": list(PHASES), "range": [f"var(--{phase})" for phase in PHASES]}
    return {
        "width": WIDTH,
        "height": height,
        "layer": [
            {
                "data": {"name": "phases"},
                "mark": {"type": "rect", "opacity": 0.22},
                "encoding": {
                    "x": x,
                    "x2": {"field": "to"},
                    "color": {"field": "phase", "type": "nominal", "scale": phases, "legend": None},
                },
            },
            {
                "data": {"name": "use"},
                "mark": {
                    "type": "area", "color": colour, "fillOpacity": 0.18, "interpolate": "step-before",
                    "line": {"color": colour, "strokeWidth": 1.6, "interpolate": "step-before"},
                },
                "encoding": {"x": x, "y": y},
            },
        ],
    }  # fmt: skip


def _as_part_of_a_page(svg: str) -> str:
    """The figure's text says what it shows; a reader of the page is spared hundreds of nameless marks."""
    return svg.replace("<svg ", '<svg aria-hidden="true" focusable="false" ', 1)


def draw_nights(counts: list[tuple[int, str, int]]) -> Markup:
    """How many submissions had which verdict in which night, as bars; `counts`: night, verdict, number."""
    order = ["ready", "not_ready", "inconclusive", "unusable"]
    rows = [
        {"night": night, "verdict": verdict, "number": number, "order": order.index(verdict)}
        for night, verdict, number in counts
    ]
    spec = {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "background": None,
        "padding": 2,
        "config": {
            "axis": {**_AXIS, "labelFontSize": 15, "titleFontSize": 15},
            "view": {"stroke": None},
            "font": "sans-serif",
        },
        "width": 640,
        "height": 110,
        "data": {"values": rows},
        "mark": {"type": "bar", "width": {"band": 0.8}},
        "encoding": {
            "x": {
                "field": "night",
                "type": "ordinal",
                "axis": {"title": "night", "labelAngle": 0, "labelOverlap": True},
            },
            "y": {"field": "number", "type": "quantitative", "title": "submissions", "axis": {"tickCount": 4}},
            "color": {
                "field": "verdict",
                "type": "nominal",
                "scale": {"domain": order, "range": [f"var(--{verdict})" for verdict in order]},
                "legend": None,
            },
            "order": {"field": "order"},
        },
    }
    return Markup(_as_part_of_a_page(vl_convert.vegalite_to_svg(json.dumps(spec))))
