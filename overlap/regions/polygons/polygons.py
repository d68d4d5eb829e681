"""Polygons: sets bounded by rings of straight edges, on the plane or on a torus."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from numbers import Real
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from overlap._common.numbers import as_numbers, described
from overlap._common.ragged import offsets_of
from overlap._kernels.terms import Geometry, Groups
from overlap.regions.base import Regions
from overlap.regions.boxes import Boxes
from overlap.regions.density import CellDensity, check_density, check_reach, read_period
from overlap.regions.polygons.candidates import meeting
from overlap.regions.polygons.checks import checked
from overlap.regions.polygons.coco import read_coco, segmentations_of
from overlap.regions.polygons.cuts import folded_rings
from overlap.regions.polygons.enclosure import Centers, centers_of
from overlap.regions.polygons.geojson import collection_of, grouped, read_geojson, reading_geojson
from overlap.regions.polygons.input import Flat, read_nested, read_ragged, turned
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
from overlap.regions.polygons.repair import read_shapely, shapely_of
from overlap.regions.polygons.rings import Period, Rings
from overlap.regions.polygons.wrapping import band, between_loops, lifted, rectangles, unwrapped

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

__all__ = ["Polygons"]


class Polygons(Regions):
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

    ragged = True

    _rings: Rings
    _rows: NDArray[np.intp]

    def __init__(
        self,
        values: Sequence[Any],
        *,
        period: Sequence[float | None] | None = None,
        density: CellDensity | None = None,
        unit: str | None = None,
    ) -> None:
        self._set("Polygons", turned(read_nested(values)), period, density, unit)

    def _set(
        self,
        what: str,
        flat: Flat,
        period: Sequence[float | None] | None,
        density: CellDensity | None,
        unit: str | None,
    ) -> None:
        wrapped = read_period(period, what)
        if density is not None:
            check_density(density, wrapped, what)
            check_reach(density, flat[:2], what)
        rings = checked(flat, wrapped, what)
        rings.density = density
        self._rings, self._rows, self.unit = rings, np.arange(len(rings)), unit

    @classmethod
    def _of(cls, rings: Rings, unit: str | None, rows: NDArray[np.intp] | None = None) -> Self:
        """Return the regions in some rows of rings that are known to be valid, by default all."""
        result = cls.__new__(cls)
        result._rings, result.unit = rings, unit
        result._rows = np.arange(len(rings)) if rows is None else rows
        return result

    @property
    def _own(self) -> Rings:
        """The rings of this batch alone."""
        rows = self._rows
        if len(rows) == len(self._rings) and (rows == np.arange(len(rows))).all():
            return self._rings
        return self._rings.take(rows)

    # ------------------------------------------------------------------- constructors

    @classmethod
    def from_rings(
        cls,
        x: ArrayLike,
        y: ArrayLike,
        ring_offsets: ArrayLike,
        region_offsets: ArrayLike,
        *,
        period: Sequence[float | None] | None = None,
        density: CellDensity | None = None,
        unit: str | None = None,
    ) -> Self:
        """Build polygons from flat columns.

        Parameters
        ----------
        x, y : array_like, shape (V,)
            Vertices of all rings, not closed.
        ring_offsets : array_like of int, shape (R + 1,)
            Where the vertices of each ring begin, from 0 to V.
        region_offsets : array_like of int, shape (N + 1,)
            Where the rings of each region begin, from 0 to R.
        period, density, unit
            As in the constructor.

        Examples
        --------
        >>> import overlap as ov
        >>> ov.Polygons.from_rings([0.0, 2.0, 0.0], [0.0, 0.0, 3.0], [0, 3], [0, 1]).measure()
        array([3.])
        """
        flat = read_ragged(x, y, ring_offsets, region_offsets)
        return cls._make("Polygons.from_rings", flat, period, density, unit)

    @classmethod
    def _make(
        cls, what: str, flat: Flat, period: Any, density: CellDensity | None, unit: str | None
    ) -> Self:
        result = cls.__new__(cls)
        result._set(what, flat, period, density, unit)
        return result

    @classmethod
    def from_wrapped(
        cls,
        values: Sequence[Any],
        *,
        period: Sequence[float | None],
        density: CellDensity | None = None,
        unit: str | None = None,
    ) -> Self:
        """Build polygons from wrapped coordinates, such as angles within -180 and 180.

        Every step from vertex to vertex is taken the shorter way round. A step of a whole period,
        such as from -180 to 180, is none where a ring crosses the seam there, and goes all the way
        round where the ring would otherwise not close, or have no area.

        Parameters
        ----------
        values, period, density, unit
            As in the constructor.

        Raises
        ------
        ValueError
            For a step of exactly half a period, and for a ring that goes round an axis: what it
            bounds is a matter of another ring, see `band` and `between_loops`.

        Examples
        --------
        >>> import overlap as ov
        >>> ring = [(170.0, 0.0), (-170.0, 0.0), (-170.0, 10.0), (170.0, 10.0)]
        >>> ov.Polygons.from_wrapped([ring], period=(360.0, 360.0)).measure()
        array([200.])
        >>> all_round = [(-180.0, 0.0), (180.0, 0.0), (180.0, 10.0), (-180.0, 10.0)]
        >>> ov.Polygons.from_wrapped([all_round], period=(360.0, 360.0)).measure()
        array([3600.])
        """
        wrapped = read_period(period, "Polygons.from_wrapped")
        if wrapped is None:
            raise ValueError("Polygons.from_wrapped: needs a period on at least one axis")
        flat = turned(unwrapped(read_nested(values), wrapped, "Polygons.from_wrapped"))
        return cls._make("Polygons.from_wrapped", flat, wrapped, density, unit)

    @classmethod
    def from_rectangles(
        cls,
        values: ArrayLike,
        *,
        period: Sequence[float | None] | None = None,
        density: CellDensity | None = None,
        unit: str | None = None,
    ) -> Self:
        """Build rectangles along the axes.

        Parameters
        ----------
        values : array_like, shape (N, 4)
            Start x, start y, stop x, stop y. On an axis with a period, a stop before its start
            wraps, and a stop one period after it goes all the way round.
        period, density, unit
            As in the constructor.

        Examples
        --------
        >>> import overlap as ov
        >>> ov.Polygons.from_rectangles([[-180.0, 50.0, 0.0, -75.0]], period=(360, 360)).measure()
        array([42300.])
        """
        wrapped = read_period(period, "Polygons.from_rectangles")
        flat = rectangles(values, wrapped, "Polygons.from_rectangles")
        return cls._make("Polygons.from_rectangles", flat, wrapped, density, unit)

    @classmethod
    def from_boxes(cls, boxes: Boxes) -> Self:
        """Build polygons from planar boxes, corner by corner."""
        if not isinstance(boxes, Boxes) or boxes.dimension != 2:
            raise TypeError(f"Polygons.from_boxes: expected planar Boxes, got {described(boxes)}")
        return cls.from_rectangles(boxes.to_array(), unit=boxes.unit)

    @classmethod
    def band(
        cls,
        axis: Any,
        lower: ArrayLike,
        upper: ArrayLike,
        period: Sequence[float | None],
        *,
        density: CellDensity | None = None,
        unit: str | None = None,
    ) -> Self:
        """Build bands: one coordinate is between two bounds, the other goes all the way round.

        Parameters
        ----------
        axis : {0, 1, "x", "y"}
            The coordinate that is bounded.
        lower, upper : float or array_like, shape (N,)
            An upper bound below the lower one wraps, if that axis has a period.
        period, density, unit
            As in the constructor; the other axis must have a period.

        Examples
        --------
        >>> import overlap as ov
        >>> ov.Polygons.band("x", -100.0, -50.0, (360.0, 360.0)).measure()
        array([18000.])
        """
        wrapped = read_period(period, "Polygons.band")
        return cls._make("Polygons.band", band(axis, lower, upper, wrapped), wrapped, density, unit)

    @classmethod
    def between_loops(
        cls,
        first: Sequence[ArrayLike],
        second: Sequence[ArrayLike],
        period: Sequence[float | None],
        *,
        density: CellDensity | None = None,
        unit: str | None = None,
    ) -> Self:
        """Build bands between two loops that go round the torus the same way.

        Parameters
        ----------
        first, second : sequence of array_like, each of shape (V, 2)
            One loop of each per region, in lifted coordinates; the last vertex is the first one
            some whole periods further. The region is what lies between the two.
        period, density, unit
            As in the constructor.

        Examples
        --------
        >>> import overlap as ov
        >>> low, high = [(0.0, 0.0), (360.0, 360.0)], [(0.0, 90.0), (360.0, 450.0)]
        >>> ov.Polygons.between_loops([low], [high], (360.0, 360.0)).measure()
        array([32400.])
        """
        wrapped = read_period(period, "Polygons.between_loops")
        flat = turned(between_loops(first, second, wrapped))
        return cls._make("Polygons.between_loops", flat, wrapped, density, unit)

    @classmethod
    def from_level(cls, grid: Any, level: float) -> Self:
        """Build the region in which a periodic grid has at least a level.

        Parameters
        ----------
        grid : PeriodicGrid
        level : float
            See `overlap.PeriodicGrid.region`.
        """
        if not hasattr(grid, "region"):
            raise TypeError(
                f"Polygons.from_level: expected a PeriodicGrid, got {described(grid)}; wrap the "
                "values in overlap.PeriodicGrid(values)"
            )
        return grid.region(level)

    @classmethod
    def from_coco(cls, segmentations: Sequence[Any], *, unit: str | None = None) -> Self:
        """Build polygons from COCO's lists of coordinates.

        Parameters
        ----------
        segmentations : sequence
            One entry per object, ``annotation["segmentation"]``: a list of parts, each
            ``[x0, y0, x1, y1, ...]``, closed or not. The region is the union of its parts; an empty
            list is an empty region.
        unit : str, optional
            Unit of the coordinates, such as ``"px"``.

        Raises
        ------
        TypeError
            For run lengths, which are for `Masks.from_rle`.
        ValueError
            For parts with fewer than 3 vertices or an odd number of numbers; it says which one.

        See Also
        --------
        Polygons.to_coco : The way back.

        Notes
        -----
        Areas and overlaps are those of the polygons themselves. ``pycocotools`` draws polygons on
        the grid of pixels first, so that its numbers differ by the rounding to pixels.

        Examples
        --------
        >>> import overlap as ov
        >>> triangle, square = [0, 0, 4, 0, 0, 3], [9, 9, 11, 9, 11, 11, 9, 11, 9, 9]
        >>> polygons = ov.Polygons.from_coco([[triangle], [triangle, square]])
        >>> polygons.measure()
        array([ 6., 10.])
        """
        flat = turned(read_nested(read_coco(segmentations)))
        return cls._make("Polygons.from_coco", flat, None, None, unit)

    @classmethod
    def from_geojson(
        cls,
        source: Any,
        *,
        period: Sequence[float | None] | None = None,
        wrapped: bool | None = None,
        density: CellDensity | None = None,
        unit: str | None = None,
    ) -> Self:
        """Build polygons from GeoJSON.

        Parameters
        ----------
        source : mapping, str or path
            A Polygon, MultiPolygon or GeometryCollection, a Feature with one of these, each one
            region, or a FeatureCollection, one region per feature: as a mapping, as text, or
            the name of a file. A feature without geometry is an empty region; altitudes and
            properties are left out.
        period, density, unit
            As in the constructor.
        wrapped : bool, optional
            Whether coordinates are wrapped, as in `from_wrapped`, or lifted, as in the constructor.
            By default what a member ``"wrapped"`` of the GeoJSON object says, which `to_geojson`
            writes; without one, lifted where it makes no difference.

        Raises
        ------
        ValueError
            For what is no GeoJSON, and for points and lines; it names the feature. For steps of
            more than half a period within one period, if nothing says whether they are wrapped.
        """
        what = "Polygons.from_geojson"
        periods = read_period(period, what)
        with reading_geojson(source):
            regions, said = read_geojson(source)
            if wrapped is None and periods is not None:
                wrapped = said
            flat = turned(lifted(read_nested(regions), periods, wrapped, what))
            return cls._make(what, flat, periods, density, unit)

    @classmethod
    def from_shapely(
        cls,
        shapes: Any,
        *,
        period: Sequence[float | None] | None = None,
        wrapped: bool | None = None,
        density: CellDensity | None = None,
        unit: str | None = None,
    ) -> Self:
        """Build polygons from shapely geometries, one region each.

        Parameters
        ----------
        shapes : geometry or sequence of geometries
            Polygons, multi-polygons, or collections of them; an empty one is an empty region.
        period, density, unit
            As in the constructor.
        wrapped : bool, optional
            Whether coordinates are wrapped, as in `from_wrapped`, or lifted, as in the constructor.
            By default lifted where it makes no difference.

        Raises
        ------
        ValueError
            For points and lines, and for steps of more than half a period within one period, if
            `wrapped` is not given.
        """
        what = "Polygons.from_shapely"
        periods = read_period(period, what)
        flat = turned(lifted(read_nested(read_shapely(shapes)), periods, wrapped, what))
        return cls._make(what, flat, periods, density, unit)

    # ---------------------------------------------------------------------- container

    @property
    def x(self) -> NDArray[np.float64]:
        """First coordinates of all vertices, shape (V,)."""
        return self._own.x

    @property
    def y(self) -> NDArray[np.float64]:
        """Second coordinates of all vertices, shape (V,)."""
        return self._own.y

    @property
    def ring_offsets(self) -> NDArray[np.int64]:
        """Where the vertices of each ring begin, shape (R + 1,)."""
        return self._own.ring_offsets

    @property
    def region_offsets(self) -> NDArray[np.int64]:
        """Where the rings of each region begin, shape (N + 1,)."""
        return self._own.region_offsets

    @property
    def period(self) -> Period | None:
        """Period of each axis, or None on the plane."""
        return self._rings.period

    @property
    def density(self) -> CellDensity | None:
        """The density by which regions are measured, or None for areas."""
        return self._rings.density

    @property
    def dimension(self) -> int:
        """Number of coordinates of a point: 2."""
        return 2

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: Any) -> Self:
        return self._of(self._rings, self.unit, self._rows[self._index(index)])

    def _contents(self) -> Sequence[Any]:
        own = self._own
        arrays = own.x, own.y, own.ring_offsets, own.region_offsets
        return self.unit, self.period, self.density, *arrays

    @classmethod
    def concat(cls, batches: Sequence[Self]) -> Self:
        """Join batches with the same period, density and unit into one."""
        batches = cls._alike(batches)
        first = batches[0]
        if all(batch._rings is first._rings for batch in batches):
            rows = np.concatenate([batch._rows for batch in batches])
            return cls._of(first._rings, first.unit, rows)
        parts = [batch._own for batch in batches]
        joined = Rings(
            np.concatenate([part.x for part in parts]),
            np.concatenate([part.y for part in parts]),
            offsets_of(np.concatenate([np.diff(part.ring_offsets) for part in parts])),
            offsets_of(np.concatenate([np.diff(part.region_offsets) for part in parts])),
            first.period,
            first.density,
        )
        return cls._of(joined, first.unit)

    def to_list(self) -> list[list[NDArray[np.float64]]]:
        """Return the rings of every region, each of shape (V, 2), as the constructor takes them."""
        own = self._own
        vertices = np.split(np.stack([own.x, own.y], 1), own.ring_offsets[1:-1])
        ends = own.region_offsets
        return [vertices[ends[n] : ends[n + 1]] for n in range(len(self))]

    def to_array(self) -> NDArray[np.float64]:
        """Return all vertices, shape (V, 2), in the order of `x` and `y`.

        Where rings and regions begin is in `ring_offsets` and `region_offsets`.
        """
        own = self._own
        return np.stack([own.x, own.y], 1)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per vertex: region, ring within the region, x and y."""
        import pandas as pd

        own = self._own
        region = own.region_of[own.ring_of]
        ring = own.ring_of - own.region_offsets[region]
        return pd.DataFrame({"region": region, "ring": ring, "x": own.x, "y": own.y})

    def _settings(self) -> dict[str, Any]:
        own: dict[str, Any] = {}
        if self.period is not None:
            own["period"] = self.period
        if self.density is not None:
            own["density"] = self.density
        return {**own, **super()._settings()}

    def __repr__(self) -> str:
        settings = "".join(f", {name}={value!r}" for name, value in self._settings().items())
        if int(np.diff(self._rings.vertex_offsets)[self._rows].sum()) > 500:
            return f"<Polygons with {len(self)} regions{settings}>"
        rings = [[ring.tolist() for ring in region] for region in self.to_list()]
        return f"Polygons({rings!r}{settings})"

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
        """Return the number of vertices of each region, shape (N,)."""
        return np.diff(self._rings.vertex_offsets)[self._rows]

    def _identity(self) -> NDArray[np.float64]:
        """Return the vertices with a third column that is 1 where a ring begins."""
        own = self._own
        starts = np.zeros(len(own.x))
        starts[own.ring_offsets[:-1]] = 1.0
        return np.column_stack([own.x, own.y, starts])

    # ------------------------------------------------------------------------- kernels

    def geometry(self, enclosure: str = "natural") -> Geometry:
        """Return the terms; the natural enclosure is the hull, or the box of arcs on a torus."""
        self._check_enclosure(enclosure)
        if self.period is None:
            return BOX if enclosure == "box" else CONVEX
        return UNROLLED if enclosure == "hull" else BOX

    def _enclosures(self) -> tuple[str, ...]:
        return ("natural", "box", "hull")

    def pair_cost(self) -> float:
        """Return the cost of the terms of a pair, in nanoseconds, roughly."""
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
        """Return the gradients of listed pairs with respect to vertices.

        One array for each side that `wrt` names, of shape (V, 2): the vertices of the first
        pair, then those of the second, and so on.
        """
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
