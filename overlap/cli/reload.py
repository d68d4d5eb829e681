"""Reports read back from ``report.json``.

A report on localization has numbers and settings on disk, but not the matches from which other
numbers follow. The settings name the inputs with their digests and all rules, so the report is
made again, and must come out the same. A report with numbers per case, as of segmentations, or per
player, as of possession, has all that a comparison needs; its summary must follow from its table.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from overlap.evaluate import Report
    from overlap.evaluate._comparison.case_table import StoredReport
    from overlap.evaluate.contract import Contract
    from overlap.io import SegmentTable

__all__ = ["load_compared", "load_reports"]

_TOLERANCE = 1e-12
_LONGEST = 1000  # characters of a message
_WORDS = ("case", "label", "metric")


def load_compared(paths: Sequence[str | Path]) -> list[Report | StoredReport]:
    """Read ``report.json`` files for a comparison.

    Parameters
    ----------
    paths : sequence of str or Path
        Files that `Report.to_json` wrote. The inputs of reports on localization are evaluated
        again, as by `load_reports`; those with numbers per case or player are used as they are.

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
    loaded: list[Report | StoredReport] = []
    for path, payload in [(path, _payload(path)) for path in paths]:
        kind = _contract(path, payload).evaluation
        with _whole(path):
            if kind == "temporal":
                loaded.append(_load(path, payload, tables))
            else:
                stored = _stored if kind == "segmentation" else _stored_players
                loaded.append(stored(path, payload))
    return loaded


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
        kind = _contract(path, payload).evaluation
        if kind != "temporal":
            word = "case" if kind == "segmentation" else "player"
            raise ValueError(
                f"{path}: is a report of numbers per {word}; wanted one on localization, whose "
                "protocol can be changed"
            )
        with _whole(path):
            reports.append(_load(path, payload, tables))
    return reports


@contextmanager
def _whole(path: str | Path) -> Iterator[None]:
    """Say of which file it is that an entry is missing or of another type."""
    try:
        yield
    except (OSError, ImportError):
        raise
    except ValueError as error:
        text = str(error)
        if len(text) <= _LONGEST and f"{path}" in text:
            raise
        text = text.removeprefix(f"{path}: ")
        if len(text) > _LONGEST:  # a value that someone wrote into the report
            text = f"{text[: _LONGEST // 2]} ... {text[-_LONGEST // 4 :]}"
        raise ValueError(f"{path}: {text}") from error
    except Exception as error:
        what = f"{type(error).__name__}: {error}"
        raise ValueError(
            f"{path}: an entry is missing or is not what overlap writes ({what}); the file was "
            "changed, or written by another version"
        ) from error


def _payload(path: str | Path) -> dict[str, Any]:
    from overlap.io._json import parse_json
    from overlap.io._source import read_source

    try:
        payload = parse_json(read_source(path), unique=True)
    except ValueError as error:
        raise ValueError(
            f"{error}; a report is written whole, so the file was cut or changed afterwards, or is "
            "none"
        ) from None
    types = {"settings": dict, "summary": dict, "table": list}
    if not isinstance(payload, dict) or not all(
        isinstance(payload.get(key), kind) for key, kind in types.items()
    ):
        raise ValueError(f"{path}: is not a report of overlap, which has {', '.join(types)}")
    return payload


def _contract(path: str | Path, payload: dict[str, Any]) -> Contract:
    """Return the contract of a report that can be compared or explained."""
    from overlap.evaluate.contract import contract_of

    contract = contract_of(payload["settings"], str(path))
    if contract.reason:
        raise ValueError(f"{path}: {contract.reason}")
    if contract.evaluation not in ("possession", "segmentation", "temporal"):
        raise ValueError(
            f"{path}: is a report on {contract.evaluation[:40]}, whose inputs were in memory and "
            "are not in the file; compare the reports in Python, with overlap.evaluate.compare"
        )
    return contract


def _stored(path: str | Path, payload: dict[str, Any]) -> StoredReport:
    """Check the rows, and that the summary follows from them."""
    from overlap.evaluate._comparison.case_table import StoredReport, case_table
    from overlap.evaluate.means import defined_mean

    _check_entries(path, payload["table"], payload["settings"])
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


def _stored_players(path: str | Path, payload: dict[str, Any]) -> Report:
    """Check that the summary follows from the seconds and spells of the players."""
    import numpy as np

    from overlap.evaluate._possession.report import stored_report

    report = stored_report(payload["settings"], payload["summary"], payload["table"])
    numbers = report.evidence.statistics(np.ones((1, len(report.evidence.items))))
    made = {name: float(values[0]) for name, values in numbers.items()}
    odd = _differences(made, payload["summary"])
    if odd:
        raise ValueError(
            f"{path}: its table gives {odd[0]} = {made[odd[0]]!r}, its summary says "
            f"{payload['summary'].get(odd[0])!r}; one of them was changed"
        )
    return report


def _check_entries(path: str | Path, table: list[Any], settings: dict[str, Any]) -> None:
    """Refuse entries of other types than a comparison takes them to have."""
    for k, row in enumerate(table):
        good = isinstance(row, dict) and all(isinstance(row.get(x), str) for x in _WORDS)
        good = good and _is_number(row.get("value", "")) and _is_number(row.get("used"))
        if not good:
            raise ValueError(
                f"{path}: table[{k}] is not a row with case, label, metric, and numbers or null "
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
            f"{path}: its settings do not have metrics, inputs and findings as overlap writes them"
        )


def _is_number(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def _load(
    path: str | Path, payload: dict[str, Any], tables: dict[tuple[str, str], SegmentTable]
) -> Report:
    from overlap.evaluate import temporal
    from overlap.evaluate._temporal.evaluate import by_protocols

    settings, summary = payload["settings"], payload["summary"]
    parts = settings.get("protocols") if settings.get("protocol") == "all" else None
    first = next(iter(parts.values())) if parts else settings
    folder = str(payload.get("folder", "."))
    options: dict[str, Any] = {
        "truth": _input(path, folder, settings, "truth", tables),
        "found": _input(path, folder, settings, "found", tables),
        "subset": first.get("subset"),
        "ties": first.get("ties", "official"),
        "progress": False,
    }
    if settings.get("ambiguous"):
        options["ambiguous"] = _input(path, folder, settings, "ambiguous", tables)
    if parts:
        options["protocols"] = {name: _protocol(path, part) for name, part in parts.items()}
    else:
        options["protocol"] = _protocol(path, settings)
    # classes are given only where they were chosen: else they follow from the truth
    for labels in (None, first.get("classes")):
        report = (by_protocols if parts else temporal)(**options, labels=labels)
        odd = _differences(dict(report.summary_items()), summary)
        if not odd:
            return report
    raise ValueError(
        f"{path}: evaluating its inputs again gives another {odd[0]}; {_versions(first)}"
    )


def _versions(settings: dict[str, Any]) -> str:
    """Say what may be the reason for other numbers."""
    from overlap.evaluate.report import package_versions

    before, now = settings.get("versions") or {}, package_versions()
    changed = [
        f"{name} {before[name]}, here {now.get(name)}"
        for name in before
        if before[name] != now.get(name)
    ]
    if changed:
        return f"it was made with {'; '.join(changed)}. Make it again here"
    return "the file was changed, or was made with input that it does not name; make it again"


def _input(
    path: str | Path,
    folder: str,
    settings: dict[str, Any],
    role: Any,
    tables: dict[tuple[str, str], SegmentTable],
) -> SegmentTable:
    from overlap.io import as_segments

    stored = settings.get(role) or {}
    source, digest = stored.get("source"), stored.get("sha256")
    if not source or not digest:
        raise ValueError(f"{path}: its {role} was not a file, so it cannot be evaluated again")
    here = os.path.join(os.path.dirname(os.path.realpath(path)), folder)
    place = os.path.normpath(os.path.join(here, source))
    if not os.path.exists(place):
        raise FileNotFoundError(
            f"{path}: its {role} {source} is not there any more (looked for {place}); relative "
            "names are meant from the report, so move both together"
        )
    if (role, place) not in tables:
        tables[role, place] = replace(as_segments(place, role=role), source=source)
    table = tables[role, place]
    if table.sha256 != digest:
        raise ValueError(
            f"{path}: its {role} {source} has changed since "
            f"(SHA-256 {digest[:12]}... in the report, {str(table.sha256)[:12]}... now); evaluate "
            "it again"
        )
    return table


def _protocol(path: str | Path, settings: dict[str, Any]) -> Any:
    from overlap.evaluate import PROTOCOLS

    name = str(settings.get("protocol", ""))
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
