"""Figures of reports. Imported only when something is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from overlap.io import atomic_path

if TYPE_CHECKING:
    from .report import Report

__all__ = ["draw_curves"]


def draw_curves(report: Report, *, path: Any = None, ax: Any = None, iou: float | None = None):
    """Draw precision against recall: each class thin, their interpolated mean thick."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError(
            "drawing needs matplotlib: pip install 'overlap-metrics[plot]'"
        ) from error
    rows = [row for row in report.table_rows if row["metric"] == "AP"]
    levels = list(dict.fromkeys(row["iou"] for row in rows))
    if iou is None:
        iou = levels[0]
    if ax is None:
        ax = Figure(figsize=(5, 4), layout="constrained").subplots()
    grid = np.linspace(0, 1, 101)
    best = []
    for label in dict.fromkeys(row["class"] for row in rows if row["iou"] == iou):
        recall, precision = report.curve(label, iou)
        ax.step(recall, precision, where="post", lw=0.6, alpha=0.5)
        envelope = np.append(np.maximum.accumulate(precision[::-1])[::-1], 0.0)
        best.append(envelope[np.searchsorted(recall, grid)])
    if best:
        ax.plot(grid, np.mean(best, axis=0), color="black", lw=2, label="mean over classes")
        ax.legend()
    ax.set(
        xlabel="recall", ylabel="precision", xlim=(0, 1), ylim=(0, 1.02),
        title=f"{report.settings['protocol']}, IoU {iou:g}",
    )  # fmt: skip
    if path is not None:
        with atomic_path(path) as temporary:
            ax.figure.savefig(temporary)
    return ax
