"""The same jobs done by other programs, or by the expressions that people write.

Every function imports its peer inside and returns a call without arguments, or raises
ImportError. Inputs are made in each peer's own form beforehand, as ours are.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = [
    "cocotools_iou",
    "copy_floor",
    "division_floor",
    "ncls_join",
    "numpy_paired",
    "numpy_pairwise",
    "opencv_paired",
    "powerboxes_batched_nms",
    "powerboxes_nms",
    "powerboxes_pairwise",
    "powerboxes_upright",
    "read_floor",
    "shapely_paired",
    "torch_gradient",
    "torch_paired",
    "torch_pairwise",
]

Call = Callable[[], Any]


# ------------------------------------------------------------------------------ programs


def powerboxes_pairwise(name: str, a: np.ndarray, b: np.ndarray) -> Call:
    """``powerboxes.<name>``, a distance: one minus the score."""
    import powerboxes

    function = getattr(powerboxes, name)
    return lambda: function(a, b)


def powerboxes_upright(a: np.ndarray, b: np.ndarray) -> Call:
    """Boxes in space: `powerboxes` seen from above, and the heights by broadcasting in NumPy.

    Columns are x, y, z, dx, dy, dz and the yaw in degrees; one minus the score.
    """
    import powerboxes

    def call() -> np.ndarray:
        planes = [np.ascontiguousarray(table[:, [0, 1, 3, 4, 6]]) for table in (a, b)]
        ratio = 1.0 - powerboxes.rotated_iou_distance(*planes)
        areas = [table[:, 3] * table[:, 4] for table in (a, b)]
        shared = ratio / (1.0 + ratio) * (areas[0][:, None] + areas[1])
        top, low = ([t[:, 2] + sign * t[:, 5] for t in (a, b)] for sign in (0.5, -0.5))
        height = np.minimum(top[0][:, None], top[1]) - np.maximum(low[0][:, None], low[1])
        shared *= np.maximum(height, 0.0)
        volumes = areas[0] * a[:, 5], areas[1] * b[:, 5]
        return 1.0 - shared / (volumes[0][:, None] + volumes[1] - shared)

    return call


def powerboxes_batched_nms(
    boxes: np.ndarray, confidence: np.ndarray, labels: np.ndarray, threshold: float
) -> Call:
    """``powerboxes.nms`` within labels: boxes of every label are moved to a place of their own."""
    import powerboxes

    def call() -> np.ndarray:
        moved = boxes + (labels * (boxes.max() + 1.0))[:, None]
        return powerboxes.nms(moved, confidence, threshold, 0.0)

    return call


def powerboxes_nms(name: str, boxes: np.ndarray, confidence: np.ndarray, threshold: float) -> Call:
    """``powerboxes.nms`` or ``powerboxes.rtree_nms``; indices."""
    import powerboxes

    function = getattr(powerboxes, name)
    return lambda: function(boxes, confidence, threshold, 0.0)


def cocotools_iou(a: np.ndarray, b: np.ndarray) -> Call:
    """``pycocotools.mask.iou`` of boxes."""
    from pycocotools import mask

    first, second = (np.hstack([x[:, :2], x[:, 2:] - x[:, :2]]) for x in (a, b))
    crowd = np.zeros(len(b), np.uint8)
    return lambda: mask.iou(first, second, crowd)


def ncls_join(a: np.ndarray, b: np.ndarray) -> Call:
    """Nested containment list, built and asked for all overlaps; two index arrays."""
    from ncls import NCLS

    (start_a, stop_a), (start_b, stop_b) = (
        np.ascontiguousarray(x.T.astype(np.int64)) for x in (a, b)
    )
    index_a, index_b = np.arange(len(a)), np.arange(len(b))
    return lambda: NCLS(start_b, stop_b, index_b).all_overlaps_both(start_a, stop_a, index_a)


def shapely_paired(a: np.ndarray, b: np.ndarray) -> Call:
    """IoU of polygons by ``shapely.intersection``, from corners (N, 4, 2)."""
    import shapely

    first, second = shapely.polygons(a), shapely.polygons(b)
    sizes = shapely.area(first) + shapely.area(second)

    def call() -> np.ndarray:
        shared = shapely.area(shapely.intersection(first, second))
        return shared / (sizes - shared)

    return call


def opencv_paired(a: np.ndarray, b: np.ndarray) -> Call:
    """IoU by ``cv2.rotatedRectangleIntersection``, pair by pair; angles in degrees."""
    import cv2

    first, second = (
        [((x, y), (w, h), angle) for x, y, w, h, angle in table.tolist()] for table in (a, b)
    )
    sizes = a[:, 2] * a[:, 3] + b[:, 2] * b[:, 3]

    def call() -> np.ndarray:
        shared = np.zeros(len(first))
        for k, (one, two) in enumerate(zip(first, second, strict=True)):
            kind, corners = cv2.rotatedRectangleIntersection(one, two)
            if kind != cv2.INTERSECT_NONE:
                shared[k] = cv2.contourArea(corners)
        return shared / (sizes - shared)

    return call


# ---------------------------------------------------------------------- plain expressions


def _corners(a: Any, pairwise: bool) -> tuple[Any, ...]:
    columns = a.T
    return tuple(c[:, None] for c in columns) if pairwise else tuple(columns)


def _numpy_intervals(a: np.ndarray, b: np.ndarray, pairwise: bool) -> np.ndarray:
    a0, a1 = _corners(a, pairwise)
    b0, b1 = _corners(b, False)
    shared = np.maximum(np.minimum(a1, b1) - np.maximum(a0, b0), 0.0)
    return shared / ((a1 - a0) + (b1 - b0) - shared)


def _numpy_score(a: np.ndarray, b: np.ndarray, name: str, pairwise: bool) -> np.ndarray:
    if a.shape[1] == 2:
        return _numpy_intervals(a, b, pairwise)
    ax0, ay0, ax1, ay1 = _corners(a, pairwise)
    bx0, by0, bx1, by1 = _corners(b, False)
    width = np.maximum(np.minimum(ax1, bx1) - np.maximum(ax0, bx0), 0.0)
    height = np.maximum(np.minimum(ay1, by1) - np.maximum(ay0, by0), 0.0)
    shared = width * height
    union = (ax1 - ax0) * (ay1 - ay0) + (bx1 - bx0) * (by1 - by0) - shared
    if name == "iou":
        return shared / union
    hull = (np.maximum(ax1, bx1) - np.minimum(ax0, bx0)) * (
        np.maximum(ay1, by1) - np.minimum(ay0, by0)
    )
    return shared / union - (hull - union) / hull


def numpy_paired(name: str, a: np.ndarray, b: np.ndarray) -> Call:
    """Score row by row, as one writes it in NumPy."""
    return lambda: _numpy_score(a, b, name, pairwise=False)


def numpy_pairwise(name: str, a: np.ndarray, b: np.ndarray) -> Call:
    """Score all pairs by broadcasting in NumPy."""
    return lambda: _numpy_score(a, b, name, pairwise=True)


def _torch_score(a: Any, b: Any, name: str, pairwise: bool) -> Any:
    import torch

    axes = a.shape[-1] // 2
    lower_a, upper_a = a[:, :axes], a[:, axes:]
    if pairwise:
        lower_a, upper_a = lower_a[:, None], upper_a[:, None]
    lower_b, upper_b = b[:, :axes], b[:, axes:]
    overlap = (torch.minimum(upper_a, upper_b) - torch.maximum(lower_a, lower_b)).clamp(min=0)
    size_a, size_b = upper_a - lower_a, upper_b - lower_b
    if axes == 1:
        shared, area_a, area_b = overlap[..., 0], size_a[..., 0], size_b[..., 0]
    else:
        shared = overlap[..., 0] * overlap[..., 1]
        area_a, area_b = size_a[..., 0] * size_a[..., 1], size_b[..., 0] * size_b[..., 1]
    union = area_a + area_b - shared
    iou = shared / union
    if name == "iou":
        return iou
    cover = torch.maximum(upper_a, upper_b) - torch.minimum(lower_a, lower_b)
    if name == "giou":
        hull = cover[..., 0] * cover[..., 1]
        return iou - (hull - union) / hull
    diameter = (cover**2).sum(-1)
    gap = (((lower_a + upper_a) - (lower_b + upper_b)) ** 2).sum(-1) / 4
    angle_a = torch.atan(size_a[..., 0] / size_a[..., 1])
    angle_b = torch.atan(size_b[..., 0] / size_b[..., 1])
    v = (4 / torch.pi**2) * (angle_b - angle_a) ** 2
    with torch.no_grad():
        alpha = v / (1 - iou + v)
    return iou - gap / diameter - alpha * v


def torch_paired(name: str, a: np.ndarray, b: np.ndarray) -> Call:
    """Score row by row with the expression of torchvision."""
    import torch

    first, second = torch.from_numpy(a), torch.from_numpy(b)
    return lambda: _torch_score(first, second, name, pairwise=False)


def torch_pairwise(name: str, a: np.ndarray, b: np.ndarray) -> Call:
    """Score all pairs with the expression of torchvision."""
    import torch

    first, second = torch.from_numpy(a), torch.from_numpy(b)
    return lambda: _torch_score(first, second, name, pairwise=True)


def torch_gradient(name: str, a: np.ndarray, b: np.ndarray) -> Call:
    """Forward and backward: the scores, and the gradient with respect to the first boxes."""
    import torch

    first, second = torch.from_numpy(a.copy()).requires_grad_(), torch.from_numpy(b)

    def call() -> tuple[Any, Any]:
        first.grad = None
        value = _torch_score(first, second, name, pairwise=False)
        value.sum().backward()
        return value.detach(), first.grad

    return call


# --------------------------------------------------------------------------------- floor


def copy_floor(size: int) -> Call:
    """Move `size` bytes, half read and half written, on as many threads as we use."""
    from overlap._kernels.jit import run_blocks

    words = max(size // 16, 1)
    source, target = np.ones(words), np.zeros(words)

    def rows(low: int, high: int) -> None:
        np.copyto(target[low:high], source[low:high])

    return lambda: run_blocks(rows, words, 1e9)


def read_floor(size: int) -> Call:
    """Read `size` bytes, on as many threads as we use."""
    from overlap._kernels.jit import run_blocks

    words = np.ones(max(size // 8, 1), np.uint64)
    largest = np.zeros(len(words) // 512 + 1, np.uint64)

    def rows(low: int, high: int) -> None:
        largest[low // 512] = words[low:high].max()

    return lambda: run_blocks(rows, len(words), 1e9)


def _divided(above, below, low, high, out):
    for i in range(low, high):
        for j in range(out.shape[1]):
            out[i, j] = above[i] / below[j]


def _divided_twice(above, below, low, high, out):
    for i in range(low, high):
        for j in range(out.shape[1]):
            out[i, j] = above[i] / below[j] + below[j] / (above[i] + below[j])


def division_floor(rows: int, columns: int, divisions: int) -> Call:
    """Divide once or twice for every pair, into a fresh table, on as many threads as we use."""
    from overlap._kernels.jit import run_blocks, specialise

    kernel = specialise({1: _divided, 2: _divided_twice}[divisions])
    above, below = np.linspace(1.0, 2.0, rows), np.linspace(3.0, 4.0, columns)

    def call() -> np.ndarray:
        out = np.empty((rows, columns))
        run_blocks(
            lambda low, high: kernel(above, below, low, high, out), rows, 2.0 * rows * columns
        )
        return out

    return call
