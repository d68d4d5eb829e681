"""Reports read back from ``report.json``.

A report on localization has numbers and settings on disk, but not the matches from which other
numbers follow. The settings name the inputs with their digests and all rules, so the report is
made again, and must come out the same. A report with numbers per case, as of segmentations, has
all that a comparison needs; its summary must follow from its table.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from overlap.evaluate import Report
    from overlap.evaluate.case_table import StoredReport
    from overlap.io import SegmentTable

__all__ = ["load_compared", "load_reports"]

_TOLERANCE = 1e-12


def load_compared(paths: Sequence[str | Path]) -> list[Report | StoredReport]:
    """Read ``report.json`` files for a comparison.

    Parameters
    ----------
    paths : sequence of str or Path
        Files that `Report.to_json` wrote. The inputs of reports on localization are evaluated
        again, as by `load_reports`; those with numbers per case are used as they are.

    Returns
    -------
    list of Report or StoredReport

    Raises
    ------
    ValueError
        The file is not such a report, or its summary does not follow from its table; and what
        `load_reports` raises.
    OSError
        A file is missing.
    """
    tables: dict[tuple[str, str], SegmentTable] = {}
    return [
        _stored(path, payload) if _has_cases(payload) else _load(path, payload, tables)
        for path, payload in [(path, _payload(path)) for path in paths]
    ]


def load_reports(paths: Sequence[str | Path]) -> list[Report]:
    """Evaluate again what ``report.json`` files report.

    Parameters
    ----------
    paths : sequence of str or Path
        Files that `Report.to_json` wrote. The inputs that they name must still be there, under
        the same names and unchanged.

    Returns
    -------
    list of Report
        Reports on one input file share its table.

    Raises
    ------
    ValueError
        The file is not such a report, its inputs were in memory or have changed, or the numbers
        come out differently.
    OSError
        A file is missing.
    """
    tables: dict[tuple[str, str], SegmentTable] = {}
    reports = []
    for path in paths:
        payload = _payload(path)
        if _has_cases(payload):
            raise ValueError(
                f"{path}: is a report of numbers per case; wanted one on localization, whose "
                "protocol can be changed"
            )
        reports.append(_load(path, payload, tables))
    return reports


def _payload(path: str | Path) -> dict[str, Any]:
    from overlap.io._source import read_source
    from overlap.io.activitynet import parse_json

    payload = parse_json(read_source(path))
    types = {"settings": dict, "summary": dict, "table": list}
    if not isinstance(payload, dict) or not all(
        isinstance(payload.get(key), kind) for key, kind in types.items()
    ):
        raise ValueError(f"{path}: is not a report of overlap, which has {', '.join(types)}")
    if payload["settings"].get("evaluation") in ("conformation", "ramachandran"):
        raise ValueError(
            f"{path}: is a report on backbone angles; wanted one on localization or segmentation"
        )
    return payload


def _has_cases(payload: dict[str, Any]) -> bool:
    return payload["settings"].get("evaluation") == "segmentation"


def _stored(path: str | Path, payload: dict[str, Any]) -> StoredReport:
    """Check the rows, and that the summary follows from them."""
    from overlap.evaluate.case_scores import defined_mean
    from overlap.evaluate.case_table import StoredReport, case_table

    for k, row in enumerate(payload["table"]):
        value = row.get("value", "") if isinstance(row, dict) else ""
        if not isinstance(value, int | float | None) or not {"case", "label", "metric"} <= set(row):
            raise ValueError(
                f"{path}: table[{k}] is not a row with case, label, metric and a value"
            )
    report = StoredReport(tuple(payload["table"]), payload["settings"])
    for metric, record in report.settings.get("metrics", {}).items():
        if record["better"] in ("higher", "lower"):
            table = case_table(
                [report], [str(path)], metric=metric, label=None, cases="same", missing="report"
            )
            number = float(defined_mean(defined_mean(table.values, axis=2), axis=1)[0])
            stored = payload["summary"].get(metric)
            stored = math.nan if stored is None else float(stored)
            same = math.isclose(number, stored, rel_tol=1e-9, abs_tol=_TOLERANCE)
            if not same and not (math.isnan(number) and math.isnan(stored)):
                raise ValueError(
                    f"{path}: its table gives {metric} = {number!r}, its summary says "
                    f"{stored!r}; one of them was changed"
                )
    return report


def _load(
    path: str | Path, payload: dict[str, Any], tables: dict[tuple[str, str], SegmentTable]
) -> Report:
    from overlap.evaluate import temporal

    settings, summary = payload["settings"], payload["summary"]
    options: dict[str, Any] = {
        "truth": _input(path, settings, "truth", tables),
        "found": _input(path, settings, "found", tables),
        "protocol": _protocol(path, settings),
        "subset": settings.get("subset"),
        "ties": settings.get("ties", "official"),
        "progress": False,
    }
    if settings.get("ambiguous"):
        options["ambiguous"] = _input(path, settings, "ambiguous", tables)
    # classes are given only where they were chosen: else they follow from the truth
    for labels in (None, settings.get("classes")):
        report = temporal(**options, labels=labels)
        odd = _differences(dict(report.summary_items()), summary)
        if not odd:
            return report
    raise ValueError(
        f"{path}: evaluating its inputs again gives another {odd[0]}; the report was made by "
        "another version of overlap or NumPy, or with input that it does not name"
    )


def _input(
    path: str | Path,
    settings: dict[str, Any],
    role: Any,
    tables: dict[tuple[str, str], SegmentTable],
) -> SegmentTable:
    from overlap.io import as_segments

    stored = settings.get(role) or {}
    source, digest = stored.get("source"), stored.get("sha256")
    if not source or not digest:
        raise ValueError(f"{path}: its {role} was not a file, so it cannot be evaluated again")
    if (role, source) not in tables:
        tables[role, source] = as_segments(source, role=role)
    table = tables[role, source]
    if table.sha256 != digest:
        raise ValueError(
            f"{path}: its {role} {source} has changed since "
            f"(SHA-256 {digest[:12]}... in the report, {str(table.sha256)[:12]}... now)"
        )
    return table


def _protocol(path: str | Path, settings: dict[str, Any]) -> Any:
    from overlap.evaluate import PROTOCOLS

    name = str(settings.get("protocol", ""))
    if name == "all":
        raise ValueError(f"{path}: is a report of all protocols; give reports of one each")
    base = name.partition("[")[0]
    if base not in PROTOCOLS:
        raise ValueError(f"{path}: no protocol {base!r}; known are {', '.join(PROTOCOLS)}")
    rules = dict(settings.get("rules", {}), thresholds=settings.get("thresholds", ()))
    return PROTOCOLS[base].with_fields(**rules)


def _differences(numbers: dict[str, float], stored: dict[str, Any]) -> list[str]:
    """Names of the numbers that are not as stored; intervals are not computed again."""
    odd = []
    for name, number in numbers.items():
        value = stored.get(name)
        value = math.nan if value is None else float(value)
        if not (abs(number - value) <= _TOLERANCE or (math.isnan(number) and math.isnan(value))):
            odd.append(name)
    return odd
