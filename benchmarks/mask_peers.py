"""Masks, and scores of masks by other programs or by the expressions that people write.

Every function imports its peer inside and returns a call without arguments, or raises
ImportError.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = [
    "blobs",
    "cocotools_dense",
    "cocotools_encoded",
    "encoded",
    "numpy_binary_dice",
    "numpy_soft_dice",
    "soft_pair",
    "torch_soft_dice",
]

Call = Callable[[], Any]


def blobs(count: int, height: int, width: int, seed: int) -> np.ndarray:
    """Return instance masks such as of objects in an image, shape (count, height, width)."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width].astype(np.float32)
    result = np.empty((count, height, width), bool)
    for k in range(count):
        cx, cy = rng.uniform(0.0, width), rng.uniform(0.0, height)
        radius, aspect = rng.uniform(0.02, 0.18) * height, rng.uniform(0.5, 1.5)
        u, v = (x - cx) / radius, (y - cy) / (radius * aspect)
        result[k] = u * u + v * v < 1.0 + 0.2 * np.sin(7.0 * np.arctan2(v, u))
        result[k, int(cy), int(cx)] = True
    return result


def encoded(masks: np.ndarray) -> list[dict[str, Any]]:
    """Return COCO run lengths, compressed by pycocotools."""
    from pycocotools import mask

    return mask.encode(np.asfortranarray(masks.transpose(1, 2, 0).view(np.uint8)))


def cocotools_dense(a: np.ndarray, b: np.ndarray) -> Call:
    """``pycocotools.mask.encode`` of both, and ``iou``; the arrays already as it wants them."""
    from pycocotools import mask

    first, second = (np.asfortranarray(x.transpose(1, 2, 0).view(np.uint8)) for x in (a, b))
    crowd = [0] * len(b)
    return lambda: mask.iou(mask.encode(first), mask.encode(second), crowd)


def cocotools_encoded(a: list[dict[str, Any]], b: list[dict[str, Any]]) -> Call:
    """``pycocotools.mask.iou`` of run lengths."""
    from pycocotools import mask

    crowd = [0] * len(b)
    return lambda: mask.iou(a, b, crowd)


def numpy_binary_dice(a: np.ndarray, b: np.ndarray) -> Call:
    """``2 |a & b| / (|a| + |b|)`` with ``numpy.count_nonzero``."""
    count = np.count_nonzero
    return lambda: np.array([2.0 * count(a & b) / (count(a) + count(b))])


def soft_pair(cells: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return two soft masks of float32, shape (1, cells)."""
    rng = np.random.default_rng(seed)
    return rng.random((1, cells), np.float32), rng.random((1, cells), np.float32)


def numpy_soft_dice(p: np.ndarray, q: np.ndarray) -> Call:
    """Soft Dice by the minimum, the sums in float64."""
    total = p.sum(dtype=np.float64) + q.sum(dtype=np.float64)
    return lambda: np.array([2.0 * np.minimum(p, q).sum(dtype=np.float64) / total])


def torch_soft_dice(p: np.ndarray, q: np.ndarray) -> Call:
    """Soft Dice by the minimum; torch sums in float32."""
    import torch

    first, second = torch.from_numpy(p), torch.from_numpy(q)
    total = float(first.sum(dtype=torch.float64) + second.sum(dtype=torch.float64))
    return lambda: np.array([2.0 * float(torch.minimum(first, second).sum()) / total])
