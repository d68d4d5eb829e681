"""Counts of recordings, from which F1 and error rates follow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overlap._common.values import ByValue

from .recordings import Recordings

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

    @classmethod
    def of(
        cls,
        recordings: Recordings,
        overall: NDArray[np.float64],
        each: Sequence[tuple[NDArray[np.int64], NDArray[Any]]],
        length: NDArray[np.float64],
    ) -> Counts:
        """Return counts that were made recording by recording.

        Parameters
        ----------
        recordings : Recordings
        overall : ndarray, dtype=float64, shape (recordings, len(OVERALL))
        each : sequence of (ndarray, ndarray), one for each recording
            Labels that occur, shape (n,), and their counts, shape (n, len(BY_CLASS)).
        length : ndarray, dtype=float64, shape (recordings,)
        """
        here = [np.empty(0, np.int64), *(label for label, _ in each)]
        counts = [np.empty((0, len(BY_CLASS))), *(count for _, count in each)]
        return cls(
            recordings.names,
            recordings.classes,
            overall,
            np.repeat(np.arange(len(each)), list(map(len, here[1:]))),
            np.concatenate(here).astype(np.int64),
            np.concatenate(counts).astype(np.float64),
            length,
        )
