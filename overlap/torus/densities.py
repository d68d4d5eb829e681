"""Densities of pairs of angles: von Mises kernels, summed exactly at the nodes of a grid."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from overlap._common.limits import MOST_AWAY, MOST_NODES
from overlap._common.numbers import as_numbers
from overlap._common.values import ByValue

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    _Floats = NDArray[np.float64]

__all__ = ["AngleSample", "density_of", "likeliest", "read_sample"]

_CHUNK = 4096  # angles at a time: their tables stay in the cache
_WIDEST = 2.0  # kappa from which the search for a bandwidth begins
# The usual kappa and its integral over a circle, as a share of it; SciPy would take a quarter of
# a second to load.
_USUAL = 50.0
_USUAL_SHARE = 0.056561626647454184


@dataclass(frozen=True, eq=False)
class AngleSample(ByValue):
    """The pairs of angles that a density was made of.

    Attributes
    ----------
    phi, psi : ndarray of float64, shape (N,)
        The angles, as given.
    weights : ndarray of float64, shape (N,)
        Their weights; all 1 where none were given.
    kappa : float
        Concentration of the kernel, per squared radian.
    period : tuple of float
    """

    phi: _Floats
    psi: _Floats
    weights: _Floats
    kappa: float
    period: tuple[float, float]

    @property
    def bandwidth(self) -> tuple[float, float]:
        """``kappa ** -0.5`` in the unit of each angle: about the standard deviation."""
        radians = self.kappa**-0.5 / (2.0 * math.pi)
        return radians * self.period[0], radians * self.period[1]

    def binned(self, shape: tuple[int, int]) -> _Floats:
        """Return the weight of the pairs in every cell of a grid around the nodes."""
        cell = np.zeros(len(self.phi), np.intp)
        for z, n, length in zip((self.phi, self.psi), shape, self.period, strict=True):
            place = np.mod(z / length + 0.5, 1.0) * n
            cell = cell * n + np.minimum(place.astype(np.intp), n - 1)
        held = np.bincount(cell, self.weights, shape[0] * shape[1])
        return held.astype(np.float64).reshape(shape)


def read_sample(
    phi: ArrayLike,
    psi: ArrayLike,
    weights: ArrayLike | None,
    kappa: float | Literal["likelihood"],
    step: float,
    period: tuple[float, float],
) -> tuple[AngleSample, tuple[int, int]]:
    """Return checked angles and the shape of the grid; kappa is the widest for a search."""
    what = "PeriodicGrid.from_angles"
    x, y = as_numbers(phi, f"{what}: phi"), as_numbers(psi, f"{what}: psi")
    if x.ndim != 1 or x.shape != y.shape:
        raise ValueError(
            f"{what}: phi has shape {x.shape} and psi {y.shape}; expected two lists of equal length"
        )
    if not len(x):
        raise ValueError(f"{what}: no angles; a density needs at least one pair")
    bad = np.flatnonzero(~(np.isfinite(x) & np.isfinite(y)))
    if len(bad):
        raise ValueError(
            f"{what}: phi[{bad[0]}] = {x[bad[0]]}, psi[{bad[0]}] = {y[bad[0]]}; leave out the "
            f"{len(bad)} pairs with an angle that is not finite"
        )
    w = np.ones(len(x)) if weights is None else as_numbers(weights, f"{what}: weights")
    if w.shape != x.shape:
        raise ValueError(f"{what}: weights have shape {w.shape}; expected {x.shape}")
    bad = np.flatnonzero(~(np.isfinite(w) & (w >= 0.0)))
    if len(bad):
        raise ValueError(f"{what}: weights[{bad[0]}] = {w[bad[0]]}; expected finite numbers >= 0")
    if not w.sum() > 0.0:
        raise ValueError(f"{what}: all weights are 0; a density needs at least one pair")
    far = [np.abs(z).max() / length for z, length in zip((x, y), period, strict=True)]
    if max(far) > MOST_AWAY:
        raise ValueError(
            f"{what}: an angle is {max(far):.3g} periods away from 0, at most "
            f"{MOST_AWAY:.3g} are possible: float64 does not know places farther out within "
            "a period; subtract whole periods first"
        )
    shape = _nodes(step, period[0]), _nodes(step, period[1])
    if shape[0] * shape[1] > MOST_NODES:
        raise ValueError(
            f"{what}: step = {step:g} makes a grid of {shape[0]:,} x {shape[1]:,} nodes, at most "
            f"{MOST_NODES:,} in all are possible; give a step of at least "
            f"{math.sqrt(period[0] * period[1] / MOST_NODES):.2g}"
        )
    most = narrowest(shape)
    chosen = min(_WIDEST, most) if kappa == "likelihood" else _number(kappa)
    if chosen > most:
        raise ValueError(
            f"{what}: kappa = {kappa} is a bandwidth below the step of {step:g}; give a kappa of "
            f"at most {most:.4g}, or a step of at most {min(period) / math.tau * chosen**-0.5:.3g}"
        )
    return AngleSample(x.copy(), y.copy(), w.copy(), chosen, period), shape


def narrowest(shape: tuple[int, int]) -> float:
    """Return the largest kappa: a bandwidth of one step of the grid.

    There, a von Mises density summed over the nodes is its integral to 1e-8: off by
    2 I_n(kappa) / I_0(kappa), for n nodes about 2 exp(-n^2 / (2 kappa)).
    """
    return (min(shape) / (2.0 * math.pi)) ** 2


def density_of(sample: AngleSample, shape: tuple[int, int]) -> _Floats:
    """Return the density at the nodes, per unit of area."""
    result = np.zeros(shape)
    for start in range(0, len(sample.phi), _CHUNK):
        part = slice(start, start + _CHUNK)
        along_x = _kernel(sample.phi[part], sample.kappa, shape[0], sample.period[0])
        along_y = _kernel(sample.psi[part], sample.kappa, shape[1], sample.period[1])
        result += along_x @ (along_y * sample.weights[part]).T
    mass = _mass(sample.kappa, sample.period[0]) * _mass(sample.kappa, sample.period[1])
    return result / (mass * sample.weights.sum())


def likeliest(sample: AngleSample, shape: tuple[int, int]) -> AngleSample:
    """Return the sample with the kappa of the largest leave-one-out likelihood.

    A golden-section search over the logarithm of kappa, to 2 per cent. The likelihood is that of
    the bilinear function between the nodes, from which the share of a pair's own kernel, itself
    bilinear, is taken away; so it is exact for the grid, at the cost of one density.
    """
    if np.count_nonzero(sample.weights) < 2:
        raise ValueError(
            "PeriodicGrid.from_angles: kappa = 'likelihood' needs at least two pairs; give a number"
        )

    def loss(log_kappa: float) -> float:
        return -_left_out(replace(sample, kappa=math.exp(log_kappa)), shape)

    golden = 0.5 * (math.sqrt(5.0) - 1.0)
    low, high = math.log(min(_WIDEST, narrowest(shape))), math.log(narrowest(shape))
    left, right = high - golden * (high - low), low + golden * (high - low)
    at_left, at_right = loss(left), loss(right)
    while high - low > 0.02:
        if at_left <= at_right:
            high, right, at_right = right, left, at_left
            left = high - golden * (high - low)
            at_left = loss(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + golden * (high - low)
            at_right = loss(right)
    return replace(sample, kappa=float(f"{math.exp(0.5 * (low + high)):.3g}"))


def _left_out(sample: AngleSample, shape: tuple[int, int]) -> float:
    """Return the mean logarithm of the density at each pair, made of all others."""
    values = density_of(sample, shape) * sample.weights.sum()
    corners, own = [], np.ones(len(sample.phi))
    for z, n, length in zip((sample.phi, sample.psi), shape, sample.period, strict=True):
        steps = np.mod((np.fmod(z, length) + 0.5 * length) / (length / n) - 0.5, n)
        below = np.floor(steps)
        share, node = steps - below, below.astype(np.intp) % n
        corners.append((node, (node + 1) % n, share))
        turn = 2.0 * np.pi / n
        before = np.exp(sample.kappa * (np.cos(turn * share) - 1.0))
        behind = np.exp(sample.kappa * (np.cos(turn * (1.0 - share)) - 1.0))
        own *= (before * (1.0 - share) + behind * share) / _mass(sample.kappa, length)
    (i, u, t), (j, v, s) = corners
    there = (values[i, j] * (1.0 - t) + values[u, j] * t) * (1.0 - s)
    there += (values[i, v] * (1.0 - t) + values[u, v] * t) * s
    kept = sample.weights > 0.0
    w = sample.weights[kept]
    others = (there[kept] - w * own[kept]) / (w.sum() - w)
    # A pair far from all others has no density but the rounding of its own.
    return float(w @ np.log(np.maximum(others, 1e-300)) / w.sum())


def _kernel(z: _Floats, kappa: float, n: int, length: float) -> _Floats:
    """Return ``exp(kappa (cos - 1))`` of each angle at all nodes of an axis, shape (n, N)."""
    nodes = 2.0 * np.pi * (np.arange(n) + 0.5) / n - np.pi
    angles = 2.0 * np.pi / length * np.fmod(z, length)
    at_nodes = np.stack([np.cos(nodes), np.sin(nodes), np.full(n, -1.0)], axis=1)
    of_angles = np.stack([np.cos(angles), np.sin(angles), np.ones(len(z))])
    exponent = (kappa * at_nodes) @ of_angles
    return np.exp(exponent, out=exponent)


def _mass(kappa: float, length: float) -> float:
    """Return the integral of ``exp(kappa (cos - 1))`` over a period."""
    if kappa == _USUAL:
        return length * _USUAL_SHARE
    from scipy.special import i0e

    return length * float(i0e(kappa))


def _nodes(step: float, length: float) -> int:
    count = length / step if np.isfinite(step) and step > 0.0 else 0.0
    if count > MOST_NODES:
        raise ValueError(
            f"PeriodicGrid.from_angles: step = {step!r} makes {count:.3g} nodes on a period of "
            f"{length:g}; a grid has at most {MOST_NODES:,} in all"
        )
    n = round(count)
    if n < 2 or abs(n * step - length) > 1e-9 * length:
        raise ValueError(
            f"PeriodicGrid.from_angles: step = {step!r} does not divide the period {length:g} into "
            "two or more parts; give one that does, such as period / 180"
        )
    return n


def _number(kappa: object) -> float:
    try:
        number = float(kappa)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        number = math.nan
    if not (math.isfinite(number) and number > 0.0):
        raise ValueError(
            f"PeriodicGrid.from_angles: kappa = {kappa!r}; expected a number > 0 or 'likelihood'"
        )
    return number
