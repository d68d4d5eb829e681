"""Plan: what a score asks of the engine, and the kernels that it is compiled into."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache, cached_property, reduce
from operator import or_
from typing import TYPE_CHECKING

from overlap._kernels import loops as _loops
from overlap._kernels.formulas import Component, combine
from overlap._kernels.jit import specialise
from overlap._kernels.terms import (
    Geometry,
    Groups,
    apart_scalar,
    each_axis,
    pullback_scalar,
    terms_scalar,
)
from overlap.regions.base import Regions, check_pair
from overlap.scores.extremes import check_extremes, check_slopes

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Plan"]

_GROUP_WORDS = {
    Groups.ENCLOSURE: "common enclosure",
    Groups.OUTSIDE: "enclosure of their own",
    Groups.EXTENT: "sides along axes",
    Groups.DIVERGENCE: "divergence",
}


@dataclass(frozen=True, eq=False)
class Plan:
    """What the engine needs to know of a score.

    Attributes
    ----------
    name : str
    components : tuple of Component
    parameters : tuple of float
        Per component its coefficient, then its own parameters.
    enclosure : str
    """

    name: str
    components: tuple[Component, ...]
    parameters: tuple[float, ...]
    enclosure: str

    @cached_property
    def needs(self) -> Groups:
        """The groups of terms that the components read."""
        return reduce(or_, (component.needs for component in self.components))

    @property
    def _averages(self) -> bool:
        """Whether ratios are at most 1 as soon as the intersection is below the mean measure."""
        rest = self.parameters
        for component in self.components:
            own, rest = (
                rest[1 : 1 + len(component.parameters)],
                rest[1 + len(component.parameters) :],
            )
            if component.bounded or (
                component.needs == Groups.OVERLAP and not component.symmetric(own)
            ):
                return False
        return True

    @cached_property
    def _checked(self) -> dict[Geometry, Geometry]:
        return {}

    @cached_property
    def _kernels(self) -> dict[tuple[Callable | str, Geometry], Callable]:
        return {}

    def kernel(self, template: Callable, geometry: Geometry) -> Callable:
        """Return a loop template with this score fused into it."""
        key = template, geometry
        if key not in self._kernels:
            self._kernels[key] = fused_kernel(template, geometry, self.components, self.needs)
        return self._kernels[key]

    def sieve(self, geometry: Geometry, columns: int) -> Callable:
        """Return the pairwise loop that leaves out pairs that cannot touch."""
        key = _loops.sieved, geometry
        if key not in self._kernels:
            self._kernels[key] = specialise(
                _loops.sieved,
                TERMS=terms_scalar(geometry, self.needs),
                APART=apart_scalar(geometry),
                BOUND=geometry.bound,
                SCORE=self.score(geometry),
                COPY=each_axis(_loops.copy_column, columns),
            )
        return self._kernels[key]

    def gradient(self, geometry: Geometry, wrt: str) -> Callable:
        """Return the loop over pairs for values and gradients."""
        key = wrt, geometry
        if key not in self._kernels:
            self._kernels[key] = specialise(
                _loops.gradient,
                TERMS=terms_scalar(geometry, self.needs),
                SCORE=self.score(geometry),
                PULL=pullback_scalar(geometry, self.needs, wrt),
            )
        return self._kernels[key]

    def geometry(self, found: Regions, truth: Regions) -> Geometry:
        """Return the scalars for two batches, or raise if the score cannot be had."""
        check_pair(found, truth)
        if found._extreme or truth._extreme:
            check_extremes(self.name, self.components, found, truth)
        geometry = found.pair_geometry(truth, self.enclosure)
        if geometry not in self._checked:  # thousands of small calls must not pay for it
            self._checked[geometry] = self._supported(geometry, type(found).__name__)
        return self._checked[geometry]

    def _supported(self, geometry: Geometry, kind: str) -> Geometry:
        values = iter(self.parameters)
        for component in self.components:
            next(values)  # the coefficient
            for name, _ in component.parameters:
                if math.isnan(next(values)):
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
        return geometry

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


@cache
def fused_kernel(
    template: Callable, geometry: Geometry, components: tuple[Component, ...], needs: Groups
) -> Callable:
    return specialise(
        template,
        TERMS=terms_scalar(geometry, needs),
        SCORE=combine(components, max(geometry.axes, 1)),
    )
