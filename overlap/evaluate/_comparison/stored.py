"""Reports with numbers per case, read back from their files."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from overlap.evaluate.means import defined_mean

from .case_table import StoredReport, case_table

__all__ = ["stored_report"]

_TOLERANCE = 1e-12
_WORDS = ("case", "label", "metric")


def stored_report(payload: Mapping[str, Any]) -> StoredReport:
    """Return what a file has of a report with numbers per case, enough to compare it.

    Parameters
    ----------
    payload : mapping
        Settings, summary and table.

    Raises
    ------
    ValueError
        An entry is not what overlap writes, or the summary does not follow from the table.
    """
    _check_entries(payload["table"], payload["settings"])
    report = StoredReport(tuple(payload["table"]), payload["settings"])
    for metric, record in report.settings.get("metrics", {}).items():
        if record["better"] in ("higher", "lower"):
            table = case_table(
                [report], ["the file"], metric=metric, label=None, cases="same", missing="report"
            )
            number = float(defined_mean(defined_mean(table.values, axis=2), axis=1)[0])
            stored = payload["summary"].get(metric)
            stored = math.nan if stored is None else float(stored)
            same = math.isclose(number, stored, rel_tol=1e-9, abs_tol=_TOLERANCE)
            if not same and not (math.isnan(number) and math.isnan(stored)):
                raise ValueError(
                    f"its table gives {metric} = {number!r}, its summary says "
                    f"{stored!r}; one of them was changed"
                )
    return report


def _check_entries(table: list[Any], settings: dict[str, Any]) -> None:
    """Refuse entries of other types than a comparison takes them to have."""
    for k, row in enumerate(table):
        good = isinstance(row, dict) and all(isinstance(row.get(x), str) for x in _WORDS)
        good = good and _is_number(row.get("value", "")) and _is_number(row.get("used"))
        if not good:
            raise ValueError(
                f"table[{k}] is not a row with case, label, metric, and numbers or null "
                "as value and used"
            )
    metrics, inputs = settings.get("metrics"), settings.get("inputs", [])
    findings = settings.get("findings", [])
    good = isinstance(metrics, dict) and isinstance(inputs, list) and isinstance(findings, list)
    if good:
        entries = *metrics.values(), settings.get("found", {}), *inputs  # type: ignore[union-attr]
        good = all(isinstance(entry, dict) for entry in entries)
        good = good and all(isinstance(text, str) for text in findings)
        good = good and all(isinstance(row.get("case"), str) for row in inputs)
        good = good and all(_is_number(row.get("diagonal")) for row in inputs)
    if not good:
        raise ValueError(
            "its settings do not have metrics, inputs and findings as overlap writes them"
        )


def _is_number(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))
