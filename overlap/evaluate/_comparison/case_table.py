"""The numbers per case of several reports, side by side."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from overlap._common.values import ByValue
from overlap.evaluate.value_range import EVERYTHING, Range
from overlap.io.folders import core_name
from overlap.io.name_match import closest

__all__ = ["CaseTable", "StoredReport", "case_names", "case_table", "has_cases", "renamed"]

_SHOWN = 5


class _Tabled(Protocol):
    """What is needed of a report."""

    @property
    def table_rows(self) -> tuple[dict[str, Any], ...]: ...

    @property
    def settings(self) -> dict[str, Any]: ...


@dataclass(frozen=True, eq=False)
class StoredReport:
    """What a file has of a report with numbers per case: enough to compare it.

    Attributes
    ----------
    table_rows : tuple of dict
        Rows of the table.
    settings : dict
        Everything that the numbers depend on.
    """

    table_rows: tuple[dict[str, Any], ...]
    settings: dict[str, Any]


@dataclass(frozen=True, eq=False)
class CaseTable(ByValue):
    """One metric of several reports.

    Attributes
    ----------
    metric, unit : str
        What the numbers are.
    better : {"higher", "lower", "zero"}
        Which end is the good one; with ``"zero"`` the values are magnitudes.
    cases, labels : tuple of str
        What the last and the middle axis are.
    values : ndarray, dtype=float64, shape (K, L, N)
        NaN where undefined, or where not all reports have a row.
    undefined : ndarray, dtype=int64, shape (K,)
        Values that were undefined or infinite, before `missing` replaced them.
    missing : float, "worst", "report" or None
        What they were replaced with: "report" for what each report says, None for left out.
    left_out : tuple of str
        Cases that only some reports have.
    range : Range
        What a value can be, and what stands for undefined ones.
    """

    metric: str
    unit: str
    better: str
    cases: tuple[str, ...]
    labels: tuple[str, ...]
    values: NDArray[np.float64]
    undefined: NDArray[np.int64]
    missing: float | str | None
    left_out: tuple[str, ...]
    range: Range = EVERYTHING

    def settings(self, names: Sequence[str]) -> dict[str, Any]:
        """Return the counts and rules as plain data.

        Parameters
        ----------
        names : sequence of str
            Of the reports.
        """
        counts = {name: int(count) for name, count in zip(names, self.undefined, strict=True)}
        notes = []
        if self.left_out:
            several, are = _counted(len(self.left_out)), "is" if len(self.left_out) == 1 else "are"
            notes.append(f"{several} that only some reports have {are} left out")
        if any(counts.values()):
            words = {"worst": "taken as the worst", "report": "taken as their report says"}
            fate = "left out" if self.missing is None else f"taken as {self.missing}"
            fate = words.get(str(self.missing), fate)
            several = ", ".join(f"{count} in {name}" for name, count in counts.items() if count)
            notes.append(f"undefined or infinite values are {fate}: {several}")
        if self.better == "zero":
            notes.append(f"{self.metric} is signed; its magnitude is compared")
        return {
            "unit": self.unit,
            "items": len(self.cases),
            "labels": list(self.labels),
            "left_out": list(self.left_out),
            "undefined": counts,
            "missing": self.missing,
            "magnitude": self.better == "zero",
            "notes": notes,
        }


def has_cases(report: _Tabled) -> bool:
    """Tell whether the table of a report has one row per case, label and metric."""
    return bool(report.table_rows) and {"case", "label", "metric"} <= set(report.table_rows[0])


def case_names(truths: Sequence[Mapping[str, str | None]]) -> list[dict[str, str]]:
    """Return other names for cases that the first report has under another name.

    Patterns, and words such as ``_seg``, make other names of one case. It is told by the digest
    of its truth where no other case has that; else also by its name without such words.

    Parameters
    ----------
    truths : sequence of mapping from str to str or None
        For each report, the digest of the truth of each case.

    Returns
    -------
    list of dict
        For each report, the name in the first one by its own, of those that differ.
    """
    result: list[dict[str, str]] = []
    keys: tuple[Callable[[str, str], Any], ...] = (
        lambda case, digest: digest,
        lambda case, digest: (digest, core_name(case)),
    )
    for digests in truths:
        names: dict[str, str] = {}
        for key in keys:
            ours, theirs = (
                _only({case: key(case, x) for case, x in some.items() if x and case not in without})
                for some, without in (
                    (digests, {*truths[0], *names}),
                    (truths[0], {*digests, *names.values()}),
                )
            )
            names |= {case: theirs[x] for x, case in ours.items() if x in theirs}
        result.append(names)
    return result


def _only(keys: Mapping[str, Any]) -> dict[Any, str]:
    """Return the case of each key that only one has."""
    count = Counter(keys.values())
    return {key: case for case, key in keys.items() if count[key] == 1}


def renamed(report: _Tabled, names: Mapping[str, str]) -> StoredReport:
    """Return a report with other names of cases.

    Parameters
    ----------
    report : Report or StoredReport
    names : mapping from str to str
        New names by old ones; other cases keep theirs.
    """

    def rows(table: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        return [{**row, "case": names.get(row["case"], row["case"])} for row in table]

    inputs = rows(report.settings.get("inputs", ()))
    return StoredReport(tuple(rows(report.table_rows)), {**report.settings, "inputs": inputs})


def case_table(
    reports: Sequence[_Tabled],
    names: Sequence[str],
    *,
    metric: str | None,
    label: str | Sequence[str] | None,
    cases: str,
    missing: float | str | None,
    agree: Callable[[str, Sequence[str], Sequence[str]], object] = lambda *_: None,
) -> CaseTable:
    """Gather one metric of several reports.

    Parameters
    ----------
    reports : sequence of Report or StoredReport
        With rows of cases.
    names : sequence of str
        What errors call them.
    metric : str, optional
        By default the first of the first report.
    label : str or sequence of str, optional
        Labels to use; by default all.
    cases : {"same", "common"}
        Whether different cases are an error, or the common ones are used.
    missing : float, None, "worst" or "report"
        What an undefined or infinite value becomes; None leaves it out.
    agree : callable
        Called with the metric, the labels and the cases that will be compared, before any number
        is; raises if they are not comparable.

    Returns
    -------
    CaseTable

    Raises
    ------
    ValueError
        If cases, labels or metrics do not agree, or the metric has no good end.
    """
    if cases not in ("same", "common"):
        raise ValueError(f"compare: cases = {cases!r} is neither 'same' nor 'common'")
    if metric is None:
        metric = next(str(row["metric"]) for report in reports for row in report.table_rows)
    columns = [_column(report, name, metric) for report, name in zip(reports, names, strict=True)]
    labels = _labels([list(column) for column in columns], names, label)
    columns = [{key: column[key] for key in column if key[1] in labels} for column in columns]
    everything = [{case for case, _ in column} for column in columns]
    agree(metric, labels, sorted(set.intersection(*everything)))
    left_out = _compare_cases(columns, names, cases)
    shared = set(columns[0]).intersection(*columns[1:])
    if not shared:
        raise ValueError(f"compare: no case has a {metric} in all of {', '.join(names)}")
    kept = tuple(sorted({case for case, _ in shared}))
    place = {case: n for n, case in enumerate(kept)}
    layer = {name: k for k, name in enumerate(labels)}
    values = np.full((len(reports), len(labels), len(kept)), np.nan)
    undefined = np.zeros(len(reports), dtype=np.int64)
    better = _direction(reports[0], names[0], metric)
    for k, (report, name, column) in enumerate(zip(reports, names, columns, strict=True)):
        filler = _fillers(report, name, metric, missing)
        for case, of in shared:
            value = _number(column[case, of]["value"])
            if not math.isfinite(value):
                undefined[k] += 1
                value = filler(column[case, of])
            values[k, layer[of], place[case]] = abs(value) if better == "zero" else value
    unit = next((row.get("unit") for row in reports[0].table_rows if row["metric"] == metric), "")
    if missing == "report":
        said = [report.settings.get("missing") for report in reports]
        missing = said[0] if said.count(said[0]) == len(said) else "report"
    return CaseTable(
        metric, str(unit or ""), better, kept, labels, values, undefined, missing, left_out,
        _range(reports[0].settings["metrics"][metric], better, values),
    )  # fmt: skip


def _column(report: _Tabled, name: str, metric: str) -> dict[tuple[str, str], dict[str, Any]]:
    """Rows of one metric by case and label."""
    column: dict[tuple[str, str], dict[str, Any]] = {}
    for row in report.table_rows:
        if row["metric"] != metric:
            continue
        key = str(row["case"]), str(row["label"])
        if key in column:
            raise ValueError(
                f"compare: report {name!r} has two rows of {metric} for case {key[0]!r}, "
                f"label {key[1]!r}"
            )
        column[key] = row
    if not column:
        known = dict.fromkeys(str(row["metric"]) for row in report.table_rows)
        raise ValueError(
            f"compare: report {name!r} has no metric {metric!r}{closest(metric, known)}; it has "
            f"{', '.join(known)}"
        )
    return column


def _labels(
    keys: Sequence[Sequence[tuple[str, str]]],
    names: Sequence[str],
    label: str | Sequence[str] | None,
) -> tuple[str, ...]:
    known = [list(dict.fromkeys(of for _, of in one)) for one in keys]
    if label is not None:
        wanted = (label,) if isinstance(label, str) else tuple(label)
        for name, there in zip(names, known, strict=True):
            for one in wanted:
                if one not in there:
                    raise ValueError(
                        f"compare: report {name!r} has no label {one!r}; it has {', '.join(there)}"
                    )
        if not wanted or len(set(wanted)) < len(wanted):
            raise ValueError(f"compare: label = {label!r}; give each label once, or None for all")
        return wanted
    for name, there in zip(names[1:], known[1:], strict=True):
        odd = sorted(set(known[0]) ^ set(there))
        if odd:
            raise ValueError(
                f"compare: reports {names[0]!r} and {name!r} have different labels: "
                f"{', '.join(map(repr, odd))} in one of them only; choose with label="
            )
    return tuple(known[0])


def _compare_cases(
    columns: Sequence[Mapping[tuple[str, str], Any]], names: Sequence[str], cases: str
) -> tuple[str, ...]:
    """Names of the cases that only some reports have; an error unless that is allowed."""
    everything = set().union(*columns)
    odd: dict[str, None] = {}
    for column, name in zip(columns, names, strict=True):
        absent = sorted({case for case, _ in everything - set(column)})
        if absent and cases == "same":
            shown = ", ".join(map(repr, absent[:_SHOWN])) + (", ..." if absent[_SHOWN:] else "")
            raise ValueError(
                f"compare: report {name!r} has no rows of {_counted(len(absent))} that another has "
                f"({shown}); evaluate the same cases, or use cases='common'"
            )
        odd.update(dict.fromkeys(absent))
    return tuple(sorted(odd))


def _direction(report: _Tabled, name: str, metric: str) -> str:
    """Which end of a metric is the good one."""
    record = report.settings.get("metrics", {}).get(metric)
    if record is None:
        raise ValueError(
            f"compare: the settings of report {name!r} do not say which values of {metric!r} are "
            "better; make it again with this version of overlap"
        )
    better = str(record["better"])
    if not better:
        raise ValueError(
            f"compare: {metric} is a size, of which no value is better than another; "
            "choose another metric"
        )
    return better


def _range(record: dict[str, Any], better: str, values: NDArray[np.float64]) -> Range:
    """Return what values can be, magnitudes where signed ones are compared."""
    low, high = record.get("low"), record.get("high")
    least = -math.inf if low is None else float(low)
    most = math.inf if high is None else float(high)
    if better == "zero":
        least, most = 0.0, max(-least, most)
    known = values[~np.isnan(values)]
    return Range(float(known.min(initial=least)), float(known.max(initial=most)))


def _counted(count: int) -> str:
    return "1 case" if count == 1 else f"{count} cases"


def _fillers(
    report: _Tabled, name: str, metric: str, missing: float | str | None
) -> Callable[[dict[str, Any]], float]:
    """Return what says the number of a row whose value is undefined or infinite."""
    if missing == "report":
        return lambda row: _number(row.get("used"))
    if missing is None:
        return lambda row: math.nan
    if missing != "worst":
        if isinstance(missing, str | bool) or not math.isfinite(missing):
            raise ValueError(
                f"compare: missing = {missing!r} is not a finite number, None, 'worst' or 'report'"
            )
        number = float(missing)
        return lambda row: number
    if report.settings.get("missing") == "worst":
        return lambda row: _number(row.get("used"))
    record = report.settings["metrics"][metric]
    diagonals = {row["case"]: row.get("diagonal") for row in report.settings.get("inputs", ())}

    def worst(row: dict[str, Any]) -> float:
        if row.get("empty") == "both":
            return math.nan  # two empty sets are right: nothing is missing
        # nothing is farther apart in a volume than its corners
        end = record.get("worst")
        end = diagonals.get(row["case"]) if end == "diagonal" else end
        if end is None or record["better"] not in ("higher", "lower"):
            raise ValueError(
                f"compare: no value of {metric} is the worst (case {row['case']!r} of report "
                f"{name!r}); give missing= a number"
            )
        return float(end)

    return worst


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)
