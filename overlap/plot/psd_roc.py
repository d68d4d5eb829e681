"""The curve of the polyphonic sound detection score."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .figures import plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_psd_roc"]

Curve = tuple[NDArray[np.float64], NDArray[np.float64]]

_MOST = 40  # lines of classes


def draw_psd_roc(
    whole: Curve, classes: Sequence[Curve], ax: Axes, *, limit: float, unit: str
) -> None:
    """Draw rates of true predictions over rates of false ones, as stairs.

    Parameters
    ----------
    whole : (ndarray, ndarray)
        Curve of the score: rates, and the height from each of them on.
    classes : sequence of (ndarray, ndarray)
        Curves of classes.
    ax : matplotlib.axes.Axes
    limit : float
        Greatest rate.
    unit : str
        Name of the horizontal axis.
    """
    for x, y in classes[:_MOST]:
        inside = x < limit
        ax.step(
            [0.0, *x[inside], limit], [0.0, 0.0, *y[inside]], color="tab:blue", alpha=0.25, lw=1
        )
    x, y = whole
    ends, heights = np.append(x, limit), np.append(y, y[-1])
    ax.step(ends, heights, where="post", color="tab:blue", lw=2)
    ax.fill_between(ends, heights, step="post", color="tab:blue", alpha=0.12, lw=0)
    ax.set_xlim(0, limit)
    ax.set_ylim(0, 1.02)
    ax.set_xlabel(unit)
    ax.set_ylabel("rate of true predictions")
    plain(ax)
