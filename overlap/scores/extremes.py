"""What a score needs of regions whose common enclosures or distances may be beyond float64."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from overlap._common.sizes import LARGEST_POWER, power
from overlap._kernels.terms import Groups

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from overlap._kernels.formulas import Component
    from overlap.regions.base import Regions

__all__ = ["check_extremes", "check_slopes"]

_SHORTEST = 2.0**-1000  # the gradient of a ratio with respect to an end is about 1 / length

_ADVICE = "subtract an origin, or multiply all coordinates by the same number"


def check_extremes(
    name: str, components: Sequence[Component], found: Regions, truth: Regions
) -> None:
    """Raise where a term that a score reads could become 0 or infinite for a pair of regions.

    Measures were looked at when the regions were built. Whether two batches are far apart is
    looked at as a whole, not pair by pair.
    """
    if all(component.needs == Groups.OVERLAP for component in components) or not len(found):
        return
    squares = any(component.centers or component.aspect for component in components)
    lows, highs = zip(*(_ends(batch) for batch in (found, truth)), strict=True)
    with np.errstate(over="ignore"):
        cover = np.max([high.max(axis=1) for high in highs if high.size], axis=0) - np.min(
            [low.min(axis=1) for low in lows if low.size], axis=0
        )
    high = np.cumsum(power(cover)).max(initial=0.0)
    if squares:
        high = max(high, 2.0 * power(cover).max() + np.log2(len(cover)))
    if high > LARGEST_POWER:
        side, k = _farthest(lows, highs)
        raise ValueError(
            f"{name}: {side}[{k}] lies so far away that common enclosures or distances overflow "
            f"float64; {_ADVICE}"
        )
    if not squares:
        return
    for side, low, upper in zip(("found", "truth"), lows, highs, strict=True):
        largest = (upper - low).max(axis=0, initial=0.0)
        small = np.flatnonzero((largest > 0.0) & (2.0 * power(largest) < -LARGEST_POWER))
        if small.size:
            raise ValueError(
                f"{name}: {side}[{small[0]}] is {largest[small[0]]:.6g} long, so that squared "
                f"distances become 0 in float64; {_ADVICE}"
            )


def check_slopes(name: str, found: Regions, truth: Regions) -> None:
    """Raise where a gradient would be beyond float64, so that parts of it would be NaN.

    Asked only of batches with extreme sizes.
    """
    for side, batch in (("found", found), ("truth", truth)):
        low, high = _ends(batch)
        lengths = high - low
        small = np.argwhere((lengths > 0.0) & (lengths < _SHORTEST))
        if len(small):
            axis, k = small[0].tolist()
            raise ValueError(
                f"{name}: {side}[{k}] is {lengths[axis, k]:.6g} long, and its gradient is beyond "
                "float64; multiply all coordinates by the same number"
            )


def _ends(batch: Regions) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return lower and upper ends of outer boxes, shape (D, N) each."""
    bounds = batch.bounds()
    if bounds is None:  # arcs: anywhere on their circle
        lengths = batch.measure()[None]
        return np.zeros_like(lengths), lengths
    return bounds


def _farthest(
    lows: Sequence[NDArray[np.float64]], highs: Sequence[NDArray[np.float64]]
) -> tuple[str, int]:
    """Return the side and the number of the region with the largest coordinate."""
    far = [
        np.maximum(np.abs(low), np.abs(high)).max(axis=0, initial=0.0)
        for low, high in zip(lows, highs, strict=True)
    ]
    most = [reach.max(initial=0.0) for reach in far]
    return (
        ("found", int(far[0].argmax())) if most[0] >= most[1] else ("truth", int(far[1].argmax()))
    )
