"""Goals for the shares of favored and outlier residues, and whether a model meets them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from overlap.io.rama_grids import RamaGrids

from .cutoffs import Cutoffs

__all__ = ["GOALS", "SOURCE", "Goal", "goals_of", "is_top8000", "met_by"]

#: Residues behind the grids of the Top8000 library, by category: the grids themselves tell them.
_TOP8000 = {"general": 1_061_639, "glycine": 116_589, "cispro": 3_654, "transpro": 66_364,
            "prepro": 61_568, "ileval": 195_083}  # fmt: skip

#: Where the goals stand.
SOURCE = "the summary table of MolProbity, for the Top8000 library and its cutoffs"


@dataclass(frozen=True)
class Goal:
    """A bound on a share of residues, which is itself no part of the goal.

    Attributes
    ----------
    above : bool
        Whether the share has to be above the bound; else it has to be below.
    bound : float
    """

    above: bool
    bound: float

    def met(self, share: float) -> bool:
        """Whether a share meets the goal.

        Parameters
        ----------
        share : float
            In [0, 1].
        """
        return share > self.bound if self.above else share < self.bound

    def __str__(self) -> str:
        return f"{'>' if self.above else '<'} {100 * self.bound:g} %"


#: The goals of MolProbity by verdict (rlabduke/MolProbity, lib/visualize.php; the reports of
#: mmtbx.validation print the same). The program ramalyze alone prints < 0.2 % for outliers.
GOALS = {"favored": Goal(True, 0.98), "outlier": Goal(False, 0.0005)}


def is_top8000(library: RamaGrids) -> bool:
    """Whether a library is the Top8000 grids, by the numbers of residues that they tell.

    Parameters
    ----------
    library : RamaGrids
    """
    return {name: grid.point_count for name, grid in library.grids.items()} == _TOP8000


def goals_of(library: RamaGrids, cutoffs: Cutoffs) -> Mapping[str, Goal]:
    """Return the goals by verdict; none for another library than theirs, or other cutoffs.

    Parameters
    ----------
    library : RamaGrids
    cutoffs : Cutoffs
    """
    own = Cutoffs()
    same = cutoffs.favored == own.favored and dict(cutoffs.allowed) == dict(own.allowed)
    return GOALS if same and is_top8000(library) else {}


def met_by(goals: Mapping[str, Goal], shares: Mapping[str, float]) -> str:
    """Say which of two goals are met.

    Parameters
    ----------
    goals : mapping from str to Goal
    shares : mapping from str to float
        In [0, 1], by verdict.

    Examples
    --------
    >>> met_by(GOALS, {"favored": 0.985, "outlier": 0.001})
    'only favored'
    >>> met_by(GOALS, {"favored": 0.985, "outlier": 0.0})
    'both'
    """
    met = [verdict for verdict, goal in goals.items() if goal.met(shares[verdict])]
    if len(met) == len(goals):
        return "both"
    return f"only {met[0]}" if met else "neither"
