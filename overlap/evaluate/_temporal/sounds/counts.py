"""Counts of recordings, from which F1 and error rates follow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from overlap._common.values import ByValue

__all__ = ["BY_CLASS", "OVERALL", "Counts"]

#: Counts of a recording: all classes together.
OVERALL = ("right", "truth", "found", "both", "substituted", "deleted", "inserted", "cells")
#: Counts of a class in a recording.
BY_CLASS = ("right", "truth", "found", "both", "cells")  # the first four as in OVERALL


@dataclass(frozen=True, eq=False)
class Counts(ByValue):
    """Counts of some recordings.

    Attributes
    ----------
    names : tuple of str
        Recordings.
    classes : tuple of str
    overall : ndarray, dtype=float64, shape (recordings, len(OVERALL))
        ``right``: truths that were found (of criteria of intersection: truths that are covered);
        ``both``: predictions that are right; ``cells``: all that could be right, which only
        segments have.
    recording, label : ndarray, dtype=int64, shape (n,)
        Pairs of recording and class that occur.
    by_class : ndarray, dtype=float64, shape (n, len(BY_CLASS))
        Counts of these pairs.
    length : ndarray, dtype=float64, shape (recordings,)
        Seconds or segments that were evaluated.
    """

    names: tuple[str, ...]
    classes: tuple[str, ...]
    overall: NDArray[np.float64]
    recording: NDArray[np.int64]
    label: NDArray[np.int64]
    by_class: NDArray[np.float64]
    length: NDArray[np.float64]
