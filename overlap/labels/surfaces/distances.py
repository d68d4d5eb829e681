"""SurfaceDistances: distances of the surfaces of all labels of two volumes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from overlap._common.decimals import as_meant
from overlap._common.label_arrays import read_label_pair
from overlap._common.values import ByValue
from overlap.labels.contingency import Contingency, checked_labels, contingency

from .borders import FOUND, TRUTH, Borders, Kind, border_points
from .conventions import Convention, as_convention
from .nearest import Targets
from .surface import Directed, Surface, WorstPoint

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

__all__ = ["SurfaceDistances", "surface_distances"]

Labels = Sequence[int] | Mapping[str, Sequence[int]]


@dataclass(frozen=True, eq=False)
class SurfaceDistances(ByValue, Mapping[int | str, Surface]):
    """Surface distances by label. Made by `overlap.surface_distances`.

    A mapping from label, or name, to `Surface`; its own methods return a Series by label.

    Attributes
    ----------
    surfaces : dict
        `Surface` by label.
    spacing : tuple of float
        Side of a voxel per axis; distances are in its unit.
    convention : Convention
    """

    surfaces: dict[int | str, Surface]
    spacing: tuple[float, ...]
    convention: Convention

    def __getitem__(self, label: int | str) -> Surface:
        if label not in self.surfaces:
            known = ", ".join(map(repr, self.surfaces))
            raise KeyError(f"label {label!r} was not measured; there are {known or 'none'}")
        return self.surfaces[label]

    def __iter__(self) -> Iterator[int | str]:
        return iter(self.surfaces)

    def __len__(self) -> int:
        return len(self.surfaces)

    def _series(self, name: str, values: list[float]) -> pd.Series:
        import pandas as pd

        index = pd.Index(list(self.surfaces), name="label")
        return pd.Series(values, index=index, name=name, dtype="float64")

    def hd(self, percentile: float = 100.0) -> pd.Series:
        """Return Hausdorff distances by label; see `Surface.hd`.

        Parameters
        ----------
        percentile : float
            0, or in [1, 100].
        """
        name = "hd" if percentile == 100.0 else f"hd{percentile:g}"
        return self._series(name, [one.hd(percentile) for one in self.surfaces.values()])

    @property
    def hd95(self) -> pd.Series:
        """Hausdorff distances at the 95th percentile."""
        return self.hd(95.0)

    @property
    def assd(self) -> pd.Series:
        """Average symmetric surface distances."""
        return self._series("assd", [one.assd for one in self.surfaces.values()])

    @property
    def masd(self) -> pd.Series:
        """Means of the mean distances of both directions."""
        return self._series("masd", [one.masd for one in self.surfaces.values()])

    def nsd(self, tolerance: float) -> pd.Series:
        """Return normalized surface distances (surface Dice) by label; see `Surface.nsd`.

        Parameters
        ----------
        tolerance : float
            In the unit of the spacing.
        """
        name = f"nsd@{tolerance:g}"
        return self._series(name, [one.nsd(tolerance) for one in self.surfaces.values()])

    def one_sided(self, side: str, percentile: float | None = None) -> pd.Series:
        """Return mean distances, or percentiles, in one direction; see `Surface.one_sided`.

        Parameters
        ----------
        side : {"found", "truth"}
        percentile : float, optional
        """
        values = [one.one_sided(side, percentile) for one in self.surfaces.values()]
        return self._series(f"{side} {'mean' if percentile is None else percentile}", values)

    def worst(self) -> WorstPoint | None:
        """Return the first point of all labels that is farthest; None if there is no distance."""
        points = [one.worst() for one in self.surfaces.values()]
        known = [point for point in points if point is not None]
        return max(known, key=lambda point: point.distance, default=None)

    def table(self, tolerances: Sequence[float] = ()) -> pd.DataFrame:
        """Return one row per label: hd, hd95, assd, masd, and nsd at each tolerance.

        Parameters
        ----------
        tolerances : sequence of float
        """
        import pandas as pd

        columns = [self.hd(), self.hd95, self.assd, self.masd, *map(self.nsd, tolerances)]
        return pd.concat(columns, axis=1)


def surface_distances(
    found: ArrayLike,
    truth: ArrayLike,
    *,
    spacing: Sequence[float] | None = None,
    labels: Labels | None = None,
    preset: str | Convention = "metrics-reloaded",
    border: Kind | None = None,
    at_most: float | None = None,
    counts: Contingency | None = None,
) -> SurfaceDistances:
    """Measure how far the surfaces of two segmentations are from each other.

    The boxes of all labels come from one pass. Each label is cut out, points that both surfaces
    share are done, and the others look for the nearest point of the other surface: near by, or by
    an exact distance transform, whichever a sample of the points finds cheaper.

    Parameters
    ----------
    found, truth : array_like of bool or integers, shape (*grid), or image
        Masks or label volumes with any number of axes; 0 is the background. Images of SimpleITK,
        ITK and nibabel, and `overlap.io.Volume`, are read with x first and with their spacing.
    spacing : sequence of float, optional
        Side of a voxel per axis of arrays; 1 where not given. Arrays with more than three axes
        need it, because most of them are batches.
    labels : sequence of int or mapping, optional
        Labels, by default those that occur on either side without 0; or named unions of labels,
        such as ``{"whole": (1, 2, 4)}``.
    preset : str or Convention
        Whose convention: a name in `SURFACE_PRESETS`, or one of your own.
    border : {"voxel", "surfel", "region"}, optional
        Another border than that of the preset.
    at_most : float, optional
        Distances beyond it need not be known, and may be infinite in the result: enough, and
        faster, for `nsd` at tolerances up to it.
    counts : Contingency, optional
        What `contingency` gave for the same volumes, which is then not counted again.

    Returns
    -------
    SurfaceDistances

    Raises
    ------
    TypeError, ValueError
        For volumes of different shapes or grids, values that are not whole numbers, a list of
        volumes, a spacing that is not positive, and an unknown preset.

    Notes
    -----
    Surfels are known in 2 and 3 dimensions. With voxels as the border, the edge of the array
    counts as the outside of a set.

    Examples
    --------
    >>> import numpy as np
    >>> import overlap as ov
    >>> truth = np.zeros((20, 20), bool)
    >>> truth[5:15, 5:15] = True
    >>> found = np.roll(truth, 2, axis=1)
    >>> distances = ov.surface_distances(found, truth, spacing=(1.0, 0.5))
    >>> distances[1].hd(), round(distances[1].assd, 3), round(distances[1].nsd(0.5), 3)
    (1.0, 0.528, 0.5)
    >>> distances.worst()
    WorstPoint(distance=1.0, point=(5.5, 8.25), side='found', label=1)
    >>> ov.surface_distances(found, truth, preset="surface-distance").hd95.to_dict()
    {1: 2.0}
    """
    convention = as_convention(preset, border)
    if at_most is not None and not at_most >= 0.0:
        raise ValueError(f"at_most = {at_most!r}; wanted a number that is not negative")
    sides = read_label_pair(found, truth, spacing)
    a, b, spacing = sides.found, sides.truth, sides.spacing
    if counts is None:
        if a.ndim > 3 and spacing is None:
            raise ValueError(
                f"found and truth have shape {a.shape}: call once for each case of a batch, or "
                f"give spacing= with {a.ndim} numbers if they are one set with {a.ndim} axes"
            )
        counts = contingency(a, b, spacing=spacing)
    elif a.ndim != len(counts.spacing):
        raise ValueError(
            f"found has shape {a.shape} and truth {b.shape}; counts are of volumes with "
            f"{len(counts.spacing)} axes"
        )
    elif spacing is not None and tuple(as_meant(float(side)) for side in spacing) != counts.spacing:
        raise ValueError(
            f"spacing = {spacing!r}, and counts have {counts.spacing}; leave spacing out"
        )
    limit = np.inf if at_most is None else float(at_most)
    cut = _Cut(a, b, counts, convention)
    surfaces = {name: cut.surface(name, members, limit) for name, members in _named(labels, counts)}
    return SurfaceDistances(surfaces, cut.spacing, convention)


def _named(
    labels: Labels | None, counts: Contingency
) -> Iterator[tuple[int | str, NDArray[np.int64]]]:
    if isinstance(labels, Mapping):
        for name, members in labels.items():
            yield name, checked_labels(members, f"labels[{name!r}]", ordered=False)
        return
    if labels is None:
        known = np.union1d(counts.labels_found, counts.labels_truth)
    else:
        known = checked_labels(labels, "labels", ordered=False)
    for label in known.tolist():
        yield label, np.array([label], np.int64)


class _Cut:
    """Cuts labels out of two volumes, in the order in which they lie in memory."""

    def __init__(
        self, found: NDArray[Any], truth: NDArray[Any], counts: Contingency, convention: Convention
    ) -> None:
        self.spacing = counts.spacing
        self.convention = convention
        self.cells = counts.cells
        # the axis along which truth lies closest together comes last
        self.order = sorted(range(truth.ndim), key=lambda k: -abs(truth.strides[k]))
        self.sides = found.transpose(self.order), truth.transpose(self.order)

    def surface(self, label: int | str, members: NDArray[np.int64], limit: float) -> Surface:
        cells = self.cells
        rows = np.isin(cells.found, members) | np.isin(cells.truth, members)
        part = cells.take(rows)
        ndim = len(self.order)
        lower, upper = np.zeros(ndim, int), np.zeros(ndim, int)
        if len(part):
            lower, upper = part.lower.min(axis=0), part.upper.max(axis=0)
        order, convention = self.order, self.convention
        window = tuple(slice(lower[k], upper[k]) for k in order)
        masks = [_mask(side[window], members) for side in self.sides]
        spacing = tuple(self.spacing[k] for k in order)
        borders = border_points(masks[0], masks[1], convention.border, spacing)
        back = tuple(np.argsort(order).tolist())
        shape = borders.marks.shape
        corner = tuple(float(lower[k]) + borders.shift for k in order)
        directed = []
        for own, other in ((FOUND, TRUTH), (TRUTH, FOUND)):
            at, distances, weights = _directed(borders, own, other, spacing, limit)
            directed.append(Directed(distances, weights, at, shape, corner, spacing, back))
        return Surface(label, directed[0], directed[1], convention)


def _mask(values: NDArray[Any], members: NDArray[np.int64]) -> NDArray[np.bool_]:
    if len(members) == 1:
        return values == members[0]
    return np.isin(values, members)


def _directed(
    borders: Borders, own: int, other: int, spacing: tuple[float, ...], limit: float
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Return places, distances and weights of the points of one side."""
    mine = (borders.which & own) != 0
    at = borders.at[mine]
    alone = (borders.which[mine] & other) == 0
    distances = np.zeros(len(at))
    if alone.any():
        targets = Targets(borders.marks, other, spacing)
        distances[alone] = targets.distances(at[alone], limit)
    weights = borders.weights[own][mine] if borders.weights else np.ones(len(at))
    return at, distances, weights
