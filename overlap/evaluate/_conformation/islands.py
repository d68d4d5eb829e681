"""Islands: the connected parts of two regions on the torus, and which belongs to which."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from overlap.pairing.matching import optimal_pairs
from overlap.regions.polygons import Polygons
from overlap.scores.score import shared_terms

from .cutoffs import Level
from .sides import Shape, weighed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from overlap.regions.density import CellDensity

__all__ = ["KINDS", "Island", "abego", "match_islands"]

#: Kinds of islands.
KINDS = ("matched", "merged", "missing", "split", "spurious")
_INSIDE = 0.5  # share from which an island is in another one


@dataclass(frozen=True)
class Island:
    """An island of one side, or a pair of islands.

    Attributes
    ----------
    category, level : str
    kind : {"matched", "merged", "missing", "split", "spurious"}
        A pair; a true island without a partner, of which at least half is covered by a found
        island that has another (merged) or not (missing); and a found island without a
        partner, of which at least half is covered by a true one (split) or not (spurious).
    found, truth : int or None
        Place among the islands of its side, the larger first.
    area_a, area_b : float
        Of the found and of the true one, in squared degrees; NaN where there is none.
    iou : float
        Of the pair; 0 for an island without a partner.
    covered_a, covered_b : float
        Share of the island inside the whole region of the other side.
    mass_a, mass_b : float
        Probability on its own side.
    phi, psi : float
        Where it is highest: of the true one, where there is one.
    abego : str
        Region of that place.
    """

    category: str
    level: str
    kind: str
    found: int | None
    truth: int | None
    area_a: float
    area_b: float
    iou: float
    covered_a: float
    covered_b: float
    mass_a: float
    mass_b: float
    phi: float
    psi: float
    abego: str

    def row(self) -> dict[str, Any]:
        """Return the fields as a row of a table."""
        return asdict(self)


def abego(phi: float, psi: float) -> str:
    """Return the region of a pair of angles: A, B, G or E; empty for NaN.

    A and B have phi below 0, A psi in [-75, 50); G and E have phi from 0 on, G psi in
    [-100, 100) (Wintjens et al., Journal of Molecular Biology 255, 235-253, 1996).

    Examples
    --------
    >>> abego(-63, -42), abego(-120, 135), abego(57, 45), abego(80, 180)
    ('A', 'B', 'G', 'E')
    """
    if phi != phi or psi != psi:
        return ""
    phi, psi = (phi + 180.0) % 360.0 - 180.0, (psi + 180.0) % 360.0 - 180.0
    if phi < 0.0:
        return "A" if -75.0 <= psi < 50.0 else "B"
    return "G" if -100.0 <= psi < 100.0 else "E"


def match_islands(
    found: Shape, truth: Shape, level: Level, regions: Sequence[Polygons]
) -> list[Island]:
    """Pair the islands of two regions one to one, so that the sum of their IoU is largest.

    Parameters
    ----------
    found, truth : Shape
        Both with a region of this level.
    level : Level
    regions : pair of Polygons
        The regions of this level, found and truth.

    Returns
    -------
    list of Island
        True islands, alone or in pairs, in their order; then found ones without a partner.
    """
    shapes = found, truth
    sides = [shape.islands(level) for shape in shapes]
    peaks = [shape.peaks(level) for shape in shapes]
    areas = [side.area() for side in sides]
    i, j, value = _pairs(*sides)
    chosen = optimal_pairs(i, j, value, len(sides[0]), len(sides[1]))
    covered = [
        _covered(sides[0], regions[1]),
        _covered(sides[1], regions[0]),
    ]
    masses = [_masses(side, shape.density) for side, shape in zip(sides, shapes, strict=True)]
    partner = dict(zip(j[chosen].tolist(), i[chosen].tolist(), strict=True))
    score = dict(zip(j[chosen].tolist(), value[chosen].tolist(), strict=True))
    rows: list[tuple[int | None, int | None]] = [(partner.get(b), b) for b in range(len(sides[1]))]
    rows += [(a, None) for a in range(len(sides[0])) if a not in partner.values()]
    nan = float("nan")
    result = []
    for a, b in rows:
        phi, psi = (peaks[0][a] if b is None else peaks[1][b]).tolist()
        result.append(
            Island(
                category=truth.category,
                level=level.name,
                kind=_kind(a, b, covered),
                found=a,
                truth=b,
                area_a=nan if a is None else float(areas[0][a]),
                area_b=nan if b is None else float(areas[1][b]),
                iou=0.0 if b is None else score.get(b, 0.0),
                covered_a=nan if a is None else float(covered[0][a]),
                covered_b=nan if b is None else float(covered[1][b]),
                mass_a=nan if a is None else float(masses[0][a]),
                mass_b=nan if b is None else float(masses[1][b]),
                phi=phi,
                psi=psi,
                abego=abego(phi, psi),
            )
        )
    return result


def _kind(a: int | None, b: int | None, covered: list[NDArray[np.float64]]) -> str:
    """Return the kind of an island; places are among the islands of each side."""
    if a is None:
        assert b is not None  # every row has one of the two
        return "merged" if covered[1][b] >= _INSIDE else "missing"
    if b is None:
        return "split" if covered[0][a] >= _INSIDE else "spurious"
    return "matched"


def _pairs(
    found: Polygons, truth: Polygons
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Places and IoU of all pairs of islands that intersect.

    By the terms of pairs, as elsewhere in a report, so that no score has to be compiled.
    """
    i, j = (index.ravel() for index in np.indices((len(found), len(truth))))
    if not len(i):
        return i, j, np.empty(0)
    pair = shared_terms(found[i], truth[j])
    touching = np.flatnonzero(pair.intersection > 0.0)
    return i[touching], j[touching], (pair.intersection / pair.union)[touching]


def _covered(islands: Polygons, other: Polygons) -> NDArray[np.float64]:
    """Share of each island inside the region of the other side; NaN of one without area."""
    if not len(islands):
        return np.empty(0)
    pair = shared_terms(islands, other)
    unknown = np.full(len(islands), np.nan)
    return np.divide(pair.intersection, pair.measure_a, out=unknown, where=pair.measure_a > 0.0)


def _masses(islands: Polygons, density: CellDensity | None) -> NDArray[np.float64]:
    if density is None:
        return np.full(len(islands), np.nan)
    return weighed(islands, density).measure()
