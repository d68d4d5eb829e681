"""The page of a report: one HTML file with its picture, for reading and for sending."""

from __future__ import annotations

import io
import json
import math
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from overlap.evaluate.report import Report

__all__ = ["page"]


def page(report: Report) -> str:
    """Return the report as one self-contained HTML page.

    Raises
    ------
    ImportError
        jinja2 is not installed.
    """
    try:
        from jinja2 import Environment, PackageLoader, StrictUndefined
    except ImportError as error:
        raise ImportError(
            "HTML reports need jinja2: pip install 'overlap-metrics[report]'"
        ) from error
    environment = Environment(
        loader=PackageLoader("overlap.evaluate", "pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["percent"] = _percent
    rows = report.rows()
    return environment.get_template("report.html").render(
        report=report,
        notes=report.settings.get("notes", ()),
        picture=_picture(report),
        summary=_summary(report),
        grid=_grid(rows),
        columns=list(dict.fromkeys(name for row in rows for name in row)),
        rows=rows,
        settings=json.dumps(report.to_dict()["settings"], indent=2),
    )


def _percent(value: Any) -> str:
    if isinstance(value, float):
        return "" if math.isnan(value) else f"{100 * value:.2f}"
    return str(value)


def _picture(report: Report) -> str | None:
    """Return the report's picture as SVG; None where matplotlib is not installed."""
    if find_spec("matplotlib") is None:
        return None
    stream = io.StringIO()
    report.plot().savefig(stream, format="svg")
    text = stream.getvalue()
    return text[text.index("<svg") :]


def _summary(report: Report) -> list[tuple[str, float, str, str]]:
    """Return name, number, interval and tie range of every number that stands for itself."""
    items = dict(report.items)

    def span(low: str, high: str) -> str:
        known = low in items and high in items
        return f"{_percent(items[low])} to {_percent(items[high])}" if known else ""

    derived = {
        f"{name}{end}" for name in items for end in (" low", " high", " tie low", " tie high")
    }
    return [
        (
            name,
            value,
            span(f"{name} low", f"{name} high"),
            span(f"{name} tie low", f"{name} tie high"),
        )
        for name, value in items.items()
        if name not in derived
    ]


def _grid(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the value of every class at every threshold, the worst class first."""
    levels = list(dict.fromkeys(row["iou"] for row in rows))
    lines: dict[str, dict[float, float]] = {}
    for row in rows:
        lines.setdefault(row["class"], {})[row["iou"]] = row["value"]
    truths = {row["class"]: row["n_truth"] for row in rows}
    means = {name: sum(line.values()) / len(line) for name, line in lines.items()}
    order = sorted(lines, key=lambda name: means[name])
    return {
        "levels": levels,
        "lines": [
            (
                name,
                truths[name],
                [lines[name].get(level, math.nan) for level in levels],
                means[name],
            )
            for name in order
        ],
    }
