"""Penalties for regions that miss each other, to be subtracted from any ratio.

The common layer behind GIoU, DIoU, CIoU, EIoU, SIoU and MPDIoU. Every penalty is 0 or positive,
and 0 where its denominator is 0.
"""

from __future__ import annotations

import math
import sys
from typing import Any

from overlap._kernels import formulas
from overlap.scores.ratios import iou, iou_of_tensors
from overlap.scores.score import component
from overlap.scores.tensors import over, powered

__all__ = [
    "aspect_gap",
    "center_gap",
    "ciou",
    "corner_gap",
    "diou",
    "direction_gap",
    "eiou",
    "enclosed_gap",
    "enclosure_gap",
    "giou",
    "mpdiou",
    "shape_gap",
    "sides_gap",
    "siou",
]

# The penalties as operations of PyTorch.


def _enclosure_gap(t: Any) -> Any:
    return over((t.hull - t.union).clamp(min=0.0), t.hull)


def _center_gap(t: Any) -> Any:
    return over(t.center_gap2, t.diameter2)


def _enclosed_gap(t: Any) -> Any:
    return over(t.outside, t.hull)


def _aspect_gap(t: Any, alpha_grad: float) -> Any:
    a, b = t.side_a, t.side_b
    if a.shape[-1] == 1:
        return t.intersection.new_zeros(t.intersection.shape)
    wa, ha, wb, hb = a[..., 0], a[..., 1], b[..., 0], b[..., 1]
    defined = (wa * wa + ha * ha > 0.0) & (wb * wb + hb * hb > 0.0)
    across, along = wa * hb - wb * ha, ha * hb + wa * wb
    across = across.where(defined, across.new_zeros(()))
    turn = across.atan2(along.where(defined, along.new_ones(())))
    v = (4.0 / math.pi**2) * turn * turn
    alpha = over(v, (1.0 - iou_of_tensors(t)) + v)
    return (alpha if alpha_grad else alpha.detach()) * v


def _sides_gap(t: Any) -> Any:
    share = over(t.side_a - t.side_b, t.cover)
    return (share * share).sum(-1)


def _direction_gap(t: Any) -> Any:
    share = over(t.offset, t.cover)[..., -2:]
    if t.offset.shape[-1] == 1:
        return -0.5 * (-2.0 * share[..., 0] ** 2).expm1()
    u, v = t.offset[..., -2].abs(), t.offset[..., -1].abs()
    away2 = u * u + v * v
    rate = 2.0 - 2.0 * over(u * v, away2)
    return -0.5 * (-rate[..., None] * share * share).expm1().sum(-1)


def _shape_gap(t: Any, theta: float) -> Any:
    a, b = t.side_a[..., :2], t.side_b[..., :2]
    unlike = -(-over((a - b).abs(), a.maximum(b))).expm1()
    return 0.5 * powered(unlike, theta).sum(-1)


def _corner_gap(t: Any, diagonal: float) -> Any:
    offset, change = t.offset / diagonal, (t.side_a - t.side_b) / diagonal
    both = 2.0 * offset * offset + 0.5 * change * change
    return both.where(t.cover > 0.0, both.new_zeros(())).sum(-1)


enclosure_gap = component(
    formulas.enclosure_gap,
    needs=("overlap", "enclosure"),
    torch=_enclosure_gap,
    doc="""Penalty: share of the common enclosure outside the union, ``(C - U) / C``.

    C is the measure of the smallest enclosure of both sets (see `Score.with_enclosure`), U that
    of their union. ``iou - enclosure_gap`` is `giou`.

    Range: [0, 1]; 0 where the enclosure has no measure.

    Source: Rezatofighi et al. (2019), arXiv:1902.09630.

    Examples
    --------
    >>> import overlap as ov
    >>> found, truth = ov.Boxes([[0.0, 0.0, 4.0, 4.0]]), ov.Boxes([[2.0, 0.0, 8.0, 4.0]])
    >>> ov.enclosure_gap(found, truth)
    array([0.])
    """,
)

center_gap = component(
    formulas.center_gap,
    needs=("enclosure", "centers"),
    torch=_center_gap,
    doc="""Penalty: squared distance of centers over squared diameter of the enclosure.

    ``iou - center_gap`` is `diou`.

    Range: [0, 1]; 0 for equal centers, and where the enclosure is a point.

    Source: Zheng et al. (2020), arXiv:1911.08287.

    Examples
    --------
    >>> import overlap as ov
    >>> found, truth = ov.Boxes([[0.0, 0.0, 4.0, 4.0]]), ov.Boxes([[2.0, 0.0, 8.0, 4.0]])
    >>> ov.center_gap(found, truth)
    array([0.1125])
    """,
)

enclosed_gap = component(
    formulas.enclosed_gap,
    needs=("enclosure", "outside"),
    torch=_enclosed_gap,
    doc="""Penalty: share of the common enclosure outside both sets' own enclosures.

    As `enclosure_gap`, but space that a set leaves free in its own enclosure does not count.

    Range: [0, 1]; 0 whenever both own enclosures are equal.

    Examples
    --------
    >>> import overlap as ov
    >>> found, truth = ov.Boxes([[0.0, 0.0, 4.0, 4.0]]), ov.Boxes([[2.0, 0.0, 8.0, 4.0]])
    >>> ov.enclosed_gap(found, truth)
    array([0.])
    """,
)

aspect_gap = component(
    formulas.aspect_gap,
    needs=("overlap", "extent", "aspect"),
    parameters={"alpha_grad": 0.0},
    torch=_aspect_gap,
    doc="""Penalty: difference of aspect ratios, ``alpha v``.

    ``v = 4/pi^2 (atan(w/h) - atan(w'/h'))^2`` and ``alpha = v / ((1 - IoU) + v)``. In gradients
    alpha is a constant, as in the authors' program; ``aspect_gap(alpha_grad=True)``
    differentiates it as well.

    Range: [0, 1]; 0 for equal aspect ratios.

    Source: Zheng et al. (2020), arXiv:1911.08287.

    Examples
    --------
    >>> import overlap as ov
    >>> found, truth = ov.Boxes([[0.0, 0.0, 4.0, 4.0]]), ov.Boxes([[2.0, 0.0, 8.0, 4.0]])
    >>> ov.aspect_gap(found, truth).round(4)
    array([0.0003])
    """,
)

sides_gap = component(
    formulas.sides_gap,
    needs=("extent", "sides"),
    axis=formulas.side,
    torch=_sides_gap,
    doc="""Penalty: sum over axes of ``((side - side') / side of the enclosure)^2``.

    ``diou - sides_gap`` is `eiou`.

    Range: [0, D] in D dimensions; 0 for equal sides.

    Source: Zhang et al. (2021), arXiv:2101.08158.

    Examples
    --------
    >>> import overlap as ov
    >>> found, truth = ov.Boxes([[0.0, 0.0, 4.0, 4.0]]), ov.Boxes([[2.0, 0.0, 8.0, 4.0]])
    >>> ov.sides_gap(found, truth)
    array([0.0625])
    """,
)

direction_gap = component(
    formulas.direction_gap,
    needs=("extent", "aspect", "sides", "centers"),
    torch=_direction_gap,
    doc="""Penalty: half the distance cost of SIoU, ``((1 - exp(-g rx)) + (1 - exp(-g ry))) / 2``.

    ``rx = (dx / side of the enclosure)^2`` and likewise ry. ``g = 2 - 2 |sin cos|`` of the line
    between the centers, 2 along an axis and 1 along a diagonal: it is what ``1 - 2
    sin^2(arcsin(x) - pi/4)`` of the paper comes to. Intervals have the one axis, with g = 2.

    Range: [0, 1]; 0 for equal centers.

    Source: Gevorgyan (2022), arXiv:2205.12740.

    Examples
    --------
    >>> import overlap as ov
    >>> found, truth = ov.Boxes([[0.0, 0.0, 4.0, 4.0]]), ov.Boxes([[2.0, 0.0, 8.0, 4.0]])
    >>> ov.direction_gap(found, truth).round(4)
    array([0.1226])
    """,
)

shape_gap = component(
    formulas.shape_gap,
    needs=("extent", "aspect"),
    parameters={"theta": 4.0},
    torch=_shape_gap,
    doc="""Penalty: half the shape cost, ``((1 - exp(-ww))^theta + (1 - exp(-wh))^theta) / 2``.

    ``ww = |w - w'| / max(w, w')`` and likewise wh. `theta` is 4 by default, and 2 to 6 in the
    paper; ``shape_gap(theta=2)`` changes it.

    Range: [0, 1]; 0 for equal sides.

    Source: Gevorgyan (2022), arXiv:2205.12740.

    Examples
    --------
    >>> import overlap as ov
    >>> found, truth = ov.Boxes([[0.0, 0.0, 4.0, 4.0]]), ov.Boxes([[2.0, 0.0, 8.0, 4.0]])
    >>> ov.shape_gap(found, truth).round(4)
    array([0.0032])
    """,
)

corner_gap = component(
    formulas.corner_gap,
    needs=("extent", "sides", "corners", "centers"),
    highest=sys.float_info.max / 64.0,  # in an image at most 1 per axis
    parameters={"diagonal": None},
    absolute=True,
    axis=formulas.corner,
    torch=_corner_gap,
    doc="""Penalty: squared distances of both corners over the squared diagonal of the image.

    The lower and the upper corners. ``corner_gap(diagonal=math.hypot(640, 480))``: the diagonal
    must be given, in the unit of the regions.

    Range: [0, 2] for boxes inside the image.

    Source: Ma and Xu (2023), arXiv:2307.07662.

    Examples
    --------
    >>> import overlap as ov
    >>> found, truth = ov.Boxes([[0.0, 0.0, 4.0, 4.0]]), ov.Boxes([[2.0, 0.0, 8.0, 4.0]])
    >>> ov.corner_gap(diagonal=10.0)(found, truth)
    array([0.2])
    """,
)

giou = (iou - enclosure_gap).named(
    "giou",
    doc="""Generalized IoU: `iou` minus `enclosure_gap`, ``I / U - (C - U) / C``.

    C is the measure of the smallest enclosure of both sets, by default the kind's own;
    ``giou.with_enclosure("hull")`` chooses another.

    Range: [-1, 1]; 1 for equal sets, towards -1 the farther apart they are.

    Source: Rezatofighi et al. (2019), arXiv:1902.09630.

    Examples
    --------
    >>> import overlap as ov
    >>> found, truth = ov.Boxes([[0.0, 0.0, 4.0, 4.0]]), ov.Boxes([[2.0, 0.0, 8.0, 4.0]])
    >>> ov.giou(found, truth)
    array([0.25])
    """,
)

diou = (iou - center_gap).named(
    "diou",
    doc="""Distance IoU: `iou` minus `center_gap`.

    The squared distance of the centers counts against the squared diameter of the enclosure.

    Range: [-1, 1]; 1 for equal sets.

    Source: Zheng et al. (2020), arXiv:1911.08287.

    Examples
    --------
    >>> import overlap as ov
    >>> found, truth = ov.Boxes([[0.0, 0.0, 4.0, 4.0]]), ov.Boxes([[2.0, 0.0, 8.0, 4.0]])
    >>> ov.diou(found, truth)
    array([0.1375])
    """,
)

ciou = (diou - aspect_gap).named(
    "ciou",
    doc="""Complete IoU: `diou` minus `aspect_gap`.

    In gradients the weight alpha of the aspect term is a constant, as in the authors' program;
    ``ciou(alpha_grad=True)`` differentiates it as well.

    Range: [-2, 1]; 1 for equal sets.

    Source: Zheng et al. (2020), arXiv:1911.08287.

    Examples
    --------
    >>> import overlap as ov
    >>> found, truth = ov.Boxes([[0.0, 0.0, 4.0, 4.0]]), ov.Boxes([[2.0, 0.0, 8.0, 4.0]])
    >>> ov.ciou(found, truth).round(4)
    array([0.1372])
    """,
)

eiou = (diou - sides_gap).named(
    "eiou",
    doc="""Efficient IoU: `diou` minus `sides_gap`.

    Differences of the sides count on every axis, where `ciou` compares aspect ratios.

    Range: [-1 - D, 1] in D dimensions; 1 for equal sets.

    Source: Zhang et al. (2021), arXiv:2101.08158.

    Examples
    --------
    >>> import overlap as ov
    >>> found, truth = ov.Boxes([[0.0, 0.0, 4.0, 4.0]]), ov.Boxes([[2.0, 0.0, 8.0, 4.0]])
    >>> ov.eiou(found, truth).round(4)
    array([0.075])
    """,
)

siou = (iou - direction_gap - shape_gap).named(
    "siou",
    doc="""SCYLLA-IoU: `iou` minus `direction_gap` minus `shape_gap`.

    ``1 - siou`` is the loss of the paper, ``1 - IoU + (Delta + Omega) / 2``. ``siou(theta=2)``
    changes the weight of the shape.

    Range: [-2, 1]; 1 for equal sets.

    Source: Gevorgyan (2022), arXiv:2205.12740.

    Examples
    --------
    >>> import overlap as ov
    >>> found, truth = ov.Boxes([[0.0, 0.0, 4.0, 4.0]]), ov.Boxes([[2.0, 0.0, 8.0, 4.0]])
    >>> ov.siou(found, truth).round(4)
    array([0.1242])
    """,
)

mpdiou = (iou - corner_gap).named(
    "mpdiou",
    doc="""Minimum point distance IoU: `iou` minus `corner_gap`.

    ``IoU - (d1^2 + d2^2) / (W^2 + H^2)`` of an image of W x H: ``mpdiou(diagonal=math.hypot(W,
    H))``.

    Range: [-2, 1] for boxes inside the image; 1 for equal sets.

    Source: Ma and Xu (2023), arXiv:2307.07662.

    Examples
    --------
    >>> import overlap as ov
    >>> found, truth = ov.Boxes([[0.0, 0.0, 4.0, 4.0]]), ov.Boxes([[2.0, 0.0, 8.0, 4.0]])
    >>> ov.mpdiou(diagonal=10.0)(found, truth).round(4)
    array([0.05])
    """,
)
