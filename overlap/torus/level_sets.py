"""Level sets of a periodic grid: polygons, and components of nodes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from overlap._common.ragged import offsets_of
from overlap.regions.polygons import Polygons
from overlap.regions.polygons.rings import Rings

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from overlap.regions.density import CellDensity
    from overlap.torus.contours import LevelSet

__all__ = ["GridComponent", "components_of", "polygons_of"]


@dataclass(frozen=True)
class GridComponent:
    """A connected part of a level set on the torus.

    Attributes
    ----------
    nodes : int
        How many nodes of the grid it has.
    turns : tuple of (int, int)
        Ways inside it around the torus, as turns along x (phi) and along y (psi): none for a part
        that can be drawn in one piece, one for a band, two for a part that winds both ways. All
        other ways inside it are sums of multiples of these.
    peak : tuple of float
        The node with the largest value, x and y; the first of several.
    peak_value : float
        The value there.
    """

    nodes: int
    turns: tuple[tuple[int, int], ...]
    peak: tuple[float, float]
    peak_value: float

    @property
    def winds(self) -> bool:
        """Whether it goes around the torus, so that it has no outline in the plane."""
        return bool(self.turns)


def components_of(
    found: LevelSet,
    values: NDArray[np.float64],
    axes: tuple[NDArray[np.float64], NDArray[np.float64]],
) -> tuple[GridComponent, ...]:
    """Return size, turns and peak of each component of a level set."""
    labels, heights = found.labels.ravel(), values.ravel()
    inside = np.flatnonzero(labels >= 0)
    order = inside[np.lexsort((-heights[inside], labels[inside]))]
    counts = np.bincount(labels[inside], minlength=len(found.lattices))
    peaks = order[np.cumsum(counts) - counts]
    result = []
    for nodes, (a, b, c), peak in zip(
        counts.tolist(), found.lattices.tolist(), peaks.tolist(), strict=True
    ):
        i, j = divmod(peak, len(axes[1]))
        turns = tuple(turn for turn in ((a, b), (0, c)) if turn != (0, 0))
        place = float(axes[0][i]), float(axes[1][j])
        result.append(GridComponent(nodes, turns, place, float(heights[peak])))
    return tuple(result)


def polygons_of(
    sets: Sequence[LevelSet],
    rings: Sequence[int],
    origin: tuple[float, float],
    step: tuple[float, float],
    period: tuple[float, float],
    density: CellDensity | None,
) -> Polygons:
    """Return the rings of level sets as polygons, a row for every number of rings."""

    def joined(parts: list[NDArray]) -> NDArray:
        return np.concatenate(parts) if parts else np.empty(0)

    sizes = joined([np.diff(one.ring_offsets) for one in sets])
    # Rings of a level set are what `Polygons` wants; nothing has to be checked or turned.
    flat = Rings(
        origin[0] + step[0] * joined([one.x for one in sets]),
        origin[1] + step[1] * joined([one.y for one in sets]),
        offsets_of(sizes),
        offsets_of(np.array(rings, np.int64)),
        period,
        density,
    )
    return Polygons._of(flat, unit=None)
