"""Plans: scores made ready for two batches, checked against their terms, and the kernels."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache, cached_property, reduce
from operator import or_
from typing import TYPE_CHECKING, Any

import numpy as np

from overlap._common.sizes import LARGEST_POWER, power
from overlap._kernels import loops
from overlap._kernels.jit import FixedTypes, specialise
from overlap._kernels.terms import (
    Geometry,
    Groups,
    apart_scalar,
    pullback_scalar,
    terms_scalar,
)
from overlap.regions.base import Regions, check_pair
from overlap.scores.component import Component, Part, combine

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray


__all__ = ["Plan", "check_extremes", "check_slopes", "common_sort"]

#: Of usual batches: their class and what else decides on their geometry (`Regions._sort`).
Sort = tuple[Any, ...]

_SHORTEST = 2.0**-1000  # the gradient of a ratio with respect to an end is about 1 / length
_ADVICE = "subtract an origin, or multiply all coordinates by the same number"

_GROUP_WORDS = {
    Groups.ENCLOSURE: "common enclosure",
    Groups.OUTSIDE: "enclosure of their own",
    Groups.EXTENT: "sides along axes",
    Groups.DIVERGENCE: "divergence",
}


@dataclass(frozen=True, eq=False)
class Plan:
    """A score made ready for evaluation.

    Attributes
    ----------
    name : str
    parts : tuple of Part
    enclosure : str
    """

    name: str
    parts: tuple[Part, ...]
    enclosure: str

    @cached_property
    def components(self) -> tuple[Component, ...]:
        """The components, which decide on the machine code."""
        return tuple(part.component for part in self.parts)

    @cached_property
    def parameters(self) -> tuple[float, ...]:
        """For each component its coefficient, then its own parameters."""
        return tuple(x for part in self.parts for x in (part.coefficient, *part.parameters))

    @cached_property
    def needs(self) -> Groups:
        """The groups of terms that the components read."""
        return reduce(or_, (component.needs for component in self.components))

    @property
    def _averages(self) -> bool:
        """Whether ratios are at most 1 as soon as the intersection is below the mean measure."""
        return not any(
            part.component.bounded
            or (part.component.needs == Groups.OVERLAP and not part.symmetric)
            for part in self.parts
        )

    @cached_property
    def disjoint_max(self) -> float:
        """An upper bound of the score of two regions that do not intersect."""
        return sum(
            (p.coefficient * p.component.disjoint_max for p in self.parts if p.coefficient > 0.0),
            0.0,
        )

    @cached_property
    def highest(self) -> float:
        """An upper bound of all scores."""
        gains = [part for part in self.parts if part.coefficient > 0.0]
        if any(part.component.axis is not None for part in gains):
            return math.inf  # their bound is one for each axis
        return sum((part.coefficient * part.component.high for part in gains), 0.0)

    def check_level(self, level: float, name: str) -> None:
        """Raise where a level is far above all scores, as a percentage is: nothing would reach it.

        Parameters
        ----------
        level : float
        name : str
            For messages.

        Raises
        ------
        ValueError
        """
        if level > 2.0 and level > 2.0 * self.highest:
            raise ValueError(
                f"{name} = {level:g}, and no score is above {self.highest:g}; write a percentage "
                f"as {level / 100.0:g}"
            )

    def prunes(self, at_least: float, strict: bool) -> bool:
        """Return whether only intersecting regions can reach the threshold."""
        return at_least > self.disjoint_max or (strict and at_least >= self.disjoint_max)

    @cached_property
    def _checked(self) -> set[Geometry]:
        return set()

    @cached_property
    def _of_sort(self) -> dict[Sort, Geometry]:
        return {}

    @cached_property
    def row_kernels(self) -> dict[Sort | None, FixedTypes]:
        """`loops.paired` by the sort of two usual batches, once such batches were scored."""
        return {}

    @cached_property
    def table_kernels(self) -> dict[Sort | None, FixedTypes]:
        """`loops.pairwise` by the sort of two usual batches, once such batches were scored."""
        return {}

    @cached_property
    def _kernels(self) -> dict[tuple[Any, ...], Callable]:
        return {}

    @cached_property
    def _dense(self) -> dict[Geometry, Callable | None]:
        return {}

    def kernel(self, template: Callable, geometry: Geometry, **bindings: Callable) -> Callable:
        """Return a loop template with this score fused into it, and other names bound as given."""
        key = (template, geometry, *bindings.values()) if bindings else (template, geometry)
        kernel = self._kernels.get(key)
        if kernel is None:
            score = self.components, self.needs
            kernel = self._kernels[key] = fused_kernel(template, geometry, *score, **bindings)
        return kernel

    def sieves(self, geometry: Geometry) -> bool:
        """Return whether all pairs go through `sieve`."""
        return geometry.meets is not None and self.needs == Groups.OVERLAP

    def dense(self, geometry: Geometry) -> Callable | None:
        """Return the loop over all pairs with this score in it; None for kinds with another way."""
        if geometry not in self._dense:
            own = geometry.fuses(self.needs) and not self.sieves(geometry)
            self._dense[geometry] = self.kernel(loops.pairwise, geometry) if own else None
        return self._dense[geometry]

    def sieve(self, geometry: Geometry) -> Callable:
        """Return the pairwise loop that leaves out pairs that cannot touch."""
        key = loops.sieved, geometry
        if key not in self._kernels:
            self._kernels[key] = specialise(
                loops.sieved,
                TERMS=terms_scalar(geometry, self.needs),
                APART=apart_scalar(geometry),
                MEETS=geometry.meets,
                SCORE=self.score(geometry),
            )
        return self._kernels[key]

    def gradient(self, geometry: Geometry, wrt: str) -> Callable:
        """Return the loop over pairs for values and gradients."""
        key = wrt, geometry
        if key not in self._kernels:
            self._kernels[key] = specialise(
                loops.gradient,
                TERMS=terms_scalar(geometry, self.needs),
                SCORE=self.score(geometry),
                PULL=pullback_scalar(geometry, self.needs, wrt),
            )
        return self._kernels[key]

    def geometry(self, found: Regions, truth: Regions) -> Geometry:
        """Return the scalars for two batches, or raise if the score cannot be had."""
        sort = common_sort(found, truth)
        if sort is None:
            return self._geometry(found, truth)
        geometry = self._of_sort.get(sort)  # thousands of small calls must not pay for more
        if geometry is None:
            geometry = self._of_sort[sort] = self._geometry(found, truth)
        return geometry

    def _geometry(self, found: Regions, truth: Regions) -> Geometry:
        check_pair(found, truth)
        if found._extreme or truth._extreme:
            check_extremes(self.name, self.components, found, truth)
        geometry = found.pair_geometry(truth, self.enclosure)
        if geometry not in self._checked:
            self._check_supported(geometry, type(found).__name__)
            self._checked.add(geometry)
        return geometry

    def _check_supported(self, geometry: Geometry, kind: str) -> None:
        for part in self.parts:
            component = part.component
            for (name, _), value in zip(component.parameters, part.parameters, strict=True):
                if math.isnan(value):
                    raise TypeError(
                        f"{self.name}: give {name}=, which has no default: "
                        f"{component.name}({name}=...)"
                    )
        for group, words in _GROUP_WORDS.items():
            if group in self.needs and group not in geometry.groups:
                advice = ""
                if group == Groups.DIVERGENCE:
                    advice = "; Gaussians.from_boxes makes distributions of planar boxes"
                raise TypeError(
                    f"{self.name}: {kind} have no {words}, which this score needs{advice}"
                )
        for has, owner, attribute, words in (
            (geometry.aspect, f"{kind} have", "aspect", "width and height"),
            (geometry.sides, f"the enclosure of these {kind} has", "axis", "sides"),
            (geometry.sides, f"the enclosure of these {kind} has", "sides", "sides"),
            (geometry.fills, f"{kind} have", "corners", "corners"),
        ):
            if not has and any(getattr(part, attribute) for part in self.components):
                raise TypeError(f"{self.name}: {owner} no {words}, which this score needs")
        if not geometry.bounded and not self._averages:
            raise TypeError(
                f"{self.name}: {kind} can share more than the self-overlap of the smaller, by "
                "which this score divides; use iou, dice or tversky"
            )
        if not geometry.centers and any(component.centers for component in self.components):
            raise TypeError(
                f"{self.name}: the factors of this {kind} have different units; give "
                "Product(..., scale=) to say how many units of the first one unit of the second is"
            )

    def differentiable(self, found: Regions, truth: Regions) -> Geometry:
        """Return the scalars for two batches, or raise if there is no gradient."""
        geometry = self.geometry(found, truth)
        if found._extreme or truth._extreme:
            check_slopes(self.name, found, truth)
        if not geometry.has_gradient(self.needs):
            raise TypeError(
                f"{self.name}: {type(found).__name__} give no gradient of this score"
                f" (no pullback with the {self.enclosure!r} enclosure)"
            )
        return geometry

    def score(self, geometry: Geometry) -> Callable:
        """Return the combined formula for regions with this geometry's axes."""
        return combine(self.components, max(geometry.axes, 1))


def common_sort(found: Any, truth: Any) -> Sort | None:
    """Return the sort of two usual batches that have the same one, else None."""
    sort = getattr(found, "_sort", None)
    if sort is None or sort != getattr(truth, "_sort", None):
        return None
    return sort if type(found) is sort[0] is type(truth) else None  # classes can be assigned


@cache
def fused_kernel(
    template: Callable,
    geometry: Geometry,
    components: tuple[Component, ...],
    needs: Groups,
    **bindings: Callable,
) -> Callable:
    return specialise(
        template,
        TERMS=terms_scalar(geometry, needs),
        SCORE=combine(components, max(geometry.axes, 1)),
        **bindings,
    )


# -------------------------------------------------------------------------- numbers beyond float64


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
