"""Random polygons for tests, and plain definitions on grids of points."""

from __future__ import annotations

import numpy as np
import shapely


def star(rng, size, center, radius, rough=0.5):
    """Return a ring of `size` vertices around a center, not convex as a rule."""
    angle = (np.arange(size) + 0.8 * rng.random(size)) * 2.0 * np.pi / size
    reach = radius * (1.0 - rough * rng.random(size))
    return center + reach[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1)


def regions(rng, count, spread, radius=1.0, sizes=(3, 16)):
    """Return nested lists of valid regions: rings, rings with a hole, regions of two parts."""
    result = []
    for _ in range(count):
        center = rng.uniform(-spread, spread, 2)
        ring = star(rng, int(rng.integers(*sizes)), center, radius)
        hole = center + 0.4 * (ring - center)
        island = center + 0.06 * (star(rng, 5, center, radius) - center)
        forms = [[[ring]], [[ring, hole]], [[ring, hole], [island]]]
        # Of fewer than five vertices, the center need not lie inside.
        result.append(forms[rng.integers(0, 3) if len(ring) > 4 else 0])
    return result


def wrapped_mask(shape, period, count, reach=2):
    """Return which centers of `count` x `count` cells of a torus lie in a planar shape."""
    side = [length / count for length in period]
    x, y = ((np.arange(count) + 0.5) * s for s in side)
    inside = np.zeros((count, count), bool)
    shapely.prepare(shape)
    for i in range(-reach, reach + 1):
        for j in range(-reach, reach + 1):
            grid = np.meshgrid(x + i * period[0], y + j * period[1], indexing="ij")
            inside |= shapely.contains_xy(shape, *grid)
    return inside
