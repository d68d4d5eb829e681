"""Samples of pairs, and reports of broken laws."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

import overlap as ov
from overlap.regions.base import Regions
from overlap.scores.score import Score

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["ROUNDING", "Sample", "blocked_class", "close", "rebuild", "same", "with_class"]

ROUNDING = 1e-12  # of laws between two ways of computing one number


@cache
def blocked_class(kind: type[Regions]) -> type[Regions]:
    """Return the kind with scores evaluated on blocks of terms instead of inside loops."""

    def geometry(self: Regions, enclosure: str = "natural"):
        return replace(kind.geometry(self, enclosure), fused=False)

    return type(kind.__name__, (kind,), {"geometry": geometry, "__module__": kind.__module__})


def with_class(batch: Regions, kind: type[Regions]) -> Regions:
    """Return a copy of a batch that is of another class with the same contents."""
    result = copy.copy(batch)
    result.__class__ = kind
    return result


def rebuild(batch: Regions, table: ArrayLike) -> Regions:
    """Build a batch of the same kind and settings from a table as of `to_array`."""
    return batch.with_array(table)


@dataclass(frozen=True, eq=False)
class Sample:
    """Random pairs of one kind, with the properties on which laws depend.

    Attributes
    ----------
    kind : str
        Name of the kind.
    found, truth : Regions
        As many of each, evaluated on blocks of terms.
    fused : bool
        The kind itself has scores compiled into its loops.
    exact : bool
        Symmetry and identity hold to the bit.
    numeric : bool
        A region is a row of numbers from which it can be built.
    rebuild : callable
        ``(batch, table)`` -> a batch of the same kind.
    transforms : mapping of str to callable
        Maps of batches that change no score.
    rng : numpy.random.Generator
    overlapping : ndarray of bool
        Which pairs intersect.
    """

    kind: str
    found: Regions
    truth: Regions
    fused: bool
    exact: bool
    numeric: bool
    rebuild: Callable[[Regions, ArrayLike], Regions]
    transforms: Mapping[str, Callable[[Regions], Regions]]
    rng: np.random.Generator
    overlapping: NDArray[np.bool_] = field(init=False)

    def __post_init__(self) -> None:
        shared = ov.terms(self.found, self.truth).intersection > 0
        object.__setattr__(self, "overlapping", shared)

    def has(self, score: Score) -> bool:
        """Return whether the kind has all terms of the score."""
        try:
            score(self.found[:1], self.truth[:1])
        except TypeError:
            return False
        return True

    def build(self, batch: Regions, table: NDArray) -> tuple[Regions, NDArray[np.intp]]:
        """Build the rows of `table` that are legal regions; return their numbers as well."""
        try:
            return self.rebuild(batch, table), np.arange(len(table))
        except ValueError:
            legal = [k for k in range(len(table)) if self.legal(batch, table[k : k + 1])]
            return self.rebuild(batch, table[legal]), np.array(legal, np.intp)

    def legal(self, batch: Regions, row: NDArray) -> bool:
        """Return whether a row of parameters is a region."""
        try:
            self.rebuild(batch, row)
        except ValueError:
            return False
        return True

    def hold(
        self,
        law: str,
        ok: ArrayLike,
        score: Score | None = None,
        found: Regions | None = None,
        truth: Regions | None = None,
        **numbers: Any,
    ) -> None:
        """Raise an AssertionError about the first pair for which `ok` is false."""
        ok = np.asarray(ok)
        if ok.all():
            return
        where = np.argwhere(~ok)[0]
        lines = [f"{law}: does not hold for {self.kind}" + (f" under {score}" if score else "")]
        for name, batch in (("found", found), ("truth", truth)):
            if batch is not None and len(batch):
                lines.append(f"  {name} {where[0]}: {batch[int(where[0]) % len(batch)]!r}")
        for name, values in numbers.items():
            values = np.asarray(values)
            shown = values[tuple(where)] if values.ndim == len(where) else values
            lines.append(f"  {name}: {shown!r}")
        raise AssertionError("\n".join(lines))


def same(a: NDArray, b: NDArray) -> NDArray[np.bool_]:
    """Return where two results are equal to the bit, NaN being equal to NaN."""
    if np.shape(a) != np.shape(b):
        return np.array(False)
    return (a == b) | (np.isnan(a) & np.isnan(b))


def close(a: NDArray, b: NDArray, tolerance: float = ROUNDING) -> NDArray[np.bool_]:
    with np.errstate(invalid="ignore"):
        return same(a, b) | (abs(a - b) <= tolerance * (1.0 + abs(b)))
