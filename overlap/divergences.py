"""Divergences: how near two Gaussians are, as scores.

All of them are similarities: 1 for equal Gaussians (`kfiou`: 1/3), falling towards 0 and never
negative. None is 0 for want of an intersection, so that a box far away still has a gradient;
that of `nwd` and `probiou` falls off exponentially. Boxes become Gaussians with
`overlap.Gaussians.from_boxes`, and the variance that is given there is part of what a score
means.

A singular covariance, as of a box without width, has no density. `kfiou`, `kld`, `jd`,
`probiou` and `gwd` are then 0, or NaN if both are singular; `nwd` and
``gwd(normalize=False)`` remain defined.
"""

from __future__ import annotations

import math

from overlap import _divergence_formulas as _formulas
from overlap._formulas import Component, never
from overlap._terms import Groups
from overlap.scores import single

__all__ = ["gwd", "jd", "kfiou", "kld", "nwd", "probiou"]

kfiou = single(
    Component(
        "kfiou",
        _formulas.kfiou,
        Groups.OVERLAP | Groups.DIVERGENCE,
        high=1.0 / 3.0,
        disjoint_max=1.0 / 3.0,
    )
)
"""Kalman filter IoU (Yang et al. 2022, arXiv:2201.12558): ``K / (A + B - K)`` of the sizes
``sqrt(det)`` of both covariances and of that of the product of the densities, in [0, 1/3].

Equal covariances have 1/3, whatever their centers: it forgets these. `overlap.iou` of Gaussians
is the same number.
"""

nwd = single(Component("nwd", _formulas.nwd, Groups.DIVERGENCE, parameters=(("scale", math.nan),)))
"""Normalized Wasserstein distance (Wang et al. 2021, arXiv:2110.13389): ``exp(-W / scale)`` with
the 2-Wasserstein distance W, in [0, 1].

``nwd(scale=12.7)``: the scale is a length in the unit of the coordinates (the authors take the
mean size of the objects of a data set) and must be given.
"""

gwd = single(
    Component(
        "gwd",
        _formulas.gwd,
        Groups.OVERLAP | Groups.DIVERGENCE,
        parameters=(("root", 1.0), ("log", 1.0), ("normalize", 1.0)),
    )
)
"""Gaussian Wasserstein distance (Yang et al. 2021, arXiv:2101.11952): ``1 / (1 + ln(1 + d))``
with ``d = W / (2 (size_a size_b)^(1/4))``, in [0, 1].

``root=False`` takes ``d^2`` for d, ``log=False`` leaves out the logarithm, and
``normalize=False`` the division, so that the unit matters. Sizes are ``sqrt(det)``; boxes with
the variance 1/4 have the divisor ``(w h w' h')^(1/4)``, a mean of their sides.
"""

_DIVERGENCE = (("root", 0.0), ("log", 1.0))

kld = single(
    Component(
        "kld",
        _formulas.kld,
        Groups.DIVERGENCE,
        parameters=_DIVERGENCE,
        symmetric=never,
    )
)
"""Kullback-Leibler divergence (Yang et al. 2021, arXiv:2106.01883): ``1 / (1 + ln(1 + D))`` with
``D = KL(truth || found)``, in [0, 1].

``root=True`` takes ``sqrt(D)`` for D, ``log=False`` leaves out the logarithm. Not symmetric.
"""

jd = single(Component("jd", _formulas.jd, Groups.DIVERGENCE, parameters=_DIVERGENCE))
"""Jeffreys divergence: as `kld`, with the mean of ``KL(truth || found)`` and
``KL(found || truth)``, in [0, 1]."""

probiou = single(Component("probiou", _formulas.probiou, Groups.DIVERGENCE))
"""Probabilistic IoU (Murrugarra-Llerena et al. 2021, arXiv:2106.06072): ``1 - sqrt(1 - exp(-B))``
with the Bhattacharyya distance B, that is 1 minus the Hellinger distance, in [0, 1].

Its authors give boxes the variance 1/12, that of the uniform distribution.
"""
