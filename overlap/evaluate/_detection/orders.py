"""AP of detections under other orders of equal confidences."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from overlap._common.values import ByValue
from overlap.evaluate._ranking.evidence import over_orders
from overlap.evaluate._ranking.scene import Ranked

__all__ = ["SAMPLES", "TIES", "Orders", "orders_of"]

TIES = ("official", "stable", "expected")

#: Random orders of a mean that is not known exactly. The ends beside one order are those of its
#: matching, which costs little.
SAMPLES = 25

_ROUNDING = 1e-12


@dataclass(frozen=True, eq=False)
class Orders(ByValue):
    """The AP over orders of equal confidences.

    Attributes
    ----------
    ap : ndarray, dtype=float64, shape (T, C)
        As reported, of one order or the mean over all.
    low, high : ndarray, dtype=float64, shape (K, T, C)
        Least and greatest AP of several matchings.
    tried_all : bool
        Whether no order is beyond these.
    sampled : ndarray, dtype=bool, shape (C,), or None
        Of a mean over orders: classes for which it is that of random ones.
    """

    ap: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    tried_all: bool
    sampled: NDArray[np.bool_] | None

    def ends(
        self,
        levels: list[int],
        classes: NDArray[np.int64],
        class_without_truth: str,
        value: float,
    ) -> tuple[float, float] | None:
        """Return the least and the greatest mean over thresholds and classes.

        Parameters
        ----------
        levels : list of int
            Places of the thresholds.
        classes : ndarray, dtype=int64
            Those of the mean.
        class_without_truth : {"leave_out", "zero"}
            What a class without any truth means.
        value : float
            The mean as reported, from which sums may be rounded otherwise.

        Returns
        -------
        (float, float) or None
            None where no order moves it.
        """
        # Classes do not meet: each can have the order that is worst or best for it.
        low = self.low[:, levels].mean(axis=1).min(axis=0)[classes]
        high = self.high[:, levels].mean(axis=1).max(axis=0)[classes]
        known = ~np.isnan(low)
        if class_without_truth == "zero":
            low, high, known = np.nan_to_num(low), np.nan_to_num(high), np.ones_like(known)
        if not known.any() or not (high[known] - low[known] > _ROUNDING).any():
            return None
        least, most = float(low[known].mean()), float(high[known].mean())
        least = value if abs(least - value) <= _ROUNDING else least
        return least, value if abs(most - value) <= _ROUNDING else most


def orders_of(ranked: Ranked, ties: str) -> Orders:
    """Return the AP over orders of equal confidences.

    Parameters
    ----------
    ranked : Ranked
    ties : {"official", "stable", "expected"}
    """
    ap, spread, sampled = over_orders(
        ranked, ties, SAMPLES if ties == "expected" else 0, equal_values=False
    )
    return Orders(ap, spread["low"], spread["high"], bool(spread["settled"].all()), sampled)
