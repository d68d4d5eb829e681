"""Divergences of Gaussians, as scores.

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

from overlap._kernels import formulas
from overlap.scores.score import component

__all__ = ["gwd", "jd", "kfiou", "kld", "nwd", "probiou"]

kfiou = component(
    formulas.kfiou,
    needs=("overlap", "divergence"),
    highest=1.0 / 3.0,
    doc="""Kalman filter IoU of Gaussians: ``K / (A + B - K)``.

    A, B and K are the sizes ``sqrt(det)`` of both covariances and of that of the product of the
    densities. It does not look at the centers; `overlap.iou` of Gaussians is the same number.

    Range: [0, 1/3]; 1/3 for equal covariances, 0 where one is singular, NaN where both are.

    Source: Yang et al. (2022), arXiv:2201.12558.

    Examples
    --------
    >>> import overlap as ov
    >>> boxes = ov.Boxes([[0.0, 0.0, 4.0, 4.0], [2.0, 0.0, 8.0, 4.0]])
    >>> found, truth = (ov.Gaussians.from_boxes(x, variance=0.25) for x in (boxes[0], boxes[1]))
    >>> ov.kfiou(found, truth).round(4)
    array([0.3078])
    """,
)

nwd = component(
    formulas.nwd,
    needs="divergence",
    parameters={"scale": None},
    absolute=True,
    doc="""Normalized Wasserstein distance of Gaussians: ``exp(-W / scale)``.

    W is the 2-Wasserstein distance. ``nwd(scale=12.7)``: the scale is a length in the unit of
    the coordinates (the authors take the mean size of the objects of a data set) and must be
    given.

    Range: (0, 1]; 1 for equal Gaussians.

    Source: Wang et al. (2021), arXiv:2110.13389.

    Examples
    --------
    >>> import overlap as ov
    >>> boxes = ov.Boxes([[0.0, 0.0, 4.0, 4.0], [2.0, 0.0, 8.0, 4.0]])
    >>> found, truth = (ov.Gaussians.from_boxes(x, variance=0.25) for x in (boxes[0], boxes[1]))
    >>> ov.nwd(scale=2.0)(found, truth).round(4)
    array([0.2057])
    """,
)

gwd = component(
    formulas.gwd,
    needs=("overlap", "divergence"),
    parameters={"root": 1.0, "log": 1.0, "normalize": 1.0},
    doc="""Gaussian Wasserstein distance as a similarity: ``1 / (1 + ln(1 + d))``.

    ``d = W / (2 (size_a size_b)^(1/4))``. ``root=False`` takes ``d^2`` for d, ``log=False``
    leaves out the logarithm, and ``normalize=False`` the division, so that the unit matters.
    Sizes are ``sqrt(det)``; boxes with the variance 1/4 have the divisor ``(w h w' h')^(1/4)``,
    a mean of their sides.

    Range: (0, 1]; 1 for equal Gaussians, 0 where one is singular, NaN where both are.

    Source: Yang et al. (2021), arXiv:2101.11952.

    Examples
    --------
    >>> import overlap as ov
    >>> boxes = ov.Boxes([[0.0, 0.0, 4.0, 4.0], [2.0, 0.0, 8.0, 4.0]])
    >>> found, truth = (ov.Gaussians.from_boxes(x, variance=0.25) for x in (boxes[0], boxes[1]))
    >>> ov.gwd(found, truth).round(4)
    array([0.6498])
    """,
)

_SHAPE = {"root": 0.0, "log": 1.0}

kld = component(
    formulas.kld,
    needs="divergence",
    symmetric=False,
    parameters=_SHAPE,
    doc="""Kullback-Leibler divergence as a similarity: ``1 / (1 + ln(1 + D))``.

    ``D = KL(truth || found)``. ``root=True`` takes ``sqrt(D)`` for D, ``log=False`` leaves out
    the logarithm.

    Range: [0, 1]; 1 for equal Gaussians, 0 where one is singular, NaN where both are. Not
    symmetric.

    Source: Yang et al. (2021), arXiv:2106.01883.

    Examples
    --------
    >>> import overlap as ov
    >>> boxes = ov.Boxes([[0.0, 0.0, 4.0, 4.0], [2.0, 0.0, 8.0, 4.0]])
    >>> found, truth = (ov.Gaussians.from_boxes(x, variance=0.25) for x in (boxes[0], boxes[1]))
    >>> ov.kld(found, truth).round(4)
    array([0.5399])
    """,
)

jd = component(
    formulas.jd,
    needs="divergence",
    parameters=_SHAPE,
    doc="""Jeffreys divergence as a similarity: ``1 / (1 + ln(1 + D))``.

    D is the mean of ``KL(truth || found)`` and ``KL(found || truth)``; parameters as those of
    `kld`.

    Range: [0, 1]; 1 for equal Gaussians, 0 where one is singular, NaN where both are.

    Source: Jeffreys (1946).

    Examples
    --------
    >>> import overlap as ov
    >>> boxes = ov.Boxes([[0.0, 0.0, 4.0, 4.0], [2.0, 0.0, 8.0, 4.0]])
    >>> found, truth = (ov.Gaussians.from_boxes(x, variance=0.25) for x in (boxes[0], boxes[1]))
    >>> ov.jd(found, truth).round(4)
    array([0.5931])
    """,
)

probiou = component(
    formulas.probiou,
    needs="divergence",
    doc="""Probabilistic IoU of Gaussians: ``1 - sqrt(1 - exp(-B))``.

    B is the Bhattacharyya distance, so that it is 1 minus the Hellinger distance. Its authors
    give boxes the variance 1/12, that of the uniform distribution.

    Range: [0, 1]; 1 for equal Gaussians, 0 where one is singular, NaN where both are.

    Source: Murrugarra-Llerena et al. (2021), arXiv:2106.06072.

    Examples
    --------
    >>> import overlap as ov
    >>> boxes = ov.Boxes([[0.0, 0.0, 4.0, 4.0], [2.0, 0.0, 8.0, 4.0]])
    >>> found, truth = (ov.Gaussians.from_boxes(x, variance=0.25) for x in (boxes[0], boxes[1]))
    >>> ov.probiou(found, truth).round(4)
    array([0.5619])
    """,
)
