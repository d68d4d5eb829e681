"""GeoJSON regions of conformations: polygons in degrees, each with a category and a level.

x is phi and y is psi. Coordinates are lifted, and a ring that crosses an edge of the plot goes on
beyond 180; or a member ``"wrapped": true`` of the whole says that every step is the shorter way
round. A ring that steps more than half a period within one period needs that member, true or
false. Of the properties of a feature, ``category`` says which residues it is for (by default
``"all"``) and ``level`` which region it is (by default ``"favored"``); features that agree in both
are parts of one region.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from overlap._common.values import ByValue
from overlap.io._json import parse_json
from overlap.io._source import Source, read_source
from overlap.io.boundary import reads_file
from overlap.io.printable import brief
from overlap.io.residue_categories import EVERYTHING, as_category

if TYPE_CHECKING:
    from overlap.regions.polygons import Polygons

__all__ = ["PERIOD", "RegionSet", "read_regions", "regions_to_geojson"]

PERIOD = (360.0, 360.0)
_LEVELS = ("favored", "allowed")  # in any case; other words are names of the user


@dataclass(frozen=True, eq=False)
class RegionSet(ByValue):
    """Regions by category and level.

    Attributes
    ----------
    regions : mapping from (str, str) to Polygons
        One region each, on the torus of degrees.
    source : str
        Name of the input.
    sha256 : str or None
        Digest of the file as stored.
    findings : tuple of str
        Observations that must not be missed, such as corners that look like radians.
    """

    regions: Mapping[tuple[str, str], Polygons]
    source: str
    sha256: str | None = None
    findings: tuple[str, ...] = ()

    @property
    def categories(self) -> tuple[str, ...]:
        """Categories that have a region."""
        return tuple(dict.fromkeys(category for category, _ in self.regions))


@reads_file
def read_regions(
    path: str | os.PathLike[str] | Source, *, category: str | None = None
) -> RegionSet:
    """Read polygons in GeoJSON.

    Parameters
    ----------
    path : path
        GeoJSON: a FeatureCollection, a Feature, or a geometry.
    category : str, optional
        Category of features that name none.

    Raises
    ------
    ValueError
        The file is no GeoJSON of polygons, or a category is unknown.
    OSError
        The file is missing or unreadable.
    """
    from overlap.regions.polygons import Polygons
    from overlap.regions.polygons.geojson import parts_of

    content = path if isinstance(path, Source) else read_source(os.fspath(path))
    name = content.name
    whole = parse_json(content)
    if not isinstance(whole, dict) or not isinstance(whole.get("type"), str):
        raise ValueError(f"{name}: is no GeoJSON (an object with a type)")
    features = whole.get("features") if whole["type"] == "FeatureCollection" else [whole]
    if not isinstance(features, list):
        raise ValueError(f"{name}: a FeatureCollection needs a list of features")
    parts: dict[tuple[str, str], list[Any]] = {}
    for number, feature in enumerate(features):
        where = f"{name}, features[{number}]" if len(features) > 1 else name
        if not isinstance(feature, dict):
            raise ValueError(f"{where}: is {type(feature).__name__}; wanted an object")
        named = feature.get("properties") or {}
        if not isinstance(named, dict):
            raise ValueError(f"{where}: properties is {brief(named)}; wanted an object")
        words = named.get("category", category or EVERYTHING), named.get("level", "favored")
        if not all(isinstance(word, str) for word in words):
            raise ValueError(
                f"{where}: category and level are {brief(words[0])} and {brief(words[1])}; wanted "
                "words"
            )
        try:
            key = as_category(words[0])
        except ValueError as error:
            raise ValueError(f"{where}: {error}") from None
        level = words[1].strip()
        level = level.lower() if level.lower() in _LEVELS else level
        parts.setdefault((key, level), []).extend(parts_of(feature, where))
    regions = {}
    for (key, level), coordinates in parts.items():
        geometry = {"type": "MultiPolygon", "coordinates": coordinates}
        if "wrapped" in whole:
            geometry["wrapped"] = whole["wrapped"]
        try:
            regions[key, level] = Polygons.from_geojson(geometry, period=PERIOD)
        except (ValueError, TypeError) as error:
            advice = ""
            if "wrapped=True" in str(error):
                advice = '; in a file, write "wrapped": true or false beside the first "type"'
            raise ValueError(f"{name}: {key}, {level}: {error}{advice}") from None
    polygons = (polygon for several in parts.values() for polygon in several)
    corners = (corner for polygon in polygons for ring in polygon for corner in ring)
    farthest = max((abs(float(x)) for corner in corners for x in corner[:2]), default=None)
    if farthest is None:
        raise ValueError(f"{name}: has no polygons")
    findings = []
    if farthest <= 2.0 * math.pi * (1 + 1e-6):
        findings.append(
            f"{name}: no corner is beyond {farthest:.4g}; if these are radians, turn them into "
            "degrees"
        )
    return RegionSet(regions, name, content.sha256, tuple(findings))


def regions_to_geojson(regions: Mapping[tuple[str, str], Polygons]) -> dict[str, Any]:
    """Return regions as a FeatureCollection that `read_regions` reads back.

    Parameters
    ----------
    regions : mapping from (category, level) to Polygons
        One region each.
    """
    features = []
    for (category, level), polygons in regions.items():
        collection = polygons.to_geojson()
        for feature in collection["features"]:
            features.append({**feature, "properties": {"category": category, "level": level}})
    return {"type": "FeatureCollection", "wrapped": False, "features": features}
