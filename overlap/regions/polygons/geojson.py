"""Polygons as GeoJSON (RFC 7946): geometries, features and collections of them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from overlap._common.files import read_file
from overlap._common.numbers import described
from overlap.regions.polygons.parts import outer_rings

if TYPE_CHECKING:
    from overlap.regions.polygons.rings import Rings

__all__ = ["collection_of", "grouped", "parts_of", "read_geojson", "reading_geojson"]


@contextmanager
def reading_geojson(source: Any) -> Iterator[None]:
    """Put the name of a file or text in front of errors of its GeoJSON."""
    name = "Polygons.from_geojson"
    if isinstance(source, (str, os.PathLike)) and not _is_text(str(source)):
        name = str(source)
    try:
        yield
    except RecursionError:
        raise ValueError(f"{name}: is nested too deeply") from None
    except (ValueError, TypeError) as error:
        if not isinstance(source, (str, os.PathLike)) or str(error).startswith(name):
            raise
        raise ValueError(f"{name}: {error}") from None


def _is_text(text: str) -> bool:
    return text.lstrip().startswith(("{", "["))


def read_geojson(source: Any) -> tuple[list[Any], bool | None]:
    """Return one nested list of parts per region, and whether coordinates are said to be wrapped.

    Parameters
    ----------
    source : mapping, str or path
        GeoJSON as a mapping, as text, or a file. Every feature and every other geometry is
        one region; a collection of geometries is one region of several parts.
    """
    data, what = source, "Polygons.from_geojson"
    if isinstance(source, (str, os.PathLike)):
        text = str(source)
        if not _is_text(text):
            what = text
            text = read_file(text).decode("utf-8")
        try:
            data = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ValueError(f"{what}: no valid JSON ({error})") from None
    if not isinstance(data, Mapping) or "type" not in data:
        raise ValueError(f"{what}: expected a GeoJSON object with a type, got {described(data)}")
    wrapped = data.get("wrapped")
    if not (wrapped is None or isinstance(wrapped, bool)):
        raise ValueError(f"{what}: wrapped is {described(wrapped)}; expected true or false")
    if data["type"] != "FeatureCollection":
        return [parts_of(data, what)], wrapped
    features = data.get("features")
    if not isinstance(features, list):
        raise ValueError(f"{what}: a FeatureCollection needs a list of features")
    parts = [parts_of(feature, f"{what}: feature {n}") for n, feature in enumerate(features)]
    return parts, wrapped


def parts_of(data: Any, what: str) -> list[Any]:
    """Return the parts of a feature or geometry, each a list of rings.

    Parameters
    ----------
    data : mapping
        A Feature, Polygon, MultiPolygon or GeometryCollection.
    what : str
        What it is, for messages.
    """
    if not isinstance(data, Mapping):
        raise ValueError(f"{what}: expected a GeoJSON object, got {described(data)}")
    kind = data.get("type")
    if kind == "Feature":
        geometry = data.get("geometry")
        return [] if geometry is None else parts_of(geometry, what)
    if kind == "GeometryCollection":
        members = data.get("geometries")
        if not isinstance(members, list):
            raise ValueError(f"{what}: a GeometryCollection needs a list of geometries")
        return [part for member in members for part in parts_of(member, what)]
    if kind not in ("Polygon", "MultiPolygon"):
        raise ValueError(
            f"{what}: is a {str(kind)[:40]}, which has no area; expected Polygon, MultiPolygon, or "
            "features or a collection of these"
        )
    coordinates = data.get("coordinates")
    if not isinstance(coordinates, list):
        raise ValueError(f"{what}: a {kind} needs a list of coordinates")
    polygons = [coordinates] if kind == "Polygon" else coordinates
    try:  # positions can have an altitude, which is left out
        parts = [
            [[(point[0], point[1]) for point in ring] for ring in polygon]
            for polygon in polygons
            if polygon
        ]
    except (TypeError, IndexError, KeyError):
        raise ValueError(
            f"{what}: the coordinates of a {kind} are not nested as "
            f"{'rings' if kind == 'Polygon' else 'polygons of rings'} of positions"
        ) from None
    kinds = {type(x) for part in parts for ring in part for point in ring for x in point}
    odd = kinds & {bool, str, type(None), dict, list}
    if odd:
        raise ValueError(
            f"{what}: a coordinate of a {kind} is a {odd.pop().__name__}; expected numbers"
        )
    return parts


def collection_of(rings: Rings) -> dict[str, Any]:
    """Return regions as a FeatureCollection with one feature each."""
    lifted = {} if rings.period is None else {"wrapped": False}
    return {
        "type": "FeatureCollection",
        **lifted,
        "features": [
            {"type": "Feature", "properties": {"region": n}, "geometry": geometry}
            for n, geometry in enumerate(_geometries(rings))
        ],
    }


def _geometries(rings: Rings) -> list[dict[str, Any]]:
    result: list[dict[str, Any]] = []
    for polygons in grouped(rings):
        closed = [[[*ring.tolist(), ring[0].tolist()] for ring in polygon] for polygon in polygons]
        if len(closed) == 1:
            result.append({"type": "Polygon", "coordinates": closed[0]})
        else:
            result.append({"type": "MultiPolygon", "coordinates": closed})
    return result


def grouped(rings: Rings) -> list[list[list[Any]]]:
    """Return the polygons of every region: an outer ring, shape (V, 2), then its holes."""
    outer = outer_rings(rings)
    vertices = np.split(np.stack([rings.x, rings.y], 1), rings.ring_offsets[1:-1])
    result = []
    for n in range(len(rings)):
        first, last = rings.region_offsets[n : n + 2]
        polygons = {r: [vertices[r]] for r in range(first, last) if outer[r] == r}
        for r in range(first, last):
            if outer[r] != r:
                polygons[int(outer[r])].append(vertices[r])
        result.append(list(polygons.values()))
    return result
