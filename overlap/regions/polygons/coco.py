"""Polygons as COCO's flat lists of coordinates, one list for each part of an object."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from overlap._common.numbers import as_numbers, described
from overlap.regions.polygons.geojson import grouped

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from overlap.regions.polygons.rings import Rings

__all__ = ["read_coco", "segmentations_of"]

_WHAT = "Polygons.from_coco"
_WANTED = "one segmentation per object, each a list of parts [x0, y0, x1, y1, ...]"


def read_coco(segmentations: Any) -> list[list[list[NDArray[np.float64]]]]:
    """Return nested parts, each with its one ring, shape (V, 2).

    Parameters
    ----------
    segmentations : sequence of sequences of array_like, each of shape (2 V,)
    """
    if isinstance(segmentations, (str, bytes, Mapping)) or not hasattr(segmentations, "__len__"):
        raise TypeError(f"{_WHAT}: expected {_WANTED}; got {described(segmentations)}")
    regions = []
    for n, parts in enumerate(segmentations):
        where = f"{_WHAT}: segmentations[{n}]"
        if isinstance(parts, Mapping):
            advice = (
                "this is an annotation; give its 'segmentation'"
                if "segmentation" in parts
                else "run lengths are for Masks.from_rle"
            )
            raise TypeError(f"{where} is {described(parts)}; {advice}")
        if isinstance(parts, (str, bytes)) or not hasattr(parts, "__len__"):
            single = isinstance(parts, (int, float, np.number))
            more = "; for one object, put it into a list: from_coco([segmentation])"
            raise TypeError(
                f"{where} is {described(parts)}; expected {_WANTED}{more if single else ''}"
            )
        if len(parts) and np.ndim(parts[0]) == 0:
            raise ValueError(
                f"{where} is one list of numbers; put every part into a list of its own: "
                "[[x0, y0, ...]], and a single object into one more: from_coco([segmentation])"
            )
        regions.append([[_ring(part, f"{where}[{k}]")] for k, part in enumerate(parts)])
    return regions


def _ring(part: Any, where: str) -> NDArray[np.float64]:
    numbers = as_numbers(part, where)
    if numbers.ndim != 1:
        raise ValueError(
            f"{where} has shape {numbers.shape}; expected a flat list x0, y0, x1, y1, ...; "
            "Polygons(...) takes vertices (x, y)"
        )
    if len(numbers) % 2:
        raise ValueError(
            f"{where} has {len(numbers)} numbers; expected x0, y0, x1, y1, ..., two for each vertex"
        )
    ring = numbers.reshape(-1, 2)
    closed = len(ring) > 1 and bool((ring[0] == ring[-1]).all())
    if closed:
        ring = ring[:-1]
    if len(ring) < 3:
        box = "; pycocotools reads four numbers as a box x, y, w, h" if len(numbers) == 4 else ""
        raise ValueError(
            f"{where} has {len(ring)} {'vertex' if len(ring) == 1 else 'vertices'}"
            f"{' beside the closing one' if closed else ''}; a polygon needs at least 3{box}. "
            "Leave such parts out"
        )
    return ring


def segmentations_of(rings: Rings) -> list[list[list[float]]]:
    """Return flat lists of coordinates, not closed, by region and part.

    Parameters
    ----------
    rings : Rings
    """
    if rings.period is not None:
        raise ValueError("Polygons.to_coco: COCO's polygons do not wrap, and these have a period")
    result = []
    for n, polygons in enumerate(grouped(rings)):
        if any(len(polygon) > 1 for polygon in polygons):
            raise ValueError(
                f"Polygons.to_coco: region {n} has a hole, which COCO's polygons cannot have; use "
                "Masks.from_regions(polygons, grid).to_rle()"
            )
        result.append([polygon[0].ravel().tolist() for polygon in polygons])
    return result
