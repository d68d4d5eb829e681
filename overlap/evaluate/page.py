"""The page of a report: one HTML file with its picture, for reading and for sending."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from overlap.io.printable import printable

__all__ = ["Section", "page"]


@dataclass(frozen=True)
class Section:
    """A table for reading, on the page and on the screen.

    Attributes
    ----------
    title : str
    columns : sequence of str
    rows : sequence of sequences of str
    keys : int
        Number of columns that name a row, and stand in every part of a table that is too wide for
        the screen.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    keys: int = 2


def page(
    *,
    headline: str,
    findings: Sequence[str],
    methods: str,
    notes: Sequence[str],
    sections: Sequence[Section],
    rows: Sequence[Mapping[str, Any]],
    settings: Mapping[str, Any],
    draw: Callable[[], Any],
) -> str:
    """Return a report as one self-contained HTML page.

    Parameters
    ----------
    headline : str
        One line that says what came out.
    findings, notes : sequence of str
        Messages above and below the numbers.
    methods : str
        The sentence for a paper.
    sections : sequence of Section
        Tables, the most telling first.
    rows : sequence of mapping
        All numbers.
    settings : mapping
        Plain data.
    draw : callable
        Returns a figure of matplotlib; not called where matplotlib is not installed.

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
        finalize=_visible,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html").render(
        headline=headline,
        findings=findings,
        methods=methods,
        notes=notes,
        picture=None if find_spec("matplotlib") is None else _picture(draw()),
        sections=sections,
        columns=list(dict.fromkeys(name for row in rows for name in row)),
        rows=rows,
        settings=json.dumps(settings, indent=2),
    )


def _visible(value: Any) -> Any:
    """Escape controls in the texts of a page; what is markup stays as it is."""
    if not isinstance(value, str) or hasattr(value, "__html__"):
        return value
    return printable(value, keep="\n\t")


def _picture(figure: Any) -> str:
    """Return a figure as SVG."""
    stream = io.StringIO()
    figure.savefig(stream, format="svg")
    text = stream.getvalue()
    return text[text.index("<svg") :]
