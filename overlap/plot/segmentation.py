"""Pictures of segmentation: values of every case, label by label."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from overlap.plot.figures import caption, figure_of, new_figure, plain, save

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw_values"]

_MANY_LABELS = 40


class _Valued(Protocol):
    """Rows of cases, labels and metrics, their means, and facts of the metrics."""

    @property
    def settings(self) -> dict[str, Any]: ...

    @property
    def intervals(self) -> Sequence[Any]: ...

    def rows(self) -> list[dict[str, Any]]: ...

    def summary_items(self) -> list[tuple[str, float]]: ...


def draw_values(
    report: _Valued,
    *,
    path: str | Path | None = None,
    ax: Axes | None = None,
    metric: str | None = None,
) -> Axes | Figure:
    """Draw the value of every case, one line per label, and the mean with its interval.

    Parameters
    ----------
    report : SegmentationReport
        Result of `overlap.evaluate.segmentation`.
    path : str or Path, optional
        File to write, all or nothing; the suffix is the format.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a new figure.
    metric : str, optional
        By default the report's first.

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
    Values that are missing or infinite are not drawn; their number stands beside the label.
    Of more than 40 labels the first 40 are drawn, and the title says so.
    """
    rows, names = report.rows(), list(report.settings["metrics"])
    chosen = names[0] if metric is None else metric
    if chosen not in names:
        raise ValueError(f"there is no metric {chosen!r}; there are {', '.join(names)}")
    by_label: dict[str, list[float]] = {}
    for row in rows:
        if row["metric"] == chosen:
            by_label.setdefault(row["label"], []).append(row["value"])
    labels = list(by_label)[:_MANY_LABELS]
    if ax is None:
        figure = new_figure((8.0, max(2.4, 1.3 + 0.32 * len(labels))))
        target: Axes = figure.subplots()
    else:
        figure, target = figure_of(ax, "draw_values"), ax
    summary = dict(report.summary_items())
    ticks = []
    for place, label in enumerate(labels):
        values = np.array(by_label[label])
        known = values[np.isfinite(values)]
        # a fixed pattern of offsets: equal values stay apart, and a picture is the same twice
        offset = 0.22 * (2.0 * ((0.5 + np.arange(len(known)) * 0.618034) % 1.0) - 1.0)
        target.plot(known, place + offset, "o", color="#4c72b0", ms=4, alpha=0.55, mew=0, zorder=2)
        name = f"{chosen}[{label}]"
        mean = summary.get(name, float("nan"))
        target.plot([mean], [place], "d", color="#222222", ms=6, zorder=4)
        ends = [summary.get(f"{name} {end}", float("nan")) for end in ("low", "high")]
        target.hlines([place], [ends[0]], [ends[1]], color="#222222", lw=1.4, zorder=3)
        left_out = len(values) - len(known)
        ticks.append(
            f"{caption(label)} ({len(known)}{f', {left_out} undefined' if left_out else ''})"
        )
    title = f"{caption(chosen)}: every case, and the mean"
    if report.intervals:
        title += f" with its {100 * report.intervals[0].level:g} % interval"
    if len(by_label) > len(labels):
        title += f"; {len(labels)} of {len(by_label)} labels"
    target.set_yticks(range(len(labels)), ticks, fontsize="small")
    target.set_ylim(max(len(labels), 1) - 0.4, -0.6)
    facts = report.settings["metrics"][chosen]
    unit = facts["unit"]
    if facts["low"] == 0.0 and facts["high"] == 1.0:
        target.set_xlim(-0.02, 1.02)
    target.set_xlabel(caption(chosen if unit == "1" else f"{chosen}, {unit}"))
    target.set_title(title, fontsize="medium")
    plain(target)
    save(figure, path)
    return figure if ax is None else target
