"""How polygons are made: from flat columns, wrapped rings, rectangles, bands and files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from overlap._common.numbers import described
from overlap.regions.boxes import Boxes
from overlap.regions.density import CellDensity, check_density, check_reach, read_period
from overlap.regions.polygons.batch import PolygonBatch
from overlap.regions.polygons.checks import checked
from overlap.regions.polygons.coco import read_coco
from overlap.regions.polygons.geojson import read_geojson, reading_geojson
from overlap.regions.polygons.input import Flat, read_nested, read_ragged, turned
from overlap.regions.polygons.repair import read_shapely
from overlap.regions.polygons.wrapping import band, between_loops, lifted, rectangles, unwrapped

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["PolygonMakers"]


class PolygonMakers(PolygonBatch):
    """The constructors of `overlap.Polygons`."""

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
        """Build bands: what has one coordinate between two bounds, all the way round the other.

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
        Polygons.to_coco : the way back.

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
