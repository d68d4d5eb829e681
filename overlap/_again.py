"""Reports read back from ``report.json``: evaluated again from the files that they name.

A report on disk has numbers and settings but not the matches from which other numbers follow.
The settings name the inputs with their digests and all rules, so the report is made again, and
must come out the same.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from overlap.evaluate import Report
    from overlap.io import SegmentTable

__all__ = ["load_reports"]

_TOLERANCE = 1e-12


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
    return [_load(path, tables) for path in paths]


def _load(path: str | Path, tables: dict[tuple[str, str], SegmentTable]) -> Report:
    from overlap.evaluate import temporal
    from overlap.io._source import read_source
    from overlap.io.activitynet import parse_json

    payload = parse_json(read_source(path))
    keys = ("settings", "summary", "table")
    if not isinstance(payload, dict) or not all(key in payload for key in keys):
        raise ValueError(f"{path}: is not a report of overlap, which has {', '.join(keys)}")
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
