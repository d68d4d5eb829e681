"""Measured cases: counts of pairs of labels, other measured values, and sources."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .sources import Source

__all__ = ["Failed", "Measured"]


@dataclass(frozen=True)
class Failed:
    """A case that could not be evaluated.

    Attributes
    ----------
    case, reason : str
    truth : Source, optional
        The truth, if it is good and the found volume is at fault.
    diagonal : float
        Length of the diagonal of the truth.
    labels : tuple of int
        Labels of the truth.
    """

    case: str
    reason: str
    truth: Source | None = None
    diagonal: float = float("nan")
    labels: tuple[int, ...] = ()


@dataclass(frozen=True)
class Measured:
    """A measured case.

    Attributes
    ----------
    case : str
    found, truth : tuple of int
        Labels of each pair that occurs; for soft volumes one pair, of the label 1.
    voxels : tuple of int
        Voxels of each pair.
    sums : tuple of float
        For soft volumes the sizes of found, truth and their intersection, in voxels; otherwise
        empty.
    total : int
        Voxels that were counted.
    ignored : int
        Voxels that were left out.
    voxel : float
        Volume of a voxel.
    unit : str
        Unit of volumes: ``"mm3"``, ``"mm2"``, ``"mm"``, or ``"voxels"``.
    extent : tuple of float
        Length of the volume along each axis, in the unit of the spacing.
    values : dict
        Metrics that are not made of counts, by name of the label.
    sources : tuple of Source
        Truth, found.
    notes : tuple of str
        Notes of the readers.
    """

    case: str
    found: tuple[int, ...]
    truth: tuple[int, ...]
    voxels: tuple[int, ...]
    sums: tuple[float, ...]
    total: int
    ignored: int
    voxel: float
    unit: str
    extent: tuple[float, ...]
    values: dict[str, dict[str, float]]
    sources: tuple[Source, Source]
    notes: tuple[str, ...] = ()

    @property
    def labels(self) -> set[int]:
        """Labels that occur on either side, without the background."""
        return ({*self.found} | {*self.truth}) - {0}

    def counted(self, groups: Iterable[Sequence[int]]) -> NDArray[np.float64]:
        """Return the voxels of unions of labels in found, in truth and in both.

        Parameters
        ----------
        groups : iterable of sequence of int
            Labels of each union; soft volumes have only one.

        Returns
        -------
        ndarray of float64, shape (unions, 3)
        """
        groups = list(groups)
        if self.sums:
            return np.array([self.sums] * len(groups), np.float64).reshape(-1, 3)
        found, truth = np.array(self.found, np.int64), np.array(self.truth, np.int64)
        voxels = np.array(self.voxels, np.int64)
        known, places = np.unique(np.concatenate([found, truth]), return_inverse=True)
        a, b = places[: len(found)], places[len(found) :]
        same = found == truth
        # float64 sums of whole numbers below 2^53 are exact
        single = np.stack(
            [
                np.bincount(at, voxels, minlength=len(known))
                for at, voxels in ((a, voxels), (b, voxels), (a[same], voxels[same]))
            ],
            axis=1,
        )
        place = {label: k for k, label in enumerate(known.tolist())}
        result = np.zeros((len(groups), 3))
        for row, members in enumerate(groups):
            if len(members) == 1:
                if members[0] in place:
                    result[row] = single[place[members[0]]]
                continue
            inside = np.isin(known, list(members))
            sides = (inside[a], inside[b], inside[a] & inside[b])
            result[row] = [voxels[side].sum() for side in sides]
        return result
