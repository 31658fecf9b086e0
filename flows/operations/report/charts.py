"""Pictures of a report as SVG, drawn by Vega-Lite; each mark is named for screen readers.

Outcomes differ by shape as well as by colour on the map, and every colour has a contrast of at
least 3 to 1 against white (WCAG 2.2, 1.4.11).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import vl_convert
from lxml import etree

from flows.counted import counted
from flows.operations.outcomes import Outcome
from flows.operations.report.figures import Group, Interval
from flows.operations.report.hexmap import Hexagon

_VEGA_LITE = "5.20"
_SVG = "{http://www.w3.org/2000/svg}"
_HEXAGON = "M0,-1L0.866,-0.5L0.866,0.5L0,1L-0.866,0.5L-0.866,-0.5Z"
_LOOKS: Mapping[Outcome, tuple[str, str]] = {
    Outcome.UNCERTAIN: ("#7b1fa2", "triangle-up"),
    Outcome.REFUSED: ("#b3261e", "cross"),
    Outcome.WAITING: ("#a66300", "circle"),
    Outcome.TO_POST: ("#7a6a00", "square"),
    Outcome.WITHDRAWN: ("#6b6b6b", "diamond"),
    Outcome.POSTED: ("#00796b", _HEXAGON),
    Outcome.SENT: ("#1f5fa8", _HEXAGON),
}
"""Colour and, on the map, shape."""
_NOT_WRITTEN_TO = "not written to"
_CONFIG = {
    "font": "Liberation Sans, Arial, Helvetica, sans-serif",
    "view": {"stroke": None},
    "axis": {"labelColor": "#1a1a1a", "titleColor": "#1a1a1a", "labelFontSize": 12},
    "legend": {"labelColor": "#1a1a1a", "labelFontSize": 12, "title": None, "orient": "top"},
    "background": "transparent",
}


def bars(groups: Sequence[Group], name: str) -> str:
    """Return stacked bars, one a group, as an SVG element with this accessible name."""
    values = [
        {
            "group": group.name,
            "outcome": outcome.value,
            "letters": letters,
            "rank": list(Outcome).index(outcome),
            "words": f"{group.name}: {letters} {outcome.value} of {group.letters}",
        }
        for group in groups
        for outcome, letters in group.outcomes.items()
        if letters
    ]
    spec = {
        "data": {"values": values},
        "width": 460,
        "height": {"step": 24},
        "mark": {"type": "bar"},
        "encoding": {
            "y": {
                "field": "group",
                "type": "nominal",
                "sort": [group.name for group in groups],
                "title": None,
                "axis": {"labelLimit": 260},
            },
            "x": {"field": "letters", "type": "quantitative", "title": "Letters", "axis": _WHOLE},
            "color": _colours({str(value["outcome"]) for value in values}),
            "order": {"field": "rank", "sort": "descending"},
            "description": {"field": "words"},
        },
    }
    return _drawn(spec, name)


def over_time(intervals: Sequence[Interval], name: str) -> str:
    """Return a bar for each interval as an SVG element with this accessible name."""
    values = [
        {
            "label": interval.label,
            "letters": interval.letters,
            "words": (
                f"{interval.label}: {counted(interval.letters, 'letter')}, {interval.total} so far"
            ),
        }
        for interval in intervals
    ]
    spec = {
        "data": {"values": values},
        "width": 640,
        "height": 180,
        "mark": {"type": "bar", "color": _LOOKS[Outcome.SENT][0]},
        "encoding": {
            "x": {
                "field": "label",
                "type": "ordinal",
                "sort": None,
                "title": None,
                "axis": {"labelAngle": -40, "labelOverlap": True},
            },
            "y": {"field": "letters", "type": "quantitative", "title": "Letters", "axis": _WHOLE},
            "description": {"field": "words"},
        },
    }
    return _drawn(spec, name)


def constituencies(
    layout: Mapping[str, Hexagon], outcomes: Mapping[str, Outcome], name: str
) -> str:
    """Return the map as an SVG element; ``outcomes`` are by the keys of ``layout``."""
    values = [
        {
            "x": hexagon.x,
            "y": hexagon.y,
            "outcome": found.value if (found := outcomes.get(key)) else _NOT_WRITTEN_TO,
            "words": f"{hexagon.name}: {found.value if found else _NOT_WRITTEN_TO}",
        }
        for key, hexagon in layout.items()
    ]
    shown = {str(value["outcome"]) for value in values}
    width = max(hexagon.x for hexagon in layout.values()) - min(
        hexagon.x for hexagon in layout.values()
    )
    height = max(hexagon.y for hexagon in layout.values()) - min(
        hexagon.y for hexagon in layout.values()
    )
    scale = {"zero": False, "nice": False, "padding": 8}
    axis = {"type": "quantitative", "axis": None, "scale": scale}
    spec = {
        "data": {"values": values},
        "width": 16 * width,
        "height": 16 * height,
        "mark": {"type": "point", "filled": True, "size": 250, "opacity": 1},
        "encoding": {
            "x": {"field": "x", **axis},
            "y": {"field": "y", **axis},
            "color": _colours(shown),
            "shape": {
                "field": "outcome",
                "scale": {
                    "domain": _domain(shown),
                    "range": [_look(text)[1] for text in _domain(shown)],
                },
            },
            "description": {"field": "words"},
        },
    }
    return _drawn(spec, name)


_WHOLE = {"tickMinStep": 1, "format": "d"}


def _domain(shown: set[str]) -> list[str]:
    return [text for text in (*Outcome, _NOT_WRITTEN_TO) if text in shown]


def _look(text: str) -> tuple[str, str]:
    return ("#d9d9d9", _HEXAGON) if text == _NOT_WRITTEN_TO else _LOOKS[Outcome(text)]


def _colours(shown: set[str]) -> dict[str, Any]:
    domain = _domain(shown)
    return {
        "field": "outcome",
        "scale": {"domain": domain, "range": [_look(text)[0] for text in domain]},
    }


def _drawn(spec: dict[str, Any], name: str) -> str:
    """The picture, named as a whole, with each mark's words as a tooltip."""
    svg = vl_convert.vegalite_to_svg({**spec, "config": _CONFIG}, vl_version=_VEGA_LITE)
    root = etree.fromstring(svg.encode())
    for element in root.iter():
        if words := element.get("aria-label"):
            title = etree.SubElement(element, f"{_SVG}title")
            title.text = words
    root.set("role", "img")
    root.set("aria-label", name)
    root.set("style", "max-width:100%;height:auto")
    return str(etree.tostring(root, encoding="unicode"))
