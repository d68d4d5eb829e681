"""Contingency of two label volumes: joint counts for every overlap score, from one pass."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from overlap._common.decimals import as_meant
from overlap._common.label_arrays import read_label_pair
from overlap._common.numbers import as_numbers
from overlap._common.values import ByValue
from overlap._kernels.label_pairs import LabelPairs, count_label_pairs, joined
from overlap._kernels.terms import Groups
from overlap.regions.boxes import Boxes
from overlap.regions.grid import check_cells
from overlap.regions.labels import LabelRegions
from overlap.scores.ratios import iou

if TYPE_CHECKING:
    import pandas as pd
    import scipy.sparse
    from numpy.typing import ArrayLike, NDArray

    from overlap.scores.score import Score

__all__ = ["Contingency", "checked_labels", "contingency", "places"]

Side = Literal["found", "truth"]


@dataclass(frozen=True, eq=False)
class Contingency(ByValue):
    """Joint counts, boxes and centers of the labels of two volumes.

    Made by `overlap.contingency`. Counts of the parts of a volume add up to those of the whole,
    exactly: ``a + b``, or `Contingency.sum`. Label 0 is the background: it is counted, but it is
    no region.

    Attributes
    ----------
    cells : LabelPairs
        One row per pair of labels that occurs: voxels, sums of indices, box of voxels.
    spacing : tuple of float
        Side of a voxel per axis.
    origin : tuple of float
        Lower corner of the voxel with index 0.
    unit : str or None
        Unit of the spacing.
    ignored : int
        Voxels that were left out because of `ignore`.
    """

    cells: LabelPairs
    spacing: tuple[float, ...]
    origin: tuple[float, ...]
    unit: str | None = None
    ignored: int = 0

    def _contents(self) -> Sequence[Any]:
        return self._grid(), self.ignored, *self.cells.columns()

    def __repr__(self) -> str:
        return (
            f"<Contingency of {self.voxels} voxels: {len(self.labels_found)} labels found, "
            f"{len(self.labels_truth)} true, {len(self.cells)} pairs>"
        )

    def _grid(self) -> tuple[object, ...]:
        return self.spacing, self.origin, self.unit

    # ------------------------------------------------------------------------- adding up

    def __add__(self, other: Contingency) -> Contingency:
        return Contingency.sum([self, other]) if isinstance(other, Contingency) else NotImplemented

    @classmethod
    def sum(cls, parts: Iterable[Contingency]) -> Contingency:
        """Add up the parts of a volume, in any order.

        Parameters
        ----------
        parts : iterable of Contingency
            At least one; of disjoint parts, counted with their `offset`.
        """
        parts = list(parts)
        if not parts:
            raise ValueError("Contingency.sum: needs at least one part")
        for k, part in enumerate(parts):
            if part._grid() != parts[0]._grid():
                raise ValueError(
                    f"Contingency.sum: part {k} has (spacing, origin, unit) = {part._grid()} and "
                    f"part 0 {parts[0]._grid()}; they are no parts of one volume"
                )
        cells = joined([part.cells for part in parts])
        ignored = sum(part.ignored for part in parts)
        return cls(cells, parts[0].spacing, parts[0].origin, parts[0].unit, ignored)

    # ---------------------------------------------------------------------------- labels

    @property
    def voxels(self) -> int:
        """Voxels that were counted."""
        return int(self.cells.count.sum())

    @cached_property
    def labels_found(self) -> NDArray[np.int64]:
        """Labels that occur in the found volume, ascending, without 0."""
        return _labels(self._totals["found"])

    @cached_property
    def labels_truth(self) -> NDArray[np.int64]:
        """Labels that occur in the true volume, ascending, without 0."""
        return _labels(self._totals["truth"])

    @property
    def measure_found(self) -> NDArray[np.float64]:
        """Volume of each of `labels_found`, in physical units."""
        return self._columns("found", self.labels_found)[0]

    @property
    def measure_truth(self) -> NDArray[np.float64]:
        """Volume of each of `labels_truth`, in physical units."""
        return self._columns("truth", self.labels_truth)[0]

    @property
    def centers_found(self) -> NDArray[np.float64]:
        """Centroid of each of `labels_found`, shape (N, D)."""
        return self._part("found", 2)

    @property
    def centers_truth(self) -> NDArray[np.float64]:
        """Centroid of each of `labels_truth`, shape (N, D)."""
        return self._part("truth", 2)

    @property
    def boxes_found(self) -> Boxes:
        """Box of the voxels of each of `labels_found`."""
        return Boxes(np.hstack([self._part("found", k) for k in (0, 1)]), unit=self.unit)

    @property
    def boxes_truth(self) -> Boxes:
        """Box of the voxels of each of `labels_truth`."""
        return Boxes(np.hstack([self._part("truth", k) for k in (0, 1)]), unit=self.unit)

    @property
    def joint(self) -> pd.DataFrame:
        """Voxels of every pair of labels that occurs: columns found, truth, voxels."""
        import pandas as pd

        cells = self.cells
        return pd.DataFrame({"found": cells.found, "truth": cells.truth, "voxels": cells.count})

    def _part(self, side: Side, which: int) -> NDArray[np.float64]:
        labels = self.labels_found if side == "found" else self.labels_truth
        axes = len(self.spacing)
        columns = self._columns(side, labels)[1 + which * axes : 1 + (which + 1) * axes]
        return np.stack(columns, axis=1)

    def _columns(self, side: Side, labels: NDArray[np.int64]) -> list[NDArray[Any]]:
        """Return measures, lower ends, upper ends and centers; absent labels are empty."""
        total = self._totals[side]
        at = places(total.found, labels)
        present = at >= 0
        at = at[present]
        count = np.zeros(len(labels))
        count[present] = total.count[at]
        sides, starts = (np.array(values)[:, None] for values in (self.spacing, self.origin))
        lower, upper, center = np.zeros((3, len(self.spacing), len(labels)))
        lower[:], upper[:] = np.inf, -np.inf
        lower[:, present] = starts + total.lower[at].T * sides
        upper[:, present] = starts + total.upper[at].T * sides
        center[:, present] = starts + (total.sums[at].T / count[present] + 0.5) * sides
        return [count * math.prod(self.spacing), *lower, *upper, *center]

    @cached_property
    def _totals(self) -> dict[str, LabelPairs]:
        return {side: self.cells.side(side) for side in ("found", "truth")}

    # ---------------------------------------------------------------------------- scores

    def regions(
        self, found: ArrayLike | None = None, truth: ArrayLike | None = None
    ) -> tuple[LabelRegions, LabelRegions]:
        """Return the labels of both sides as batches of regions, for `match` and all scores.

        Parameters
        ----------
        found, truth : array_like of int, optional
            Distinct labels in ascending order; by default those that occur. Labels that do
            not occur are empty regions.
        """
        labels = [
            default if given is None else checked_labels(given, name)
            for given, default, name in (
                (found, self.labels_found, "found"),
                (truth, self.labels_truth, "truth"),
            )
        ]
        return self._regions(labels[0], labels[1])

    def _regions(
        self, found: NDArray[np.int64], truth: NDArray[np.int64], around: bool = True
    ) -> tuple[LabelRegions, LabelRegions]:
        """Do what `regions` does, with labels that are checked; without ends, if not `around`."""
        i, j = places(found, self.cells.found), places(truth, self.cells.truth)
        kept = (i >= 0) & (j >= 0)
        row, partner = i[kept], j[kept]  # in the order of `found`, as the pairs are
        shared = self.cells.count[kept] * math.prod(self.spacing)
        turned = np.argsort(partner, kind="stable")
        links = (row, partner, shared), (partner[turned], row[turned], shared[turned])
        return (
            self._batch("found", found, i, links[0], around),
            self._batch("truth", truth, j, links[1], around),
        )

    def _batch(
        self,
        side: Side,
        labels: NDArray[np.int64],
        place: NDArray[np.int64],
        links: tuple[NDArray[Any], ...],
        around: bool,
    ) -> LabelRegions:
        """Return labels of one side as regions.

        `place` has the place of every pair's label among them, or -1, and `links` the places of
        those that share voxels, in order, with the places of their partners and what they share.
        """
        if around:
            columns = self._columns(side, labels)
        else:  # the ends take most of the time, where no score asks for them
            count = np.bincount(place + 1, self.cells.count, len(labels) + 1)[1:]
            ends = np.zeros((3 * len(self.spacing), len(labels)))
            columns = [count * math.prod(self.spacing), *ends]
        row, partner, shared = links
        pointers = np.searchsorted(row, np.arange(len(labels) + 1))
        table = pointers, np.append(partner, -1), np.append(shared, 0.0)
        return LabelRegions.build(columns, table, (self.cells, side), self.unit)

    def score(
        self, score: Score, labels: Sequence[int] | Mapping[str, Sequence[int]] | None = None
    ) -> pd.Series:
        """Score every label against the same label.

        Parameters
        ----------
        score : Score
            Any, penalties included: the enclosure is the box of the voxels.
        labels : sequence of int or mapping, optional
            Labels, by default those that occur on either side without 0; or named unions of
            labels, as in `merged`.

        Returns
        -------
        pandas.Series
            By label or name. Ratios are NaN for a label that neither side has, and 0 for one
            that one side has.

        Examples
        --------
        >>> import overlap as ov
        >>> counts = ov.contingency([[0, 1, 1, 2]], [[0, 1, 2, 2]])
        >>> counts.score(ov.dice).round(3).to_dict()
        {1: 0.667, 2: 0.667}
        >>> counts.score(ov.dice, {"both": (1, 2), "other": (7,)}).to_dict()
        {'both': 1.0, 'other': nan}
        """
        import pandas as pd

        if isinstance(labels, Mapping):
            values = {name: part._own(score) for name, part in self.merged(labels).items()}
            return pd.Series(values, dtype="float64", name=score.name)
        known = self._either(labels)
        around = score.needs != Groups.OVERLAP
        value = score(*self._regions(known, known, around)) if len(known) else np.empty(0)
        return pd.Series(value, index=pd.Index(known, name="label"), name=score.name)

    def _own(self, score: Score) -> float:
        return float(score(*self.regions([1], [1]))[0])

    def _either(self, labels: Sequence[int] | None) -> NDArray[np.int64]:
        if labels is not None:
            return checked_labels(labels, "labels")
        return np.union1d(self.labels_found, self.labels_truth)

    def pairs(
        self, score: Score = iou, *, at_least: float, strict: bool = False
    ) -> scipy.sparse.coo_array:
        """Return the pairs of a found and a true label that reach a threshold.

        Parameters
        ----------
        score : Score
        at_least, strict
            As in `Score.pairs`.

        Returns
        -------
        scipy.sparse.coo_array, shape (len(labels_found), len(labels_truth))
            Row and column are places in `labels_found` and `labels_truth`.
        """
        return score.pairs(*self.regions(), at_least=at_least, strict=strict)

    def table(
        self, labels: Sequence[int] | Mapping[str, Sequence[int]] | None = None
    ) -> pd.DataFrame:
        """Return the counts of voxels of every label or named union of labels.

        Parameters
        ----------
        labels : sequence of int or mapping, optional
            As in `score`.

        Returns
        -------
        pandas.DataFrame
            Columns tp, fp, fn, tn in voxels, and measure_found, measure_truth and
            intersection in physical units; they are what every ratio is made of.
        """
        import pandas as pd

        if isinstance(labels, Mapping):
            parts = self.merged(labels)
            rows = [part.table([1]).iloc[0] for part in parts.values()]
            frame = pd.DataFrame(rows, index=list(parts), columns=list(_COLUMNS))
            return frame.astype(_COLUMNS)
        known = self._either(labels)
        volume = math.prod(self.spacing)
        same = self.cells.take(self.cells.found == self.cells.truth)
        found, truth, tp = (
            np.append(part.count, 0)[places(part.found, known)]  # the last is for -1
            for part in (self._totals["found"], self._totals["truth"], same)
        )
        numbers = (
            tp, found - tp, truth - tp, self.voxels - found - truth + tp,
            found * volume, truth * volume, tp * volume,
        )  # fmt: skip
        columns = dict(zip(_COLUMNS, numbers, strict=True))
        return pd.DataFrame(columns, index=pd.Index(known, name="label"))

    def merged(self, regions: Mapping[str, Sequence[int]]) -> dict[str, Contingency]:
        """Return the counts of unions of labels, without another pass over the volumes.

        Parameters
        ----------
        regions : mapping from str to sequence of int
            Names and labels, such as ``{"whole": (1, 2, 4), "core": (1, 4)}``; unions may share
            labels.

        Returns
        -------
        dict
            By name, a contingency in which label 1 is the union and 0 everything else.
        """
        result = {}
        for name, labels in regions.items():
            wanted = checked_labels(labels, f"regions[{name!r}]", ordered=False)
            inside = (np.isin(side, wanted) for side in (self.cells.found, self.cells.truth))
            cells = self.cells.relabeled(*(side.astype(np.int64) for side in inside))
            result[name] = Contingency(cells, self.spacing, self.origin, self.unit, self.ignored)
        return result


_COLUMNS = {
    **dict.fromkeys(("tp", "fp", "fn", "tn"), "int64"),
    **dict.fromkeys(("measure_found", "measure_truth", "intersection"), "float64"),
}


def _labels(total: LabelPairs) -> NDArray[np.int64]:
    return total.found[total.found != 0]


def places(known: NDArray[np.int64], wanted: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the place of each label among ascending known ones, -1 where it is not there."""
    if not len(known):
        return np.full(len(wanted), -1)
    at = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
    return np.where(known[at] == wanted, at, -1)


def checked_labels(values: ArrayLike, what: str, ordered: bool = True) -> NDArray[np.int64]:
    """Return labels as int64, or raise an error with their name.

    Parameters
    ----------
    values : array_like
    what : str
        Name, for messages.
    ordered : bool
        Whether they must be distinct and in ascending order.
    """
    labels = np.atleast_1d(np.asarray(values))
    if labels.size == 0:
        labels = labels.astype(np.int64)
    if labels.ndim != 1 or labels.dtype.kind not in "iub":
        raise TypeError(f"{what}: expected whole numbers, got {values!r}")
    if labels.dtype.kind == "u" and labels.size and labels.max() > np.iinfo(np.int64).max:
        raise ValueError(f"{what}: label {labels.max()} does not fit into int64; relabel it")
    labels = labels.astype(np.int64)
    bad = np.flatnonzero(np.diff(labels) <= 0)
    if ordered and len(bad):
        before, label = labels[bad[0]], labels[bad[0] + 1]
        raise ValueError(
            f"{what}: label {label} comes after {before}; give distinct labels in ascending order"
        )
    return labels


def contingency(
    found: ArrayLike,
    truth: ArrayLike,
    *,
    spacing: Sequence[float] | None = None,
    origin: Sequence[float] | None = None,
    unit: str | None = None,
    ignore: int | Sequence[int] = (),
    ignore_found: int | Sequence[int] = (),
    offset: Sequence[int] | None = None,
) -> Contingency:
    """Count two label volumes in one pass: everything that overlap scores need.

    Both volumes are walked once, in the memory order of `truth`, by runs of equal labels. They
    are read where they lie (memory maps as well) if they are stored in the same order, rows
    are contiguous and made of whole 64-bit words, and labels are equally wide; otherwise
    blocks of a quarter of a megabyte are copied as they are needed. Only floating-point
    volumes are converted whole first.

    Parameters
    ----------
    found, truth : array_like of bool or integers, shape (*grid), or image
        Label volumes with any number of axes; 0 is the background. Floating-point values
        must be whole numbers. Images of SimpleITK, ITK and nibabel, and `overlap.io.Volume`, are
        read with x first and with their spacing; they must lie on one grid.
    spacing : sequence of float, optional
        Side of a voxel per axis of arrays; 1 where not given.
    origin : sequence of float, optional
        Lower corner of the voxel with index 0; 0 where not given.
    unit : str, optional
        Unit of the spacing, such as ``"mm"``, which it is for images.
    ignore : int or sequence of int
        Labels of `truth` whose voxels are left out of everything.
    ignore_found : int or sequence of int
        The same for `found`.
    offset : sequence of int, optional
        Index of the first voxel, for parts of a larger volume; parts add up exactly.

    Returns
    -------
    Contingency

    Raises
    ------
    TypeError, ValueError
        For volumes of different shapes or grids, values that are not whole numbers (with the
        first index), layers of classes in one-hot form, a list of volumes, and a spacing that is
        not positive.

    Examples
    --------
    >>> import numpy as np
    >>> import overlap as ov
    >>> truth = np.array([[0, 1, 1, 1], [0, 2, 2, 1]])
    >>> found = np.array([[0, 0, 1, 1], [0, 2, 2, 2]])
    >>> counts = ov.contingency(found, truth, spacing=(2.0, 0.5), unit="mm")
    >>> counts.score(ov.iou).to_dict()
    {1: 0.5, 2: 0.6666666666666666}
    >>> counts.table()[["tp", "fp", "fn", "tn"]].loc[2].tolist()
    [2, 1, 0, 5]
    >>> counts.boxes_truth
    Boxes([[0.0, 0.5, 4.0, 2.0], [2.0, 0.5, 4.0, 1.5]], unit='mm')
    >>> halves = [ov.contingency(found[k : k + 1], truth[k : k + 1], spacing=(2.0, 0.5),
    ...                          unit="mm", offset=(k, 0)) for k in (0, 1)]
    >>> halves[0] + halves[1] == counts
    True
    """
    sides = read_label_pair(found, truth, spacing, plain=False)
    axes = sides.found.ndim
    start = tuple(int(k) for k in ((0,) * axes if offset is None else offset))
    if len(start) != axes:
        raise ValueError(f"offset = {offset!r}; expected {axes} whole numbers")
    grid = (
        tuple(map(as_meant, _per_axis(sides.spacing, 1.0, axes, "spacing", positive=True))),
        _per_axis(origin, 0.0, axes, "origin", positive=False),
    )
    check_cells(sides.found.shape, grid[0], "contingency")
    cells = count_label_pairs(sides.found, sides.truth, start)
    void = checked_labels(ignore, "ignore", ordered=False)
    void_found = checked_labels(ignore_found, "ignore_found", ordered=False)
    ignored = 0
    if void.size or void_found.size:
        out = np.isin(cells.truth, void) | np.isin(cells.found, void_found)
        ignored = int(cells.count[out].sum())
        cells = cells.take(~out) if out.any() else cells
    return Contingency(cells, *grid, unit or sides.unit, ignored)


def _per_axis(
    values: Sequence[float] | None, default: float, axes: int, name: str, positive: bool
) -> tuple[float, ...]:
    if values is None:
        return (default,) * axes
    array: NDArray[Any] = as_numbers(values, name)
    good = np.isfinite(array) & ((array > 0.0) | (not positive))
    if array.shape != (axes,) or not good.all():
        wanted = "positive" if positive else "finite"
        raise ValueError(f"{name} = {values!r}; expected {axes} {wanted} numbers, one per axis")
    return tuple(array.tolist())
