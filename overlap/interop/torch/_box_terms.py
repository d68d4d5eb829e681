"""The terms of intervals and of axis-aligned boxes, as expressions of PyTorch.

Tables are tensors (..., 2 D) with the D lower ends and then the D upper ends; an interval is a
box with one axis.
"""

from __future__ import annotations

from functools import reduce
from operator import mul
from typing import Any

import torch

from overlap._kernels.terms import Terms

__all__ = ["box_terms", "enclosed"]


def _product(sides: Any) -> Any:
    """Return the product over the last axis; `prod` has a gradient that waits for the device."""
    return reduce(mul, sides.unbind(-1))


def box_terms(a: Any, b: Any, enclosure: str = "box") -> Terms:
    """Return the terms of boxes under the smallest box around both.

    Parameters
    ----------
    a, b : Tensor, shape (..., 2 D)
    enclosure : {"natural", "box"}
        Which are the same.

    Returns
    -------
    Terms
        Tensors; those with axes have shape (..., D).
    """
    axes = a.shape[-1] // 2
    a0, a1, b0, b1 = a[..., :axes], a[..., axes:], b[..., :axes], b[..., axes:]
    side_a, side_b = torch.broadcast_tensors(a1 - a0, b1 - b0)
    offset = 0.5 * ((a0 - b0) + (a1 - b1))
    cover = torch.maximum(a1, b1) - torch.minimum(a0, b0)
    shared = _product((torch.minimum(a1, b1) - torch.maximum(a0, b0)).clamp(min=0.0))
    first, second = _product(side_a), _product(side_b)
    hull, gap2, diameter2, outside = enclosed(offset, side_a, side_b, cover)
    return Terms(
        first, second, shared, hull, gap2, diameter2, outside, offset, side_a, side_b, cover
    )


def enclosed(offset: Any, side_a: Any, side_b: Any, cover: Any) -> tuple[Any, Any, Any, Any]:
    """Return hull, squared gap and diameter, and outside, of the box that covers both."""
    hull = _product(cover)
    shared = _product((side_a + side_b - cover).clamp(min=0.0))
    outside = (hull - (_product(side_a) + _product(side_b) - shared)).clamp(min=0.0)
    return hull, (offset * offset).sum(-1), (cover * cover).sum(-1), outside
