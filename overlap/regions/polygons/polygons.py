"""Polygons: sets bounded by rings of straight edges, on the plane or on a torus."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from numbers import Real
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from overlap._common.numbers import as_numbers
from overlap._kernels.terms import Geometry, Groups
from overlap.regions.base import Regions
from overlap.regions.density import CellDensity
from overlap.regions.polygons.candidates import meeting
from overlap.regions.polygons.coco import segmentations_of
from overlap.regions.polygons.cuts import folded_rings
from overlap.regions.polygons.enclosure import Centers, centers_of
from overlap.regions.polygons.geojson import collection_of, grouped
from overlap.regions.polygons.input import read_nested, turned
from overlap.regions.polygons.makers import PolygonMakers
from overlap.regions.polygons.pairs import (
    BOX,
    CONVEX,
    UNROLLED,
    enclosure_name,
    fill_polygon_terms,
    measures,
    pull_polygon_terms,
)
from overlap.regions.polygons.parts import inside, parts_of
from overlap.regions.polygons.repair import shapely_of

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["Polygons"]


class Polygons(PolygonMakers):
    """Sets bounded by rings of straight edges: with holes, and in several parts.

    Parameters
    ----------
    values : sequence
        One entry per region: a ring, shape (V, 2); a list of rings, the first one the outer
        one and the others its holes; or a list of parts, each such a list of rings. Rings
        may be closed or not and run either way. An empty list is an empty region.
    period : pair of (float or None), optional
        ``(360.0, 360.0)`` is a torus of degrees; with None for one of the two, a cylinder.
        Coordinates are then *lifted*: a ring is taken literally, may leave the first period,
        and its steps may be of any length; what lies a period further is the same point.
    density : CellDensity, optional
        Regions are measured by their mass under it, instead of by their area.
    unit : str, optional
        Unit of the coordinates.

    Raises
    ------
    TypeError, ValueError
        For what is not nested so, rings of less than 3 vertices, and coordinates that are not
        finite.
    ImportError
        Where rings cross or parts overlap, and shapely is not installed.

    Notes
    -----
    A point is inside a part if an odd number of its rings is around it, and a region is the
    union of its parts. Rings that cross themselves or each other, and parts that overlap, also
    after wrapping, are rebuilt once, on entry, by shapely; all others are kept as they are, but
    that outer rings are turned to have the inside on their left, and holes likewise. Overlap of
    less than a billionth of the area is left.

    The common enclosure is the convex hull on the plane, and the product of the smallest
    covering arcs on a torus or cylinder. Under a density it is multiplied by the mass of the
    union over its area, so that `enclosure_gap` stays the share of an area. Gradients have a row
    per vertex, see `overlap.Score.value_and_grad`. Intersections are sums of trapezoids between
    pairs of edges, after which no input fails.

    Examples
    --------
    >>> import overlap as ov
    >>> square = [(0.0, 0.0), (4.0, 0.0), (4.0, 4.0), (0.0, 4.0)]
    >>> hole = [(1.0, 1.0), (3.0, 1.0), (3.0, 3.0), (1.0, 3.0)]
    >>> polygons = ov.Polygons([square, [square, hole]])
    >>> polygons.measure()
    array([16., 12.])
    """

    def __init__(
        self,
        values: Sequence[Any],
        *,
        period: Sequence[float | None] | None = None,
        density: CellDensity | None = None,
        unit: str | None = None,
    ) -> None:
        self._set("Polygons", turned(read_nested(values)), period, density, unit)

    # ------------------------------------------------------------------------ measures

    def area(self) -> NDArray[np.float64]:
        """Return the areas, shape (N,), whether or not there is a density."""
        return self._rings.areas[self._rows]

    def measure(self) -> NDArray[np.float64]:
        """Return the areas, or the masses under the density, shape (N,)."""
        return measures(self._rings)[self._rows]

    def perimeter(self) -> NDArray[np.float64]:
        """Return the length of all rings of every region, shape (N,)."""
        rings = self._rings
        step = np.hypot(rings.x[rings.following] - rings.x, rings.y[rings.following] - rings.y)
        sums = np.bincount(rings.region_of[rings.ring_of], step, len(rings))
        return sums.astype(np.float64)[self._rows]

    def centers(self) -> Centers:
        """Return the centroids, shape (N, 2), and which are `defined`, the only ones there are.

        Around a period they are Frechet means: least mean squared way to the area, exactly.

        Examples
        --------
        >>> import overlap as ov
        >>> arc = ov.Polygons.from_rectangles([[350.0, 0.0, 30.0, 10.0]], period=(360, 360))
        >>> arc.centers()
        Centers(values=array([[10.,  5.]]), defined=array([[ True,  True]]))
        """
        return centers_of(self._rings, self._rows)

    def to_coco(self) -> list[list[list[float]]]:
        """Return COCO segmentations: of every region its parts as ``[x0, y0, x1, y1, ...]``.

        Raises
        ------
        ValueError
            For holes and for a period, neither of which COCO's polygons have.

        Examples
        --------
        >>> import overlap as ov
        >>> ov.Polygons([[(0, 0), (4, 0), (0, 3)]]).to_coco()
        [[[0.0, 0.0, 4.0, 0.0, 0.0, 3.0]]]
        """
        return segmentations_of(self._own)

    def to_geojson(self) -> dict[str, Any]:
        """Return a GeoJSON FeatureCollection with one feature per region.

        Coordinates are lifted, as they are; `canonical` brings them into one period. With a
        period, a member ``"wrapped": false`` says so to `from_geojson`.
        """
        return collection_of(self._own)

    def to_shapely(self) -> NDArray[np.object_]:
        """Return an array of shapely polygons and multi-polygons, shape (N,)."""
        return shapely_of(grouped(self._own))

    # --------------------------------------------------------------- points and new regions

    def contains(self, points: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which points, shape (Q, 2), are in which region, shape (N, Q).

        Left and lower borders belong to a region, right and upper ones do not.
        """
        table = as_numbers(points, "Polygons.contains")
        if table.ndim != 2 or table.shape[1] != 2:
            raise ValueError(f"Polygons.contains: expected shape (Q, 2), got {table.shape}")
        return inside(self._rings, self._rows, table)

    def translated(self, offset: ArrayLike) -> Self:
        """Return the regions moved by (dx, dy), or each by a row of shape (N, 2)."""
        own = self._own
        move = as_numbers(offset, "Polygons.translated")
        if move.shape not in ((2,), (len(self), 2)):
            raise ValueError(
                f"Polygons.translated: expected an offset (dx, dy), or shape ({len(self)}, 2) for "
                f"one of each region; got shape {move.shape}"
            )
        move = np.broadcast_to(move, (len(self), 2))
        of = own.region_of[own.ring_of]
        return self._of(own.with_vertices(own.x + move[of, 0], own.y + move[of, 1]), self.unit)

    def scaled(self, ratio: float) -> Self:
        """Return the regions scaled by `ratio` > 0 about their centroids, in the plane.

        With a period, about the centroids of the lifted rings; the result must cover the torus
        at most once.
        """
        if not (isinstance(ratio, Real) and np.isfinite(ratio) and ratio > 0):
            raise ValueError(f"Polygons.scaled: ratio = {ratio!r} is not a finite number > 0")
        own = self._own
        of = own.region_of[own.ring_of]
        center = own.centroids[:, of]
        x, y = (c + ratio * (v - c) for v, c in zip((own.x, own.y), center, strict=True))
        return self.from_rings(x, y, own.ring_offsets, own.region_offsets, **self._settings())

    def canonical(self, origin: Sequence[float] | None = None) -> Self:
        """Return the regions cut and moved into one period, for pictures and GeoJSON.

        Parameters
        ----------
        origin : pair of float, optional
            Where the period begins; by default minus half of it, so that degrees are within
            -180 and 180.

        Examples
        --------
        >>> import overlap as ov
        >>> wide = ov.Polygons.from_rectangles([[170.0, 0.0, -170.0, 10.0]], period=(360, 360))
        >>> [ring.min(axis=0).tolist() for ring in wide.canonical().to_list()[0]]
        [[170.0, 0.0], [-180.0, 0.0]]
        """
        if self.period is None:
            return self
        low = [-0.5 * (p or 0.0) for p in self.period] if origin is None else list(origin)
        cut = folded_rings(self._own, (low[0], low[1]))
        return self._of(cut, self.unit)

    def parts(self) -> tuple[Self, NDArray[np.int64]]:
        """Return the connected parts of all regions as a batch, and of which region each one is.

        Pieces that share a stretch of a boundary along an axis, as do those of a region that was
        cut at a seam, are one part. Those that touch along a slanted line, or at a point, are
        parts of their own. A part comes with its holes.

        Examples
        --------
        >>> import overlap as ov
        >>> square = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)]
        >>> far = [(5.0, 5.0), (7.0, 5.0), (6.0, 7.0)]
        >>> parts, of = ov.Polygons([square, [[far], [square]]]).parts()
        >>> parts.measure(), of
        (array([1., 2., 1.]), array([0, 1, 1]))
        """
        parts, of = parts_of(self._own)
        return self._of(parts, self.unit), of

    def row_counts(self) -> NDArray[np.intp]:
        """Return how many vertices each region has, shape (N,)."""
        return np.diff(self._rings.vertex_offsets)[self._rows]

    def _identity(self) -> NDArray[np.float64]:
        """Return the vertices with a third column that is 1 where a ring begins."""
        own = self._own
        starts = np.zeros(len(own.x))
        starts[own.ring_offsets[:-1]] = 1.0
        return np.column_stack([own.x, own.y, starts])

    # ------------------------------------------------------------------------- kernels

    def geometry(self, enclosure: str = "natural") -> Geometry:
        """Return what scores can ask for; the natural enclosure is the hull, or the box of arcs."""
        self._check_enclosure(enclosure)
        if self.period is None:
            return BOX if enclosure == "box" else CONVEX
        return UNROLLED if enclosure == "hull" else BOX

    def _enclosures(self) -> tuple[str, ...]:
        return ("natural", "box", "hull")

    def pair_cost(self) -> float:
        """Return about how many nanoseconds the terms of a pair take."""
        return 100.0 + 30.0 * len(self._rings.x) / max(len(self._rings), 1)

    def fill_block(
        self,
        index: NDArray[np.int64],
        other: Self,
        other_index: NDArray[np.int64],
        geometry: Geometry,
        needs: Groups,
        block: NDArray[np.float64],
    ) -> None:
        """Write the terms of listed pairs; see `Regions.fill_block`."""
        pair = self._rings, self._rows[index], other._rings, other._rows[other_index]
        fill_polygon_terms(*pair, enclosure_name(geometry), needs, block)

    def pull_ragged(
        self,
        index: NDArray[np.int64],
        other: Self,
        other_index: NDArray[np.int64],
        geometry: Geometry,
        needs: Groups,
        wrt: str,
        block: NDArray[np.float64],
        partials: NDArray[np.float64],
    ) -> tuple[NDArray[np.float64], ...]:
        """Return the gradients with respect to vertices; see `overlap.scores.ragged`."""
        pair = self._rings, self._rows[index], other._rings, other._rows[other_index]
        return pull_polygon_terms(*pair, enclosure_name(geometry), needs, wrt, block, partials)

    def bounds(self) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
        """Return lower and upper corners of the boxes around regions, shape (2, N) each.

        None with a period, where no box that does not wrap is around all translates.
        """
        if self.period is not None:
            return None
        bounds = self._rings.bounds[:, self._rows]
        return bounds[:2], bounds[2:]

    def candidate_blocks(self, other: Self) -> Iterator[tuple[NDArray, NDArray]] | None:
        """Yield the pairs whose boxes meet on the torus."""
        if self.period is None:
            return None
        own, others = (batch._rings.bounds[:, batch._rows] for batch in (self, other))
        return meeting(own, others, self.period)

    def _check_partner(self, other: Regions, mine: str, theirs: str) -> None:
        assert isinstance(other, Polygons)
        if self.period != other.period:
            raise ValueError(
                f"{mine} has period = {self.period} and {theirs} {other.period}; give both the same"
            )
        if self.density != other.density:
            raise ValueError(
                f"{mine} and {theirs} are measured by different densities; give both the same"
            )
