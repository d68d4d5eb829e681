"""Pictures of temporal localization: curves and classes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from overlap.plot.figures import (
    caption,
    figure_of,
    frame_of,
    new_figure,
    plain,
    save,
    short_caption,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


__all__ = [
    "draw_classes",
    "draw_curves",
    "draw_protocols",
    "draw_report",
    "draw_thresholds",
    "shown_classes",
]

_GRID = np.linspace(0.0, 1.0, 101)
_MANY_CLASSES = 40
_MANY_ENTRIES = 4  # of a legend inside the axes
_MANY_LINES = 12  # faint lines of single classes that can be told apart


class _Curved(Protocol):
    """Rows of classes and thresholds, the main numbers, and curves."""

    @property
    def settings(self) -> dict[str, Any]: ...

    def rows(self) -> list[dict[str, Any]]: ...

    def summary_items(self) -> list[tuple[str, float]]: ...

    def curve(self, label: str, iou: float) -> tuple[Any, Any]: ...


def draw_report(
    report: _Curved,
    *,
    path: str | Path | None = None,
    ax: Axes | None = None,
    iou: float | None = None,
    measure: str = "IoU",
) -> Axes | Figure:
    """Draw precision against recall and, in a figure of its own, the AP of each class.

    Parameters
    ----------
    report : TemporalReport
        Result of an evaluation with curves.
    path : str or Path, optional
        File to write, all or nothing; the suffix is the format.
    ax : matplotlib.axes.Axes, optional
        Where to draw the curves, and only them; by default there is a new figure with two panels.
    iou : float, optional
        Threshold of the lines and bars of single classes; by default the report's first.
    measure : str
        What thresholds are of.

    Returns
    -------
    matplotlib.axes.Axes or matplotlib.figure.Figure
        `ax` if it was given, else the figure.

    Raises
    ------
    ImportError
        matplotlib is not installed.
    ValueError
        `iou` is not a threshold of the report, or `path` has no known suffix.
    """
    if ax is not None:
        draw_curves(report, ax, iou=iou, measure=measure)
        figure = figure_of(ax, "draw_report")
    else:
        figure = new_figure((10.0, max(4.2, 1.2 + 0.22 * shown_classes(report))))
        left, right = figure.subplots(1, 2, width_ratios=(1.0, 0.9))
        draw_curves(report, left, iou=iou, measure=measure)
        draw_classes(report, right, iou=iou, measure=measure)
    save(figure, path)
    return figure if ax is None else ax


def draw_protocols(
    reports: Mapping[str, _Curved],
    *,
    path: str | Path | None = None,
    ax: Axes | None = None,
) -> Axes | Figure:
    """Draw the mAP of several protocols over the IoU threshold.

    Parameters
    ----------
    reports : mapping from str to TemporalReport
        By the name of the protocol, on the same input.
    path : str or Path, optional
        File to write, all or nothing; the suffix is the format.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a new figure.

    Returns
    -------
    matplotlib.axes.Axes or matplotlib.figure.Figure
        `ax` if it was given, else the figure.
    """
    frame = frame_of(ax, (6.4, 4.2), "draw_protocols")
    panel = frame.axes
    for name, report in reports.items():
        thresholds = sorted(_thresholds(report))
        values = [100 * _mean_ap(report, threshold) for threshold in thresholds]
        mean = 100 * dict(report.summary_items()).get("mAP", float("nan"))
        panel.plot(thresholds, values, "o-", ms=4, lw=1.5, label=f"{name}   {_padded(mean)}")
    panel.set_ylim(0.0, 102.0)
    panel.set_xlabel("IoU threshold")
    panel.set_ylabel("mAP, %")
    panel.legend(title="protocol   mean mAP %", fontsize="small", title_fontsize="small")
    plain(panel)
    return frame.saved(path)


def draw_curves(
    report: _Curved, ax: Axes, *, iou: float | None = None, measure: str = "IoU"
) -> None:
    """Draw interpolated precision against recall.

    Parameters
    ----------
    report : TemporalReport
        Result of an evaluation with curves.
    ax : matplotlib.axes.Axes
        Where to draw.
    iou : float, optional
        Threshold whose classes are drawn as faint lines; by default the report's first.
    measure : str
        What the thresholds are of.

    Notes
    -----
    Of more than 12 classes, two bands are drawn instead of lines: half of the classes lie in
    the darker one, nine of ten in both.

    A strong line is the mean over classes at one threshold, of the largest precision at
    that recall or above (0 where a class does not reach the recall). Its mean height is
    close to mAP, and equals it for a protocol that interpolates at all points.
    """
    import matplotlib

    thresholds = _thresholds(report)
    chosen = _choose(thresholds, iou)
    colors = matplotlib.colormaps["viridis"](np.linspace(0.0, 0.85, max(len(thresholds), 2)))
    summary = dict(report.summary_items())
    for threshold, color in zip(thresholds, colors, strict=False):
        curves = [_envelope(*report.curve(label, threshold)) for label in _classes(report)]
        if threshold == chosen and len(curves) > _MANY_LINES:
            for low, high in ((5, 95), (25, 75)):
                band = np.percentile(curves, (low, high), axis=0)
                ax.fill_between(_GRID, *band, color=color, alpha=0.13, lw=0, zorder=1)
        elif threshold == chosen:
            for curve in curves:
                ax.plot(_GRID, curve, color=color, lw=0.7, alpha=0.25, zorder=1)
        if curves:
            value = _mean_ap(report, threshold)
            ax.plot(
                _GRID,
                np.mean(curves, axis=0),
                color=color,
                lw=1.8,
                zorder=2,
                label=f"{_level(threshold)}   {_padded(100 * value)}",
            )
    if thresholds:
        # a long legend would hide the curves
        below = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.16), "ncols": 3}
        place = below if len(thresholds) > _MANY_ENTRIES else {"framealpha": 0.9}
        ax.legend(title=f"{measure}   mAP %", fontsize="small", title_fontsize="small", **place)
    mean = summary.get("mAP", float("nan"))
    ax.set_title(
        f"{caption(report.settings.get('protocol', ''))}: mAP {100 * mean:.2f} %", fontsize="medium"
    )
    ax.set_xlabel("recall")
    ax.set_ylabel("precision, mean over classes")
    ax.set_xlim(0.0, 1.0)
    ax.set_ylim(0.0, 1.02)
    plain(ax)


def draw_thresholds(report: _Curved, ax: Axes) -> None:
    """Draw mAP over the IoU threshold, with its bootstrap interval where there is one.

    Parameters
    ----------
    report : TemporalReport
        Result of an evaluation.
    ax : matplotlib.axes.Axes
        Where to draw.
    """
    thresholds = sorted(_thresholds(report))
    values = [100 * _mean_ap(report, threshold) for threshold in thresholds]
    summary = dict(report.summary_items())
    low, high = (
        [100 * summary.get(f"mAP@{_level(x)} {end}", float("nan")) for x in thresholds]
        for end in ("low", "high")
    )
    title = "mAP by IoU threshold"
    level = report.settings.get("bootstrap", {}).get("confidence_level")
    if level is not None and not np.isnan(low).all():
        ax.fill_between(thresholds, low, high, color="#4c72b0", alpha=0.2, lw=0)
        title += f", with {100 * level:g} % intervals"
    ax.plot(thresholds, values, "o-", color="#4c72b0", ms=4, lw=1.5)
    ax.set_title(title, fontsize="medium")
    ax.set_xlabel("IoU threshold")
    ax.set_ylabel("mAP, %")
    ax.set_ylim(0.0, 102.0)
    plain(ax)


def draw_classes(
    report: _Curved, ax: Axes, *, iou: float | None = None, measure: str = "IoU"
) -> None:
    """Draw the AP of each class as a bar, with its bootstrap interval where there is one.

    Parameters
    ----------
    report : TemporalReport
        Result of an evaluation.
    ax : matplotlib.axes.Axes
        Where to draw.
    iou : float, optional
        Threshold; by default the report's first.
    measure : str
        What it is a threshold of.

    Notes
    -----
    Of more than 40 classes the 20 best and the 20 worst are shown, and the title says so.
    """
    chosen = _choose(_thresholds(report), iou)
    rows = sorted(
        (row for row in report.rows() if row["metric"] == "AP" and row["iou"] == chosen),
        key=lambda row: (-np.nan_to_num(row["value"], nan=-1.0), row["class"]),
    )
    title = f"AP at {measure} {_level(chosen)}"
    if len(rows) > _MANY_CLASSES:
        half = _MANY_CLASSES // 2
        title += f": {half} best and {half} worst of {len(rows)} classes"
        rows = rows[:half] + rows[-half:]
    values = np.array([100 * row["value"] for row in rows], dtype=np.float64)
    unit = "AP, %   (in brackets: number of truths)"
    places = np.arange(len(rows))
    ax.barh(places, np.nan_to_num(values), color="#4c72b0", height=0.72)
    if rows and "low" in rows[0]:
        low = np.array([100 * row["low"] for row in rows], dtype=np.float64)
        high = np.array([100 * row["high"] for row in rows], dtype=np.float64)
        if np.isnan(low).any():
            unit += "\nno black line: too few for an interval"
        # drawn as spans: a percentile interval need not contain the estimate
        ax.hlines(places, low, high, color="#222222", lw=1.1)
        ax.plot(low, places, "|", color="#222222", ms=5)
        ax.plot(high, places, "|", color="#222222", ms=5)
        level = report.settings.get("bootstrap", {}).get("confidence_level")
        if level is not None:
            title += f", with {100 * level:g} % intervals"
    names = [f"{short_caption(row['class'])} ({row['n_truth']})" for row in rows]
    ax.set_yticks(places, names, fontsize="small")
    ax.invert_yaxis()
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.set_xlim(0.0, 100.0)
    ax.set_xlabel(unit, loc="right")
    ax.set_title(title, fontsize="medium")
    plain(ax)


def shown_classes(report: _Curved) -> int:
    """Return the number of bars that `draw_classes` draws.

    Parameters
    ----------
    report : TemporalReport
    """
    return min(len(_classes(report)) or 1, _MANY_CLASSES)


def _level(threshold: float) -> str:
    """Write a threshold with two decimals, or as it is."""
    return f"{threshold:.2f}" if round(threshold, 2) == threshold else repr(threshold)


def _padded(value: float) -> str:
    """One decimal, with spaces as wide as digits in front."""
    return f"{value:5.1f}".replace(" ", "\N{FIGURE SPACE}")


def _classes(report: _Curved) -> list[str]:
    return list(dict.fromkeys(row["class"] for row in report.rows() if row["metric"] == "AP"))


def _thresholds(report: _Curved) -> list[float]:
    return list(dict.fromkeys(row["iou"] for row in report.rows() if row["metric"] == "AP"))


def _choose(thresholds: list[float], iou: float | None) -> float:
    if iou is None:
        return thresholds[0] if thresholds else float("nan")
    for threshold in thresholds:
        if abs(threshold - iou) <= 1e-9:
            return threshold
    known = ", ".join(f"{threshold:g}" for threshold in thresholds)
    raise ValueError(f"IoU {iou!r} is not one of the thresholds {known}")


def _mean_ap(report: _Curved, threshold: float) -> float:
    values = [row["value"] for row in report.rows() if row["iou"] == threshold]
    return float(np.mean(values)) if values else float("nan")


def _envelope(recall: Any, precision: Any) -> Any:
    """Largest precision at each recall of the grid or above; 0 beyond the last."""
    best = np.append(np.maximum.accumulate(precision[::-1])[::-1], 0.0)
    return best[np.searchsorted(recall, _GRID)]
