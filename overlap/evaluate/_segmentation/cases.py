"""What is kept of one case: counts of pairs of labels, what else was measured, digests."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Failed", "Measured", "Source"]


@dataclass(frozen=True)
class Source:
    """One side of a case: its name, its files and the digest of what they held."""

    name: str
    sha256: str
    files: tuple[str, ...] = ()


@dataclass(frozen=True)
class Failed:
    """A case that could not be evaluated.

    Attributes
    ----------
    case, reason : str
    truth : Source, optional
        Its truth, if that is good and the found volume is at fault.
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
    """One case.

    Attributes
    ----------
    case : str
    found, truth : tuple of int
        Labels of each pair that occurs; for soft volumes one pair of the label 1.
    voxels : tuple of int
        Voxels of each pair.
    sums : tuple of float
        For soft volumes: what found, truth and both measure, in voxels; otherwise empty.
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
        What was dropped or chosen while reading.
    resumed : str
        ``"read"`` from an earlier run, or measured now: ``"changed"`` or ``"damaged"`` if what
        an earlier run left does not hold, ``"not kept: ..."`` and the reason if this one could not
        be written for later runs, else ``""``.
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
    resumed: str = field(default="", compare=False)

    @property
    def labels(self) -> set[int]:
        """Labels that occur on either side, without the background."""
        return ({*self.found} | {*self.truth}) - {0}

    def counted(self, groups: Iterable[Sequence[int]]) -> NDArray[np.float64]:
        """Return the voxels that found, truth and both have of unions of labels.

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

    def to_dict(self) -> dict[str, Any]:
        """Return the case as plain data."""
        content = asdict(self)
        del content["resumed"]
        return content

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> Measured:
        """Read what `to_dict` wrote.

        Parameters
        ----------
        content : dict
        """
        sources = tuple(
            Source(entry["name"], entry["sha256"], tuple(entry["files"]))
            for entry in content["sources"]
        )
        lists = {
            name: tuple(content[name])
            for name in ("found", "truth", "voxels", "sums", "extent", "notes")
        }
        return cls(**{**content, **lists, "sources": sources})
