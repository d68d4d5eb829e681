"""What a report on conformations keeps, so that its numbers can be recomputed and shown."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from overlap._common.values import ByValue
from overlap.evaluate.page import Section
from overlap.evaluate.report import Report

from .comparing import Compared, Rules
from .draws import Drawn
from .islands import Island
from .sides import Side

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["ConformationEvidence"]


@dataclass(frozen=True, eq=False)
class ConformationEvidence(ByValue):
    """Regions of two sides, and what was measured of them.

    Attributes
    ----------
    found, truth : Side
    compared : tuple of Compared
        By category and level.
    rules : Rules
    drawn : Drawn
        What makes regions of drawn residues.
    """

    found: Side
    truth: Side
    compared: tuple[Compared, ...]
    rules: Rules
    drawn: Drawn

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

    def statistics(self, weights: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        """Scores of regions that are made anew for each row of `weights` (B, items)."""
        return self.drawn.statistics(weights)

    def columns(self) -> dict[str, Any]:
        """One entry per island: what it was matched with."""
        islands = [island for entry in self.compared for island in entry.islands]
        names = [entry.name for entry in fields(Island)]
        return {name: [getattr(island, name) for island in islands] for name in names}

    def headline(self, report: Report) -> str:
        """Return the mean IoU of the first level."""
        from .shown import headline_of

        return headline_of(report)

    def sections(self, report: Report) -> list[Section]:
        """Return the numbers by category and level, then islands without a partner."""
        from .shown import sections_of

        return sections_of(report, self)

    def draw(self, report: Report, path: str | Path | None, ax: Any, **options: Any) -> Any:
        """Draw the regions of both sides, category by category."""
        from .pictures import draw_regions

        return draw_regions(self, path, ax, **options)
