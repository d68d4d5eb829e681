"""The page of a report: one HTML file with its picture, for reading and for sending."""

from __future__ import annotations

import io
import json
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from overlap.io.printable import printable

if TYPE_CHECKING:
    from overlap.evaluate.report import Report

__all__ = ["page"]


def page(report: Report) -> str:
    """Return the report as one self-contained HTML page.

    Parameters
    ----------
    report : Report

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
    rows = report.rows()
    return environment.get_template("report.html").render(
        headline=report.evidence.headline(report),
        findings=report.findings,
        methods=report.methods(),
        notes=report.settings.get("notes", ()),
        picture=_picture(report),
        sections=report.evidence.sections(report),
        columns=list(dict.fromkeys(name for row in rows for name in row)),
        rows=rows,
        settings=json.dumps(report.to_dict()["settings"], indent=2),
    )


def _visible(value: Any) -> Any:
    """Escape controls in the texts of a page; what is markup stays as it is."""
    if not isinstance(value, str) or hasattr(value, "__html__"):
        return value
    return printable(value, keep="\n\t")


def _picture(report: Report) -> str | None:
    """Return the report's picture as SVG; None where matplotlib is not installed."""
    if find_spec("matplotlib") is None:
        return None
    stream = io.StringIO()
    report.plot().savefig(stream, format="svg")
    text = stream.getvalue()
    return text[text.index("<svg") :]
