"""The numbers per case of several reports, side by side."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["CaseTable", "StoredReport", "case_table", "has_cases"]

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
class CaseTable:
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
    missing : float, None
        What they were replaced with; None for left out.
    left_out : tuple of str
        Cases that only some reports have.
    """

    metric: str
    unit: str
    better: str
    cases: tuple[str, ...]
    labels: tuple[str, ...]
    values: NDArray[np.float64]
    undefined: NDArray[np.int64]
    missing: float | None
    left_out: tuple[str, ...]

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
            fate = "left out" if self.missing is None else f"taken as {self.missing:g}"
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


def case_table(
    reports: Sequence[_Tabled],
    names: Sequence[str],
    *,
    metric: str | None,
    label: str | Sequence[str] | None,
    cases: str,
    missing: float | str | None,
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
    metric = str(reports[0].table_rows[0]["metric"]) if metric is None else metric
    columns = [_column(report, name, metric) for report, name in zip(reports, names, strict=True)]
    labels = _labels([list(column) for column in columns], names, label)
    columns = [{key: column[key] for key in column if key[1] in labels} for column in columns]
    left_out = _compare_cases(columns, names, cases)
    shared = set(columns[0]).intersection(*columns[1:])
    if not shared:
        raise ValueError(f"compare: no case has a {metric} in all of {', '.join(names)}")
    kept = tuple(sorted({case for case, _ in shared}))
    place = {case: n for n, case in enumerate(kept)}
    layer = {name: k for k, name in enumerate(labels)}
    values = np.full((len(reports), len(labels), len(kept)), np.nan)
    undefined = np.zeros(len(reports), dtype=np.int64)
    better, worst = _direction(reports[0], names[0], metric)
    _same_rules(reports, names, kept, labels)
    filler = _filler(reports, names, metric, worst, missing)
    for k, column in enumerate(columns):
        for case, of in shared:
            value = column[case, of]
            if not math.isfinite(value):
                undefined[k] += 1
                value = math.nan if filler is None else filler
            values[k, layer[of], place[case]] = abs(value) if better == "zero" else value
    unit = next((row.get("unit") for row in reports[0].table_rows if row["metric"] == metric), "")
    return CaseTable(
        metric, str(unit or ""), better, kept, labels, values, undefined, filler, left_out
    )


def _column(report: _Tabled, name: str, metric: str) -> dict[tuple[str, str], float]:
    """Values of one metric by case and label."""
    column: dict[tuple[str, str], float] = {}
    for row in report.table_rows:
        if row["metric"] != metric:
            continue
        key = str(row["case"]), str(row["label"])
        if key in column:
            raise ValueError(
                f"compare: report {name!r} has two rows of {metric} for case {key[0]!r}, "
                f"label {key[1]!r}"
            )
        value = row["value"]
        column[key] = math.nan if value is None else float(value)
    if not column:
        known = dict.fromkeys(str(row["metric"]) for row in report.table_rows)
        raise ValueError(
            f"compare: report {name!r} has no metric {metric!r}; it has {', '.join(known)}"
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
    columns: Sequence[dict[tuple[str, str], float]], names: Sequence[str], cases: str
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


def _direction(report: _Tabled, name: str, metric: str) -> tuple[str, float]:
    """Which end of a metric is the good one, and its worst value."""
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
    worst = {"higher": record["low"], "lower": record["high"]}.get(better)
    return better, math.inf if worst is None else float(worst)


def _same_rules(
    reports: Sequence[_Tabled], names: Sequence[str], cases: Sequence[str], labels: Sequence[str]
) -> None:
    """Refuse reports on other truths, or whose numbers follow other rules."""

    def rules(report: _Tabled) -> dict[str, Any]:
        settings = report.settings
        members = {of: list(settings.get("labels", {}).get(of, ())) for of in labels}
        named = {
            key: settings.get(key) for key in ("empty", "ignore", "soft", "spacing", "instances")
        }
        return {"labels": members} | {key: _listed(value) for key, value in named.items()}

    def digests(report: _Tabled) -> dict[str, Any]:
        return {row["case"]: row["truth_sha256"] for row in report.settings.get("inputs", ())}

    first_rules, first_digests = rules(reports[0]), digests(reports[0])
    for report, name in zip(reports[1:], names[1:], strict=True):
        for key, value in rules(report).items():
            if value != first_rules[key]:
                raise ValueError(
                    f"compare: reports {names[0]!r} and {name!r} differ in {key!r} "
                    f"({_brief(first_rules[key])} and {_brief(value)}); evaluate them with the "
                    "same settings"
                )
        there = digests(report)
        odd = [
            case
            for case in cases
            if None not in (one := (first_digests.get(case), there.get(case))) and one[0] != one[1]
        ]
        if odd:
            raise ValueError(
                f"compare: reports {names[0]!r} and {name!r} are not on the same truth: "
                f"{_counted(len(odd))} {'has' if len(odd) == 1 else 'have'} another file "
                f"(first: {odd[0]!r})"
            )


def _brief(value: Any) -> str:
    """Name a policy by its name; anything else in one short line."""
    text = str(value.get("name", value) if isinstance(value, dict) else value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _counted(count: int) -> str:
    return "1 case" if count == 1 else f"{count} cases"


def _listed(value: Any) -> Any:
    """Return settings as JSON would: a report that was written and read is the same one."""
    if isinstance(value, dict):
        return {key: _listed(entry) for key, entry in value.items()}
    return [_listed(entry) for entry in value] if isinstance(value, tuple | list) else value


def _filler(
    reports: Sequence[_Tabled],
    names: Sequence[str],
    metric: str,
    worst: float,
    missing: float | str | None,
) -> float | None:
    """Return what an undefined value becomes; None leaves it out."""
    if missing == "report":
        first, *others = (report.settings.get("missing") for report in reports)
        for name, other in zip(names[1:], others, strict=True):
            if other != first:
                raise ValueError(
                    f"compare: undefined values are {first!r} in report {names[0]!r} and "
                    f"{other!r} in {name!r}; give missing= for all"
                )
        # a report with the worst value for missing ones leaves them out where that is infinite
        missing = None if first == "worst" and not math.isfinite(worst) else first
    if missing is None:
        return None
    number = worst if missing == "worst" else missing
    if isinstance(number, str | bool) or not math.isfinite(number):
        raise ValueError(
            f"compare: missing = {missing!r} does not give {metric} a finite number; wanted a "
            "number, None, 'worst' for a metric with a worst value, or 'report'"
        )
    return float(number)
