"""Evidence of a report on conformations: both sides, and the numbers of their regions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from overlap._common.values import ByValue
from overlap.evaluate.bootstrap import Bootstrap, draw_weights, resampled_interval
from overlap.evaluate.numbers import Intervals, Number
from overlap.evaluate.progress import progress_bar
from overlap.evaluate.value_range import UNIT, Range

from .compared import NUMBERS, Compared, Rules, mean_of, name_of, row_of
from .cutoffs import Cutoffs
from .draws import Drawn
from .islands import Island
from .sides import Estimator, Side
from .units import FEW_UNITS

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["ConformationEvidence"]

_SIGNED = Range(-1.0, 1.0)
#: Numbers of the summary and their ranges: each as a mean over categories, and of each category.
_SUMMARY = {"iou": UNIT, "giou": _SIGNED, "diou": _SIGNED, "giou_enclosed": _SIGNED,
            "mass_iou": UNIT, "density_overlap": UNIT, "hausdorff": Range(0.0)}  # fmt: skip


@dataclass(frozen=True, eq=False)
class ConformationEvidence(ByValue):
    """Regions of two sides, and their numbers.

    Attributes
    ----------
    found, truth : Side
    compared : tuple of Compared
        By category and level.
    rules : Rules
    drawn : Drawn
        Regions of drawn residues.
    estimator : Estimator
    cutoffs : Cutoffs
    notes : tuple of str
        Remarks on categories.
    """

    found: Side
    truth: Side
    compared: tuple[Compared, ...]
    rules: Rules
    drawn: Drawn
    estimator: Estimator
    cutoffs: Cutoffs
    notes: tuple[str, ...] = ()

    @property
    def sides(self) -> tuple[Side, Side]:
        """Found and truth."""
        return self.found, self.truth

    @property
    def items(self) -> tuple[str, ...]:
        """Names of the structures or chains of both sides; none where residues are drawn."""
        names = []
        for side in (self.drawn.found, self.drawn.truth):
            if side.units is not None:
                if side.units.unit == "residue":
                    return ()
                names += [f"{side.side.role} {name}" for name in side.units.names]
        return tuple(names)

    def numbers(self) -> list[Number]:
        """Return the means over categories, then the numbers of each category."""
        result = []
        for metric in _SUMMARY:
            for level in self.rules.levels:
                values = [x.values[metric] for x in self.compared if x.level == level.name]
                result.append(_number(metric, mean_of(values), {"level": level.name}))
        for entry in self.compared:
            where = {"category": entry.category, "level": entry.level}
            result += [_number(metric, entry.values[metric], where) for metric in _SUMMARY]
        return result

    def intervals(self, numbers: Sequence[Number], bootstrap: Bootstrap) -> Intervals:
        """Return intervals over draws of both sides.

        Parameters
        ----------
        numbers : sequence of Number
        bootstrap : Bootstrap

        Raises
        ------
        ValueError
            Neither side is made of residues.
        """
        notes = tuple(note for side in self.sides for note in self._thin(side))
        if not bootstrap.resamples:
            return Intervals(notes=notes)
        units = {side.side.role: side.units for side in (self.drawn.found, self.drawn.truth)}
        if not any(units.values()):
            raise ValueError(
                "bootstrap draws residues, and neither side is made of any; give structures or "
                "angles, or bootstrap=0"
            )
        known = {number.name: number for number in numbers}
        shown = self.drawn.fewest_units()
        made = [
            resampled_interval(
                name, known[name].value, draws, items=shown[name], low=known[name].range.low,
                high=known[name].range.high, confidence_level=bootstrap.level,
                method=bootstrap.method,
            )
            for name, draws in self._draws(bootstrap).items()
            if shown[name] >= FEW_UNITS
        ]  # fmt: skip
        said = (f"{role}: {note}" for role, one in units.items() if one for note in one.notes)
        facts = {"method": f"{bootstrap.method}, over draws of both sides"}
        return Intervals(tuple(made), facts=facts, notes=(*notes, *said))

    def _draws(self, bootstrap: Bootstrap) -> dict[str, NDArray[np.float64]]:
        """Return the numbers of all draws, by name."""
        generator = np.random.default_rng(bootstrap.rng)
        sides = self.drawn.found, self.drawn.truth
        parts = []
        for _ in progress_bar(
            range(bootstrap.resamples),
            total=bootstrap.resamples,
            what="resample",
            progress=bootstrap.progress,
        ):
            weights = [draw_weights(side.count, 1, generator) for side in sides]
            parts.append(self.drawn.statistics(np.concatenate(weights, axis=1)))
        return {name: np.concatenate([part[name] for part in parts]) for name in self.drawn.names()}

    def _thin(self, side: Side) -> list[str]:
        """Name the levels that leave out less than one residue."""
        if side.table is None:
            return []
        result = []
        for level in self.rules.levels:
            few = [
                f"{category} ({count:,})"
                for category, count in side.counts.items()
                if category in side.shapes and count and count * level.cutoffs[category] < 1.0
            ]
            if few:
                result.append(
                    f"{side.role}: {level.name} leaves out less than one residue of "
                    f"{', '.join(few)}, so that it is the region of all of them"
                )
        return result

    def rows(self, intervals: Intervals) -> list[dict[str, Any]]:
        """Return one row per category and level, with the ends of intervals behind their numbers.

        Parameters
        ----------
        intervals : Intervals
        """
        ends = {one.name: one for one in intervals.numbers}
        result = []
        for entry in self.compared:
            row: dict[str, Any] = {}
            for column, value in row_of(entry, self.found, self.truth).items():
                row[column] = value
                name = name_of(column, entry.category, entry.level)
                if column in NUMBERS and name in ends:
                    row[f"{column}_low"], row[f"{column}_high"] = ends[name].low, ends[name].high
            result.append(row)
        return result

    def statistics(self, weights: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        """Return scores of regions that are made anew for each row of weights.

        Parameters
        ----------
        weights : ndarray, shape (B, items)
        """
        return self.drawn.statistics(weights)

    def columns(self) -> dict[str, Any]:
        """Return one entry per island, with its partner."""
        islands = [island for entry in self.compared for island in entry.islands]
        names = [entry.name for entry in fields(Island)]
        return {name: [getattr(island, name) for island in islands] for name in names}


def _number(metric: str, value: float, where: dict[str, str]) -> Number:
    return Number(
        metric,
        value,
        where,
        unit=NUMBERS[metric],
        range=_SUMMARY[metric],
        better="lower" if metric == "hausdorff" else "higher",
    )
