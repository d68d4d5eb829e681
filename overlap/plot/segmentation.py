"""Pictures of segmentation: values of every case, label by label."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from overlap.plot.figures import caption, figure_of, new_figure, plain, save

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw_values"]

_MANY_LABELS = 40
_TEXT = 10.0  # points: on a phone, pictures of a page are scaled to 80 %
_LONG = 24  # letters of a label
_PANEL = 4.6  # inches
_CASE, _MEAN, _ODD = "#4c72b0", "#222222", "#d55e00"


class _Valued(Protocol):
    """Rows of cases, labels and metrics, their means, and facts of the metrics."""

    @property
    def numbers(self) -> Sequence[Any]: ...

    @property
    def settings(self) -> dict[str, Any]: ...

    @property
    def intervals(self) -> Sequence[Any]: ...

    def rows(self) -> list[dict[str, Any]]: ...


def draw_values(
    report: _Valued,
    *,
    path: str | Path | None = None,
    ax: Axes | None = None,
    metric: str | None = None,
    width: float = 8.0,
    titled: bool = True,
) -> Axes | Figure:
    """Draw the value of every case, one line per label, and the mean with its interval.

    Parameters
    ----------
    report : SegmentationReport
        Result of `overlap.evaluate.segmentation`.
    path : str or Path, optional
        File to write, all or nothing; the suffix is the format.
    ax : matplotlib.axes.Axes, optional
        Where to draw one metric; by default a new figure.
    metric : str, optional
        By default all metrics, one panel each; on `ax` the report's first.
    width : float
        Of a figure of one metric, in inches. The size of letters is the same in all.
    titled : bool
        Whether the name of the metric stands above a figure of one.

    Returns
    -------
    matplotlib.axes.Axes or matplotlib.figure.Figure
        `ax` if it was given, else the figure.

    Raises
    ------
    ImportError
        matplotlib is not installed.
    ValueError
        The report has no such metric.

    Notes
    -----
    On the right is the number of cases with a finite value, and of how many if there are others.
    Values from the policy for empty sets have a ring, failed cases that count as the worst a cross.
    Of more than 40 labels the first 40 are drawn, and the title says so.
    """
    names = list(report.settings["metrics"])
    if metric is not None and metric not in names:
        raise ValueError(f"there is no metric {metric!r}; there are {', '.join(names)}")
    values: dict[str, dict[str, list[dict[str, Any]]]] = {name: {} for name in names}
    for row in report.rows():
        values[row["metric"]].setdefault(row["label"], []).append(row)
    if ax is not None:
        figure, chosen = figure_of(ax, "draw_values"), names[0] if metric is None else metric
        _draw_metric(ax, report, chosen, values[chosen])
        title = f"{caption(chosen)}: every case, and the mean"
        if report.intervals:
            title += f" with its {100 * report.intervals[0].level:g} % interval"
        ax.set_title(title + _left_out(values[chosen]), fontsize="medium")
        save(figure, path)
        return ax
    shown = names if metric is None else [metric]
    columns = min(len(shown), 2)
    lines = min(max((len(values[name]) for name in shown), default=1), _MANY_LABELS)
    rows = -(-len(shown) // columns)
    height = rows * (0.95 + (0.3 if lines < 16 else 0.25) * max(lines, 2)) + 0.35
    figure = new_figure((width if columns == 1 else columns * _PANEL, height))
    for place, name in enumerate(shown, 1):
        target = figure.add_subplot(rows, columns, place)
        _draw_metric(target, report, name, values[name])
        title = f"{caption(name) if titled or columns > 1 else ''}{_left_out(values[name])}"
        target.set_title(title.removeprefix("; "), fontsize=_TEXT)
    figure.legend(**_legend(report, [row for name in shown for part in values[name].values()
                                     for row in part]), loc="outside lower center")  # fmt: skip
    save(figure, path)
    return figure


def _left_out(by_label: dict[str, Any]) -> str:
    if len(by_label) <= _MANY_LABELS:
        return ""
    return f"; {_MANY_LABELS} of {len(by_label)} labels"


def _draw_metric(
    ax: Axes, report: _Valued, metric: str, by_label: dict[str, list[dict[str, Any]]]
) -> None:
    """Draw one metric: a line per label, with its cases, its mean and the number of cases."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    means = {number.where.get("label"): number for number in report.numbers
             if number.metric == metric and number.n is not None}  # fmt: skip
    labels = list(by_label)[:_MANY_LABELS]
    beside = ax.get_yaxis_transform()
    for place, label in enumerate(labels):
        rows = [row for row in by_label[label] if math.isfinite(row["value"])]
        known = np.array([row["value"] for row in rows])
        # a fixed pattern of offsets: equal values stay apart, and a picture is the same twice
        offset = 0.22 * (2.0 * ((0.5 + np.arange(len(known)) * 0.618034) % 1.0) - 1.0)
        ax.plot(known, place + offset, "o", color=_CASE, ms=4.5, alpha=0.55, mew=0, zorder=2)
        for marker, _, chosen in _odd(rows):
            face: Any = "none" if marker == "o" else None
            ax.scatter(known[chosen], (place + offset)[chosen], marker=marker, s=30, lw=1.1,
                       color=_ODD, facecolor=face, zorder=3)  # fmt: skip
        mean = means[label]
        ends = mean.interval
        ax.plot([mean.value], [place], "d", color=_MEAN, ms=6, zorder=5)
        if ends is not None:
            ax.hlines([place], [ends.low], [ends.high], color=_MEAN, lw=1.6, zorder=4)
        total = len(by_label[label])
        count = f"{total}" if len(known) == total else f"{len(known)} of {total}"
        ax.text(1.02, place, count, transform=beside, va="center", fontsize=_TEXT)
    ax.text(1.02, -0.75, "cases", transform=beside, va="center", fontsize=_TEXT)
    names = [caption(_shortened(label)) for label in labels]
    ax.set_yticks(range(len(labels)), names, fontsize=_TEXT)
    ax.set_ylim(max(len(labels), 1) - 0.4, -0.6)
    facts = report.settings["metrics"][metric]
    if facts["low"] == 0.0:  # from 0 on, so that lengths can be compared
        right = 1.0 if facts["high"] == 1.0 else max(ax.get_xlim()[1], 1e-9)
        ax.set_xlim(-0.02 * right, 1.02 * right)
    ax.xaxis.set_major_locator(MaxNLocator(nbins=5))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{round(x, 9):,.6g}"))
    ax.tick_params(axis="x", labelsize=_TEXT)
    unit = facts["unit"]
    ax.set_xlabel(caption(metric if unit == "1" else f"{metric}, {unit}"), fontsize=_TEXT)
    plain(ax)


def _odd(rows: Sequence[dict[str, Any]]) -> list[tuple[str, str, NDArray[np.bool_]]]:
    """Return markers, what they mean, and which values have them."""
    failed = np.array([row["empty"] == "failed" for row in rows], bool)
    empty = np.array([row["empty"] not in ("", "failed") for row in rows], bool)
    return [("o", "empty set", empty), ("x", "failed", failed)]


def _shortened(name: str) -> str:
    """Shorten a long name in its middle: names often differ at their ends."""
    if len(name) <= _LONG:
        return name
    half = _LONG // 2
    return f"{name[: half - 1]}…{name[-half:]}"


def _legend(report: _Valued, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], marker="o", ls="", color=_CASE, ms=4.5, alpha=0.7, mew=0, label="case"),
        Line2D([], [], marker="d", ls="", color=_MEAN, ms=6, label="mean"),
    ]
    if report.intervals:
        level = f"{100 * report.intervals[0].level:g} % interval"
        handles.append(Line2D([], [], color=_MEAN, lw=1.6, label=level))
    finite = [row for row in rows if math.isfinite(row["value"])]
    for marker, words, chosen in _odd(finite):
        if chosen.any():
            handles.append(
                Line2D([], [], marker=marker, ls="", color=_ODD, mfc="none", label=words)
            )
    return {"handles": handles, "ncols": 3 if len(handles) > 4 else 4, "fontsize": _TEXT,
            "frameon": False, "handletextpad": 0.3, "columnspacing": 1.2}  # fmt: skip
