"""Surface distances by their definitions, without any shared code: slow and short."""

from __future__ import annotations

import itertools
import math

import numpy as np
from skimage.measure import marching_cubes


def border_voxels(mask):
    """Indices of voxels of a mask that have a face neighbor outside of it."""
    inside = {tuple(place) for place in np.argwhere(mask)}
    result = []
    for place in sorted(inside):
        neighbors = [
            (*place[:k], place[k] + step, *place[k + 1 :])
            for k in range(mask.ndim)
            for step in (-1, 1)
        ]
        if not all(neighbor in inside for neighbor in neighbors):
            result.append(place)
    return np.array(result, float).reshape(-1, mask.ndim)


def all_voxels(mask):
    return np.argwhere(mask).astype(float)


def surfels(mask, spacing):
    """Corners of voxels, in voxels, and the area of the surface around them."""
    padded = np.pad(mask, 1)
    places, areas = [], []
    for place in itertools.product(*(range(n + 1) for n in mask.shape)):
        block = padded[tuple(slice(k, k + 2) for k in place)].astype(float)
        if 0 < block.sum() < block.size:
            places.append(place)
            areas.append(min(area(block, spacing), area(1.0 - block, spacing)))
    return np.array(places, float).reshape(-1, mask.ndim), np.array(areas)


def area(block, spacing):
    if block.ndim == 2:
        # segments of marching squares: cut corners, and one line between opposite sides
        p, r = spacing
        if block[0, 0] == block[0, 1] and block[1, 0] == block[1, 1]:
            return r
        if block[0, 0] == block[1, 0] and block[0, 1] == block[1, 1]:
            return p
        return 0.5 * math.hypot(p, r) * (2 if block.sum() == 2 else 1)
    points, faces, _, _ = marching_cubes(block, 0.5, method="lorensen", spacing=spacing)
    a, b, c = (points[faces[:, k]].astype(float) for k in range(3))
    return 0.5 * np.linalg.norm(np.cross(b - a, c - a), axis=1).sum()


def distances(own, other, spacing):
    """From every point to the nearest other one."""
    gaps = (own[:, None] - other[None]) * np.array(spacing)
    return np.sqrt((gaps**2).sum(-1)).min(1)


def weighted_quantile(values, weights, share):
    total = 0.0
    for value, weight in sorted(zip(values.tolist(), weights.tolist(), strict=True)):
        total += weight
        if total >= share * weights.sum():
            return value
    return float(values.max())
