"""The terms of rotated and of upright boxes, as expressions of PyTorch.

Nothing here looks at values to decide what to do, so that a device never waits: what two boxes
share is an integral along all eight sides, each cut to the part inside the other box.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch

from overlap._kernels.terms import Terms
from overlap.interop.torch._box_terms import box_terms, enclosed

__all__ = ["rotated_terms", "upright_terms"]

_TIE = 1e-13  # of the sum of the half sides: a side so near to another lies on it


def _corners(w: Any, h: Any, c: Any, s: Any) -> tuple[Any, Any]:
    """Return x and y, shape (..., 4), of the corners around the center, in order."""
    sign_x = torch.tensor([1.0, -1.0, -1.0, 1.0], dtype=w.dtype, device=w.device)
    sign_y = torch.tensor([1.0, 1.0, -1.0, -1.0], dtype=w.dtype, device=w.device)
    x, y = sign_x * w[..., None], sign_y * h[..., None]
    c, s = c[..., None], s[..., None]
    return c * x - s * y, s * x + c * y


def _cut(p: Any, d: Any, half: Any, near: Any) -> tuple[Any, Any, Any]:
    """Return where ``p + t d`` enters and leaves a slab, and its weight: a half along a side."""
    level = d.abs() <= near
    safe = torch.where(level, torch.ones_like(d), d)
    u, v = (-half - p) / safe, (half - p) / safe
    low = torch.where(level, torch.full_like(d, -1.0), torch.minimum(u, v))
    high = torch.where(level, torch.ones_like(d), torch.maximum(u, v))
    beyond = p.detach().abs() - half.detach()
    on_side = 0.5 * (beyond <= near).to(d.dtype) + 0.5 * (beyond < -near).to(d.dtype)
    return low, high, torch.where(level, on_side, torch.ones_like(d))


def _integral(x: Any, y: Any, w: Any, h: Any, near: Any, cross: Any) -> Any:
    """Return the sum over the sides of one box of ``cross`` times the part inside another.

    `x` and `y` are the corners of the one in the frame of the other, whose half sides are w
    and h; `cross` is the cross product of the middle of each side with half of it.
    """
    next_x, next_y = x.roll(-1, -1), y.roll(-1, -1)
    middle, along = (
        (0.5 * (x + next_x), 0.5 * (y + next_y)),
        (0.5 * (next_x - x), 0.5 * (next_y - y)),
    )
    low0, high0, weight0 = _cut(middle[0], along[0], w[..., None], near[..., None])
    low1, high1, weight1 = _cut(middle[1], along[1], h[..., None], near[..., None])
    low, high = (
        torch.maximum(low0, low1).clamp(min=-1.0),
        torch.minimum(high0, high1).clamp(max=1.0),
    )
    return 0.5 * ((high - low).clamp(min=0.0) * weight0 * weight1 * cross).sum(-1)


def _cross(x: Any, y: Any) -> Any:
    next_x, next_y = x.roll(-1, -1), y.roll(-1, -1)
    return 0.5 * (x * next_y - next_x * y)


def _shared(aw: Any, ah: Any, ux: Any, uy: Any, c: Any, s: Any, bw: Any, bh: Any) -> Any:
    """Return the common area of two boxes with half sides, in the frame of the first."""
    near = _TIE * (aw + ah + bw + bh)
    one, nought = torch.ones_like(c), torch.zeros_like(c)
    ax, ay = _corners(aw, ah, one, nought)
    bx, by = _corners(bw, bh, c, s)
    bx, by = bx + ux[..., None], by + uy[..., None]
    dx, dy, cc, ss = ax - ux[..., None], ay - uy[..., None], c[..., None], s[..., None]
    first = _integral(cc * dx + ss * dy, cc * dy - ss * dx, bw, bh, near, _cross(ax, ay))
    return (first + _integral(bx, by, aw, ah, near, _cross(bx, by))).clamp(min=0.0)


def _hull(aw: Any, ah: Any, ux: Any, uy: Any, c: Any, s: Any, bw: Any, bh: Any) -> Any:
    """Return the area of the convex hull of two boxes with half sides.

    The second is turned by right angles until its angle is in [0, 90) degrees. The outward
    normals of the two then alternate, and between two of them each has one farthest corner:
    the hull goes from the one that is farther out at the first normal to the one that is
    farther out at the second.
    """
    back = (s < 0.0) | ((s == 0.0) & (c < 0.0))
    c, s = torch.where(back, -c, c), torch.where(back, -s, s)
    aside = c <= 0.0
    c, s, bw, bh = (
        torch.where(aside, s, c),
        torch.where(aside, -c, s),
        torch.where(aside, bh, bw),
        torch.where(aside, bw, bh),
    )
    ax, ay = _corners(aw, ah, torch.ones_like(c), torch.zeros_like(c))
    bx, by = _corners(bw, bh, c, s)
    bx, by = bx + ux[..., None], by + uy[..., None]
    # The corners of sector k, which is between the normals k and k + 1.
    sector = torch.arange(8, device=c.device)
    ax, ay = ax[..., sector // 2], ay[..., sector // 2]
    bx, by = (v[..., ((sector + 1) // 2 + 3) % 4] for v in (bx, by))
    one, nought = torch.ones_like(c), torch.zeros_like(c)
    quarter = [(one, nought), (c, s), (nought, one), (-s, c)]
    normals = quarter + [(-x, -y) for x, y in quarter]
    nx, ny = (torch.stack(part, -1) for part in zip(*normals, strict=True))

    def farther(x: Any, y: Any) -> tuple[Any, Any]:
        ahead = (ax - bx) * x + (ay - by) * y >= 0.0
        return torch.where(ahead, ax, bx), torch.where(ahead, ay, by)

    x0, y0 = farther(nx, ny)
    x1, y1 = farther(nx.roll(-1, -1), ny.roll(-1, -1))
    x, y = torch.stack([x0, x1], -1).flatten(-2), torch.stack([y0, y1], -1).flatten(-2)
    return _cross(x, y).sum(-1)


def _diameter2(aw: Any, ah: Any, ux: Any, uy: Any, c: Any, s: Any, bw: Any, bh: Any) -> Any:
    """Return the largest squared distance between corners of two boxes."""
    ax, ay = _corners(aw, ah, torch.ones_like(c), torch.zeros_like(c))
    bx, by = _corners(bw, bh, c, s)
    x = ax[..., :, None] - (bx + ux[..., None])[..., None, :]
    y = ay[..., :, None] - (by + uy[..., None])[..., None, :]
    own = torch.maximum(4.0 * (aw * aw + ah * ah), 4.0 * (bw * bw + bh * bh))
    return torch.maximum((x * x + y * y).flatten(-2).amax(-1), own)


def _around(half_a: tuple[Any, Any], half_b: tuple[Any, Any], offset: Any) -> tuple[Any, Any, Any]:
    """Return sides of both boxes and of what covers them along the axes, shape (..., 2)."""
    a, b = torch.stack(half_a, -1), torch.stack(half_b, -1)
    upper, lower = torch.maximum(offset + a, b), torch.minimum(offset - a, -b)
    return 2.0 * a, 2.0 * b, upper - lower


def rotated_terms(a: Any, b: Any, enclosure: str = "natural") -> Terms:
    """Return the terms of rotated boxes.

    Parameters
    ----------
    a, b : Tensor, shape (..., 5)
        Center x, center y, width, height, angle in radians.
    enclosure : {"natural", "hull", "box"}

    Returns
    -------
    Terms
        The first two axes are own widths and heights, without a cover; under ``"box"`` the
        axes of the box follow.
    """
    a, b = torch.broadcast_tensors(a, b)
    ax, ay, aw, ah, at = a.unbind(-1)
    bx, by, bw, bh, bt = b.unbind(-1)
    dx, dy = bx - ax, by - ay
    ca, sa, cb, sb = at.cos(), at.sin(), bt.cos(), bt.sin()
    frame = (
        0.5 * aw,
        0.5 * ah,
        ca * dx + sa * dy,
        ca * dy - sa * dx,
        ca * cb + sa * sb,
        ca * sb - sa * cb,
        0.5 * bw,
        0.5 * bh,
    )
    first, second = aw * ah, bw * bh
    equal = (a.detach() == b.detach()).all(-1)
    mean = 0.5 * (first + second)
    shared = torch.minimum(_shared(*frame), torch.minimum(first, second))
    shared = torch.where(equal, mean, shared)
    side_a, side_b = torch.stack([aw, ah], -1), torch.stack([bw, bh], -1)
    nothing = torch.zeros_like(side_a)
    gap2 = dx * dx + dy * dy
    if enclosure == "box":
        half_a = 0.5 * (ca.abs() * aw + sa.abs() * ah), 0.5 * (sa.abs() * aw + ca.abs() * ah)
        half_b = 0.5 * (cb.abs() * bw + sb.abs() * bh), 0.5 * (sb.abs() * bw + cb.abs() * bh)
        offset = torch.stack([-dx, -dy], -1)
        box_a, box_b, cover = _around(half_a, half_b, offset)
        hull, _, diameter2, outside = enclosed(offset, box_a, box_b, cover)
        offset, cover = torch.cat([nothing, offset], -1), torch.cat([nothing, cover], -1)
        side_a, side_b = torch.cat([side_a, box_a], -1), torch.cat([side_b, box_b], -1)
    else:
        hull = torch.maximum(_hull(*frame), torch.maximum(first, second))
        hull = torch.where(equal, mean, hull)
        diameter2 = _diameter2(*frame)
        outside = (hull - (first + second - shared)).clamp(min=0.0)
        offset, cover = nothing, nothing
    return Terms(
        first, second, shared, hull, gap2, diameter2, outside, offset, side_a, side_b, cover
    )


def upright_terms(a: Any, b: Any, enclosure: str = "natural") -> Terms:
    """Return the terms of boxes in space that turn about z: rotated boxes times intervals.

    Parameters
    ----------
    a, b : Tensor, shape (..., 7)
        Center x, y, z, sizes dx, dy, dz, yaw.
    enclosure : {"natural", "hull", "box"}
    """
    plane = torch.tensor([0, 1, 3, 4, 6], device=a.device)
    flat: Any = rotated_terms(a[..., plane], b[..., plane], enclosure)
    ends = (
        torch.stack([t[..., 2] - 0.5 * t[..., 5], t[..., 2] + 0.5 * t[..., 5]], -1) for t in (a, b)
    )
    tall: Any = box_terms(*ends)
    shared = flat.intersection * tall.intersection
    first, second = flat.measure_a * tall.measure_a, flat.measure_b * tall.measure_b
    hull = flat.hull * tall.hull
    axes = {
        name: torch.cat([getattr(flat, name), getattr(tall, name)], -1)
        for name in ("offset", "side_a", "side_b", "cover")
    }
    if enclosure == "box":
        around = (axes[name][..., 2:] for name in ("offset", "side_a", "side_b", "cover"))
        outside = enclosed(*around)[3]
    else:
        outside = (hull - (first + second - shared)).clamp(min=0.0)
    return replace(
        flat,
        measure_a=first,
        measure_b=second,
        intersection=shared,
        hull=hull,
        center_gap2=flat.center_gap2 + tall.center_gap2,
        diameter2=flat.diameter2 + tall.diameter2,
        outside=outside,
        **axes,
    )
