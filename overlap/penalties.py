"""Penalties: what to subtract from any ratio when regions miss each other.

The common layer behind GIoU, DIoU, CIoU and EIoU. Every penalty is 0 or positive, and 0
where its denominator is 0.
"""

from __future__ import annotations

from overlap import _formulas
from overlap._formulas import Component
from overlap._terms import Groups
from overlap.ratios import iou
from overlap.scores import single

__all__ = [
    "aspect_gap",
    "center_gap",
    "ciou",
    "diou",
    "eiou",
    "enclosed_gap",
    "enclosure_gap",
    "giou",
    "sides_gap",
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

giou = (iou - enclosure_gap).named("giou")
"""Generalized IoU (Rezatofighi et al. 2019, arXiv:1902.09630), in [-1, 1]."""

diou = (iou - center_gap).named("diou")
"""Distance IoU (Zheng et al. 2020, arXiv:1911.08287), in [-1, 1]."""

ciou = (diou - aspect_gap).named("ciou")
"""Complete IoU (Zheng et al. 2020, arXiv:1911.08287); ``ciou(alpha_grad=True)`` differentiates
alpha as well."""

eiou = (diou - sides_gap).named("eiou")
"""Efficient IoU (Zhang et al. 2021, arXiv:2101.08158)."""
