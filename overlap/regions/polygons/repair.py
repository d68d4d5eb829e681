"""Regions whose rings cross or whose parts overlap, rebuilt by shapely."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from overlap._common.ragged import offsets_of
from overlap.regions.polygons.rings import Rings

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["around", "polygon_rings", "read_shapely", "rebuilt", "shapely_of"]


def _load(purpose: str) -> Any:
    """Return the module, or raise an ImportError that says how to install it."""
    try:
        import shapely
    except ImportError:
        raise ImportError(
            f"{purpose} needs shapely: pip install 'overlap-metrics[polygons]'"
        ) from None
    return shapely


def rebuilt(rings: Rings, rows: NDArray[np.int64], parts: NDArray[np.int64], what: str) -> Rings:
    """Return regions that cover each point once that an odd number of rings of a part is around.

    With a period they are cut at its multiples.
    """
    named = ", ".join(map(str, rows[:3])) + (", ..." if len(rows) > 3 else "")
    shapely = _load(f"{what}: the rings of region {named} cross or overlap, and to make them valid")
    vertices = np.stack([rings.x, rings.y], 1)
    result = []
    for n in rows:
        first, last = rings.region_offsets[n], rings.region_offsets[n + 1]
        shapes = []
        for part in np.unique(parts[first:last]):
            of_part = first + np.flatnonzero(parts[first:last] == part)
            ends = rings.ring_offsets
            shapes.append(_even_odd(shapely, [vertices[ends[r] : ends[r + 1]] for r in of_part]))
        whole = shapely.union_all(shapes)
        if rings.period is not None:
            whole = _folded(shapely, whole, rings.period)
        result.append(polygon_rings(shapely, whole))
    flat = [ring for region in result for ring in region]
    xy = np.concatenate(flat) if flat else np.empty((0, 2))
    return Rings(
        *(xy[:, 0], xy[:, 1]),
        offsets_of(np.array([len(ring) for ring in flat], np.int64)),
        offsets_of(np.array([len(region) for region in result], np.int64)),
        rings.period,
    )


def _even_odd(shapely: Any, rings: list[NDArray[np.float64]]) -> Any:
    """Return the set of points that an odd number of rings is around."""
    lines = [shapely.LineString(np.concatenate([ring, ring[:1]])) for ring in rings]
    faces = shapely.get_parts(shapely.polygonize([shapely.node(shapely.MultiLineString(lines))]))
    if not len(faces):
        return shapely.MultiPolygon()
    points = shapely.get_coordinates(shapely.point_on_surface(faces))
    odd = np.zeros(len(faces), bool)
    for ring in rings:
        odd ^= around(ring, points)
    return shapely.union_all(faces[odd])


def around(ring: NDArray[np.float64], points: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return whether a ring is around points, an odd number of times."""
    p, q = ring, np.roll(ring, -1, axis=0)
    x, y = points[:, :1], points[:, 1:]
    across = (p[:, 0] <= x) != (q[:, 0] <= x)
    with np.errstate(divide="ignore", invalid="ignore"):
        height = p[:, 1] + (x - p[:, 0]) / (q[:, 0] - p[:, 0]) * (q[:, 1] - p[:, 1])
    return (across & (height > y)).sum(axis=1) % 2 == 1


def _folded(shapely: Any, shape: Any, period: tuple[float | None, float | None]) -> Any:
    """Return the union of all translates by whole periods, within the first period."""
    for axis, length in enumerate(period):
        if length is None or shape.is_empty:
            continue
        low_x, low_y, high_x, high_y = shape.bounds
        low, high = (low_x, high_x) if axis == 0 else (low_y, high_y)
        pieces = []
        for turn in range(math.floor(low / length), math.ceil(high / length)):
            start, stop = turn * length, (turn + 1) * length
            box = (
                shapely.box(start, low_y, stop, high_y)
                if axis == 0
                else shapely.box(low_x, start, high_x, stop)
            )
            move = np.array([-start, 0.0] if axis == 0 else [0.0, -start])
            piece = shapely.intersection(shape, box)
            pieces.append(shapely.transform(piece, lambda xy, move=move: xy + move))
        shape = shapely.union_all(pieces)
    return shape


def polygon_rings(shapely: Any, shape: Any) -> list[NDArray[np.float64]]:
    """Return the rings of the polygons in any geometry, outer ones from +x towards +y."""
    result = []
    for piece in shapely.get_parts(shapely.get_parts(shape)):
        if shapely.get_type_id(piece) != 3 or piece.is_empty:
            continue
        for ring, positive in (
            (piece.exterior, True),
            *((hole, False) for hole in piece.interiors),
        ):
            xy = shapely.get_coordinates(ring)[:-1]
            result.append(xy if ring.is_ccw == positive else xy[::-1])
    return result


def read_shapely(shapes: Any) -> list[Any]:
    """Return one nested list of parts per geometry."""
    shapely = _load("Polygons.from_shapely")
    table = [shapes] if isinstance(shapes, shapely.Geometry) else list(shapes)
    result: list[Any] = []
    for n, shape in enumerate(table):
        if not isinstance(shape, shapely.Geometry):
            raise TypeError(
                f"Polygons.from_shapely: geometry {n} is {type(shape).__name__}; expected a polygon"
            )
        pieces = shapely.get_parts(shapely.get_parts(shape))
        flat = [piece for piece in pieces if shapely.get_type_id(piece) != 3]
        if flat:
            raise ValueError(
                f"Polygons.from_shapely: geometry {n} holds a {flat[0].geom_type}, which has no "
                "area; expected polygons and multi-polygons"
            )
        result.append(
            [
                [shapely.get_coordinates(ring) for ring in (piece.exterior, *piece.interiors)]
                for piece in pieces
                if not piece.is_empty
            ]
        )
    return result


def shapely_of(regions: list[list[list[Any]]]) -> NDArray[np.object_]:
    """Return geometries from polygons, each an outer ring and its holes."""
    shapely = _load("Polygons.to_shapely")
    result = np.empty(len(regions), object)
    for n, polygons in enumerate(regions):
        shapes = [shapely.Polygon(shell, holes) for shell, *holes in polygons]
        result[n] = shapes[0] if len(shapes) == 1 else shapely.MultiPolygon(shapes)
    return result
