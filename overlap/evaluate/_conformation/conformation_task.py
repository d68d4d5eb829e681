"""Task of conformations: rules by which regions of backbone angles are compared with others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from overlap.evaluate.bootstrap import Bootstrap
from overlap.evaluate.numbers import Number
from overlap.evaluate.task import Description
from overlap.io.conformations import Conformations
from overlap.io.rama_grids import RamaGrids

from . import wording
from .compared import Rules, compare_category
from .cutoffs import as_cutoffs, read_levels
from .draws import Drawn, DrawnSide
from .evidence import ConformationEvidence
from .parts import Part
from .reading import Order, ReadingTask
from .report import ConformationReport
from .sides import Estimator, as_side, shared_categories
from .sources import in_same_categories, is_four
from .units import units_of

__all__ = ["Conformation", "one_of"]

_STEP, _WIDEST_STEP = 2.0, 5.0  # degrees: nodes farther apart are none for a density


@dataclass(frozen=True)
class Conformation(ReadingTask):
    """Rules by which both sides are read and compared; fields are those of `conformation`."""

    levels: Any
    level_by: Literal["points", "mass"]
    kappa: float | Literal["likelihood"]
    step: float | None
    favored: float | None
    allowed: Any
    mass: Literal["truth", "found"]
    min_residues: int
    tolerance: float | None
    resample: str | None
    name, report = "conformation", ConformationReport

    def __post_init__(self) -> None:
        super().__post_init__()
        as_cutoffs(self.favored, self.allowed)  # a bad one is an error before files are read
        one_of(self.level_by, "level_by", ("points", "mass"))
        one_of(self.mass, "mass", ("truth", "found"))
        fields: dict[str, Any] = {
            "levels": _several(self.levels),
            "min_residues": _whole(self.min_residues, "min_residues", 1),
        }
        for name in ("step", "tolerance"):
            if getattr(self, name) is not None:
                fields[name] = _positive(getattr(self, name), name)
        for name, value in fields.items():
            object.__setattr__(self, name, value)

    def finish(self, parts: Mapping[Any, Part], about: Order | None) -> ConformationEvidence:
        """Make the regions of both sides, and compare them."""
        read = [self.joined(parts, role, about) for role in ("found", "truth")]
        inputs, said = in_same_categories(read)
        cutoffs = as_cutoffs(self.favored, self.allowed, four=any(map(is_four, inputs)))
        rules = Rules(
            read_levels(self.levels, cutoffs), self.mass, self.min_residues, self.tolerance
        )
        estimator = Estimator(self.kappa, _step(self.step, inputs), self.level_by)
        first, second = (
            as_side(role, source, estimator, rules.least)
            for role, source in zip(("found", "truth"), inputs, strict=True)
        )
        categories, notes = shared_categories(first, second)
        compared = [
            entry
            for category in categories
            for entry in compare_category(category, first, second, rules)
        ]
        both = [name for name in categories if name in first.shapes and name in second.shapes]
        found, truth = (
            DrawnSide(side, None if side.table is None else units_of(side.table, self.resample))
            for side in (first, second)
        )
        drawn = Drawn(found, truth, both, rules.levels)
        return ConformationEvidence(
            first, second, tuple(compared), rules, drawn, estimator, cutoffs, (*said, *notes)
        )

    def describe(
        self, evidence: ConformationEvidence, numbers: Sequence[Number], bootstrap: Bootstrap
    ) -> Description:
        """Return settings, contract, notes and findings."""
        return wording.description(evidence)

    def sentence(self, evidence: ConformationEvidence, settings: Mapping[str, Any]) -> str:
        """Return the sentence for a paper."""
        return wording.sentence(evidence, settings)


def _several(levels: Any) -> Any:
    return levels if isinstance(levels, str | float | int) else tuple(levels)


def _step(step: float | None, inputs: Sequence[Conformations]) -> float:
    """Return degrees between nodes: as given, or those of grids on either side."""
    if step is not None:
        return step
    steps = {
        side
        for source in inputs
        if isinstance(source, RamaGrids)
        for grid in source.grids.values()
        for side in grid.step
    }
    return min(steps) if len(steps) == 1 and min(steps) <= _WIDEST_STEP else _STEP


def one_of(value: Any, name: str, known: tuple[str, ...]) -> Any:
    """Return a word that is one of several.

    Parameters
    ----------
    value : Any
    name : str
        Name of the argument, for the message.
    known : tuple of str
    """
    if value not in known:
        raise ValueError(f"{name} = {value!r} is not one of {', '.join(known)}")
    return value


def _whole(value: Any, name: str, least: int) -> int:
    if isinstance(value, bool) or int(value) != value or value < least:
        raise ValueError(f"{name} = {value!r}; wanted a whole number, {least} or more")
    return int(value)


def _positive(value: Any, name: str) -> float:
    if isinstance(value, bool) or not 0.0 < float(value) < np.inf:
        raise ValueError(f"{name} = {value!r}; wanted a positive number of degrees")
    return float(value)
