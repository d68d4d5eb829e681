"""Penalties: what to subtract from any ratio when regions miss each other.

The common layer behind GIoU, DIoU, CIoU, EIoU, SIoU and MPDIoU. Every penalty is 0 or positive,
and 0 where its denominator is 0.
"""

from __future__ import annotations

import math
import sys

from overlap import _formulas
from overlap._formulas import Component
from overlap._terms import Groups
from overlap.ratios import iou
from overlap.scores import single

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

enclosure_gap = single(
    Component("enclosure_gap", _formulas.enclosure_gap, Groups.OVERLAP | Groups.ENCLOSURE)
)
"""Share of the common enclosure outside the union: ``(C - U) / C``, in [0, 1]."""

center_gap = single(Component("center_gap", _formulas.center_gap, Groups.ENCLOSURE, centers=True))
"""Squared distance of centres over squared diameter of the enclosure, in [0, 1]."""

enclosed_gap = single(
    Component("enclosed_gap", _formulas.enclosed_gap, Groups.ENCLOSURE | Groups.OUTSIDE)
)
"""Share of the enclosure outside both regions' own enclosures; 0 whenever they are equal."""

aspect_gap = single(
    Component(
        "aspect_gap",
        _formulas.aspect_gap,
        Groups.OVERLAP | Groups.EXTENT,
        parameters=(("alpha_grad", 0.0),),
        aspect=True,
    )
)
"""Difference of aspect ratios: ``alpha v`` with ``v = 4/pi^2 (atan(w/h) - atan(w'/h'))^2`` and
``alpha = v / ((1 - IoU) + v)``, constant in the partials unless ``alpha_grad=True``; in [0, 1].
"""

sides_gap = single(Component("sides_gap", _formulas.sides_gap, Groups.EXTENT, axis=_formulas._side))
"""Sum over axes of ``((side - side') / side of the enclosure)^2``; at most 1 per axis."""

direction_gap = single(
    Component(
        "direction_gap",
        _formulas.direction_gap,
        Groups.EXTENT,
        aspect=True,
        sides=True,
        centers=True,
    )
)
"""Half the distance cost of SIoU: ``((1 - exp(-g rx)) + (1 - exp(-g ry))) / 2``, in [0, 1].

``rx = (dx / side of the enclosure)^2`` and likewise ry. ``g = 2 - 2 |sin cos|`` of the line
between the centers, 2 along an axis and 1 along a diagonal: it is what ``1 - 2 sin^2(arcsin(x) -
pi/4)`` of the paper comes to. Intervals have the one axis, with g = 2.
"""

shape_gap = single(
    Component(
        "shape_gap",
        _formulas.shape_gap,
        Groups.EXTENT,
        parameters=(("theta", 4.0),),
        aspect=True,
    )
)
"""Half the shape cost of SIoU: ``((1 - exp(-ww))^theta + (1 - exp(-wh))^theta) / 2`` with
``ww = |w - w'| / max(w, w')`` and likewise wh, in [0, 1]; theta is 2 to 6 in the paper."""

corner_gap = single(
    Component(
        "corner_gap",
        _formulas.corner_gap,
        Groups.EXTENT,
        high=sys.float_info.max / 64.0,  # in an image at most 1 per axis
        parameters=(("diagonal", math.nan),),
        axis=_formulas._corner,
        corners=True,
        centers=True,
    )
)
"""Squared distances of the lower and of the upper corners, over the squared diagonal of the image.

``corner_gap(diagonal=math.hypot(640, 480))``: the diagonal must be given, in the unit of the
regions. At most 2 inside the image.
"""

giou = (iou - enclosure_gap).named("giou")
"""Generalized IoU (Rezatofighi et al. 2019, arXiv:1902.09630), in [-1, 1]."""

diou = (iou - center_gap).named("diou")
"""Distance IoU (Zheng et al. 2020, arXiv:1911.08287), in [-1, 1]."""

ciou = (diou - aspect_gap).named("ciou")
"""Complete IoU (Zheng et al. 2020, arXiv:1911.08287); ``ciou(alpha_grad=True)`` differentiates
alpha as well."""

eiou = (diou - sides_gap).named("eiou")
"""Efficient IoU (Zhang et al. 2021, arXiv:2101.08158)."""

siou = (iou - direction_gap - shape_gap).named("siou")
"""SCYLLA-IoU (Gevorgyan 2022, arXiv:2205.12740), in [-2, 1]: ``1 - siou`` is its loss,
``1 - IoU + (Delta + Omega) / 2``. ``siou(theta=2)``."""

mpdiou = (iou - corner_gap).named("mpdiou")
"""Minimum point distance IoU (Ma and Xu 2023, arXiv:2307.07662): ``IoU - (d1^2 + d2^2) /
(W^2 + H^2)`` of an image of W x H. ``mpdiou(diagonal=math.hypot(W, H))``; in [-2, 1] for boxes
inside the image."""
