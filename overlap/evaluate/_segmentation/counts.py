"""Counts of voxels, one row per case and label."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from overlap._common.values import ByValue
from overlap.regions.labels import LabelRegions

__all__ = ["Counts"]


@dataclass(frozen=True, eq=False)
class Counts(ByValue):
    """Counts of voxels, one row per case and label; of soft volumes sums of shares.

    Attributes
    ----------
    found, truth, shared : ndarray of float64, shape (N,)
        Voxels of both sides, and those that they share.
    total : ndarray of float64, shape (N,)
        Voxels of the volume, without ignored ones.
    voxel : ndarray of float64, shape (N,)
        Volume of a voxel.
    """

    found: NDArray[np.float64]
    truth: NDArray[np.float64]
    shared: NDArray[np.float64]
    total: NDArray[np.float64]
    voxel: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.found)

    @property
    def missed(self) -> NDArray[np.float64]:
        """Voxels of the truth that were not found (FN)."""
        return self.truth - self.shared

    @property
    def false(self) -> NDArray[np.float64]:
        """Found voxels that are not in the truth (FP)."""
        return self.found - self.shared

    @property
    def rest(self) -> NDArray[np.float64]:
        """Voxels of neither (TN)."""
        return np.maximum(self.total - self.truth - self.false, 0.0)

    def regions(self) -> tuple[LabelRegions, LabelRegions]:
        """Return both sides as batches of regions, which every ratio can compare."""
        size = len(self)
        places, nothing = np.arange(size), np.zeros(size)
        table = np.arange(size + 1), np.append(places, -1), np.append(self.shared, 0.0)
        sides = []
        for name, measure in (("found", self.found), ("truth", self.truth)):
            columns = [measure, nothing, measure, nothing]
            sides.append(LabelRegions.build(columns, table, (self, name), None))
        return sides[0], sides[1]
