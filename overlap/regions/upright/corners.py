"""Corners of upright boxes, and upright boxes fitted to corners."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from overlap.regions.rotated.fits import allowance, fitted_rects, min_rects

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["fitted_upright", "upright_corners"]

_SIDES = np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]])


def fitted_upright(
    points: NDArray[np.float64], tolerance: float | None, what: str
) -> NDArray[np.float64]:
    """Return upright boxes from their corners in any order, shape (N, 7).

    Parameters
    ----------
    points : ndarray, shape (N, 8, 3)
    tolerance : float or None
        How far a corner may be off.
    what : str
        For messages.
    """
    plan, z = points[:, :, :2], np.sort(points[:, :, 2], axis=1)
    low, high = z[:, :4].mean(axis=1), z[:, 4:].mean(axis=1)
    rough = _around(min_rects(plan, what))
    # Each corner of the rectangle is the mean of the two that are nearest to it, one below the
    # other; where there are not two each, the sides are 0, or it is no box, which is seen below.
    nearest = _gaps(plan, rough).argmin(axis=2)
    own = nearest[:, None, :] == np.arange(4)[:, None]
    paired = (own.sum(axis=2) == 2).all(axis=1)
    mean = 0.5 * (own[..., None] * plan[:, None]).sum(axis=2)
    x, y, w, h, angle = fitted_rects(np.where(paired[:, None, None], mean, rough)).T
    angle = angle - np.pi * np.floor(angle / np.pi + 0.5)
    boxes = np.column_stack([x, y, 0.5 * (low + high), w, h, high - low, angle])
    gaps = _gaps(points, upright_corners(boxes))
    off = np.maximum(gaps.min(axis=2).max(axis=1), gaps.min(axis=1).max(axis=1))
    diagonal = np.sqrt((boxes[:, 3:6] ** 2).sum(axis=1))
    allowed = np.full(len(points), tolerance) if tolerance is not None else None
    allowed = allowance(points, diagonal) if allowed is None else allowed
    bad = np.flatnonzero(~(off <= allowed))
    if bad.size:
        k = bad[0]
        raise ValueError(
            f"{what}: the corners of box {k} are not those of an upright box: one is {off[k]:.3g} "
            f"off, allowed is {allowed[k]:.3g}. z must be the vertical (in KITTI's camera frame it "
            "is -y); give tolerance= for corners that were rounded, or boxes that lean a little"
        )
    return boxes


def upright_corners(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the corners of upright boxes, shape (N, 8, 3): four below, then four above.

    Parameters
    ----------
    boxes : ndarray, shape (N, 7)
    """
    plan = _around(boxes[:, [0, 1, 3, 4, 6]])
    z, half = boxes[:, 2, None], 0.5 * boxes[:, 5, None]
    faces = [np.dstack([plan, np.repeat(z + side * half, 4, axis=1)]) for side in (-1.0, 1.0)]
    return np.concatenate(faces, axis=1)


def _around(rect: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the corners of rectangles, shape (N, 4, 2)."""
    x, y, w, h, angle = rect.T[:, :, None]
    c, s = np.cos(angle), np.sin(angle)
    along, across = _SIDES[:, 0] * w, _SIDES[:, 1] * h
    return np.stack([x + (c * along - s * across), y + (s * along + c * across)], axis=2)


def _gaps(points: Any, others: Any) -> NDArray[np.float64]:
    """Return the distances of points, shape (N, K, D), from others, (N, M, D): (N, K, M)."""
    return np.sqrt(((points[:, :, None] - others[:, None]) ** 2).sum(axis=3))
