"""Whether a confidence is the probability that a detection is true."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from overlap._common.frames import frame
from overlap._common.values import ByValue
from overlap.evaluate._ranking.curves import IGNORED, TRUE

from .outcomes import Outcomes

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Calibration", "calibration_of"]


@dataclass(frozen=True, eq=False)
class Calibration(ByValue):
    r"""Mean confidence and share of true detections, in bins of confidence of equal width.

    Attributes
    ----------
    iou : float
        IoU of a match.
    edges : ndarray, dtype=float64, shape (B + 1,)
        Ends of the bins, from 0 to 1. A bin holds its upper end; the first also 0.
    count : ndarray, dtype=int64, shape (B,)
        Number of detections.
    mean, share : ndarray, dtype=float64, shape (B,)
        Mean confidence, and share of true detections; NaN of an empty bin.
    """

    iou: float
    edges: NDArray[np.float64]
    count: NDArray[np.int64]
    mean: NDArray[np.float64]
    share: NDArray[np.float64]

    @property
    def error(self) -> float:
        r"""Expected calibration error, :math:`\sum_b n_b |share_b - mean_b| / n`, in [0, 1].

        C. Guo and others, "On Calibration of Modern Neural Networks", ICML 2017. NaN without
        detections.
        """
        total = int(self.count.sum())
        if not total:
            return np.nan
        return float(np.nansum(self.count * np.abs(self.share - self.mean)) / total)

    @property
    def table(self) -> pd.DataFrame:
        """One row for each bin (pandas DataFrame)."""
        return frame({
            "low": self.edges[:-1], "high": self.edges[1:], "n": self.count,
            "confidence": self.mean, "true": self.share,
        })  # fmt: skip

    def plot(self, path: Any = None, ax: Any = None) -> Any:
        """Draw the bins; see `overlap.plot.draw_reliability`.

        Parameters
        ----------
        path : str or Path, optional
            File to write, all or nothing; the suffix is the format.
        ax : matplotlib.axes.Axes, optional
            Where to draw; by default a new figure.
        """
        from overlap.plot.detection import draw_reliability

        return draw_reliability(self.mean, self.share, self.count, path=path, ax=ax)


def calibration_of(matched: Outcomes, bins: int = 10) -> Calibration:
    """Group the detections that count by confidence.

    Parameters
    ----------
    matched : Outcomes
    bins : int
        1 or more.

    Raises
    ------
    ValueError
        A confidence is not in [0, 1].
    """
    if bins < 1:
        raise ValueError(f"bins = {bins!r}; wanted 1 or more")
    rows = np.flatnonzero(matched.outcome != IGNORED)
    confidence = matched.scene.confidence[rows]
    if len(rows) and not (confidence.min() >= 0.0 and confidence.max() <= 1.0):
        raise ValueError(
            f"confidences are from {confidence.min():g} to {confidence.max():g}, and a probability "
            "is from 0 to 1; give detections with such confidences"
        )
    edges = np.linspace(0.0, 1.0, bins + 1)
    place = np.maximum(np.searchsorted(edges, confidence, side="left") - 1, 0)
    count = np.bincount(place, minlength=bins)
    sums = [
        np.bincount(place, weights=values, minlength=bins)
        for values in (confidence, (matched.outcome[rows] == TRUE).astype(np.float64))
    ]
    means = [np.where(count > 0, total / np.maximum(count, 1), np.nan) for total in sums]
    return Calibration(matched.threshold, edges, count, means[0], means[1])
