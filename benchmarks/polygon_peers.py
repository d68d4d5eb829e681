"""What other programs do with polygons."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

__all__ = ["shapely_pairwise"]

Call = Callable[[], np.ndarray]


def shapely_pairwise(a: list[np.ndarray], b: list[np.ndarray]) -> Call:
    """All pairs by ``shapely.intersection``, vectorised."""
    import shapely

    first = np.array([shapely.Polygon(ring) for ring in a])[:, None]
    second = np.array([shapely.Polygon(ring) for ring in b])[None, :]
    sizes = shapely.area(first) + shapely.area(second)

    def call() -> np.ndarray:
        shared = shapely.area(shapely.intersection(first, second))
        return shared / (sizes - shared)

    return call
