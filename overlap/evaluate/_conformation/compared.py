"""Numbers of two regions of one category and level."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from overlap.pairing.hausdorff import hausdorff
from overlap.regions.polygons import Polygons
from overlap.scores.score import shared_terms, terms

from .cutoffs import Level
from .islands import KINDS, Island, match_islands
from .sides import Shape, Side, weighed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from overlap._kernels.terms import Terms
    from overlap.regions.density import CellDensity
    from overlap.torus import PeriodicGrid

__all__ = ["NUMBERS", "Compared", "Rules", "compare_category", "mean_of", "name_of", "overlap_of",
           "row_of", "scores_of"]  # fmt: skip

#: Columns of numbers, and their units.
NUMBERS = {
    "area_a": "deg2",
    "area_b": "deg2",
    "intersection": "deg2",
    "iou": "1",
    "giou": "1",
    "diou": "1",
    "giou_enclosed": "1",
    "covered_a": "1",
    "covered_b": "1",
    "mass_a": "1",
    "mass_b": "1",
    "mass_iou": "1",
    "mass_a_only": "1",
    "mass_b_only": "1",
    "density_overlap": "1",
    "hausdorff": "deg",
    "hausdorff_error": "deg",
    "islands_a": "1",
    "islands_b": "1",
    **dict.fromkeys(KINDS, "1"),
}


@dataclass(frozen=True)
class Rules:
    """How regions are compared.

    Attributes
    ----------
    levels : tuple of Level
    mass : {"truth", "found"}
        By whose density regions are weighed; the other one where this side has none.
    least : int
        Fewest residues of a category.
    tolerance : float or None
        Error that the Hausdorff distance may have, in degrees; None leaves it out.
    """

    levels: tuple[Level, ...]
    mass: Literal["truth", "found"]
    least: int
    tolerance: float | None


@dataclass(frozen=True)
class Compared:
    """Numbers of one category and level.

    Attributes
    ----------
    category, level : str
    values : mapping from str to float
        By the names of `NUMBERS`.
    islands : tuple of Island
    reason : str
        Why numbers are undefined, or what they are instead; empty where all is usual.
    """

    category: str
    level: str
    values: Mapping[str, float]
    islands: tuple[Island, ...]
    reason: str


def compare_category(category: str, found: Side, truth: Side, rules: Rules) -> list[Compared]:
    """Compare the regions of one category at all levels.

    Parameters
    ----------
    category : str
        That both sides have.
    found, truth : Side
    rules : Rules
    """
    few = [
        f"{side.role} has {side.counts[category]} residues, fewer than {rules.least}"
        for side in (found, truth)
        if category not in side.shapes
    ]
    if few:
        return [_undefined(category, level, "; ".join(few)) for level in rules.levels]
    first, second = found.shapes[category], truth.shapes[category]
    density, why = _density(first, second, rules)
    shared = overlap_of(*(getattr(shape, "grid", None) for shape in (first, second)))
    if math.isnan(shared):
        why = [*why, "densities are not both known on the same nodes"]
    result = []
    for level in rules.levels:
        regions = first.region(level), second.region(level)
        absent = [
            f"{side.role} has no region at this level"
            for side, region in zip((found, truth), regions, strict=True)
            if region is None
        ]
        if absent:
            result.append(_undefined(category, level, "; ".join(absent)))
            continue
        a, b = regions
        assert a is not None  # those that are have been left out
        assert b is not None
        islands = tuple(match_islands(first, second, level, (a, b)))
        values = _values(a, b, density, rules.tolerance)
        values["density_overlap"] = shared
        values.update(_counts(islands))
        result.append(Compared(category, level.name, values, islands, "; ".join(why)))
    return result


def _undefined(category: str, level: Level, reason: str) -> Compared:
    return Compared(category, level.name, dict.fromkeys(NUMBERS, math.nan), (), reason)


def _density(found: Shape, truth: Shape, rules: Rules) -> tuple[CellDensity | None, list[str]]:
    """Return the density that regions are weighed by, and remarks on it."""
    first, second = (truth, found) if rules.mass == "truth" else (found, truth)
    if first.density is not None:
        return first.density, []
    if second.density is not None:
        other = "found" if rules.mass == "truth" else "truth"
        return second.density, [f"masses are by the density of {other}"]
    return None, ["no side has a density: masses are undefined"]


def overlap_of(found: PeriodicGrid | None, truth: PeriodicGrid | None) -> float:
    """Return the sum of the lesser of the probabilities of cells; NaN where it is not known.

    Parameters
    ----------
    found, truth : PeriodicGrid or None
    """
    if found is None or truth is None or found.values.shape != truth.values.shape:
        return math.nan
    return found.overlap_with(truth) if found.origin == truth.origin else math.nan


def name_of(number: str, category: str, level: str) -> str:
    """Return the name that a number has in a summary; without a category it is of their mean."""
    return f"{number}[{f'{category} {level}'.strip()}]"


def mean_of(values: Iterable[float]) -> float:
    """Return the mean of those that are defined; NaN where none is."""
    known = [value for value in values if not math.isnan(value)]
    return math.fsum(known) / len(known) if known else math.nan


def scores_of(a: Polygons, b: Polygons) -> dict[str, float]:
    """Return the scores of areas: those that a bootstrap repeats.

    Parameters
    ----------
    a, b : Polygons
        One region each.

    Returns
    -------
    dict
        `overlap.iou`, `overlap.giou`, `overlap.diou`, and ``iou - enclosed_gap`` of the pair. All
        are made of its terms, computed once; four scores would compute and compile them four
        times.
    """
    return _scores(terms(a, b))


def _scores(pair: Terms) -> dict[str, float]:
    hull, gap, extent, outside = pair.hull, pair.center_gap2, pair.diameter2, pair.outside
    assert hull is not None  # polygons have all of them
    assert gap is not None
    assert extent is not None
    assert outside is not None
    union = float(pair.union[0])
    iou = float(pair.intersection[0]) / union if union > 0.0 else math.nan
    return {
        "iou": iou,
        "giou": iou - _share(float(hull[0]) - union, hull),
        "diou": iou - _share(float(gap[0]), extent),
        "giou_enclosed": iou - _share(float(outside[0]), hull),
    }


def _share(part: float, whole: NDArray) -> float:
    """Return a penalty, which is 0 where there is nothing to divide by."""
    return part / float(whole[0]) if whole[0] > 0.0 else 0.0


def _values(
    a: Polygons, b: Polygons, density: CellDensity | None, tolerance: float | None
) -> dict[str, float]:
    areas = float(a.area()[0]), float(b.area()[0])
    pair = terms(a, b)
    intersection = float(pair.intersection[0])
    values = dict.fromkeys(NUMBERS, math.nan)
    values |= {"area_a": areas[0], "area_b": areas[1], "intersection": intersection}
    values |= _scores(pair)
    values["covered_a"] = intersection / areas[0] if areas[0] > 0.0 else math.nan
    values["covered_b"] = intersection / areas[1] if areas[1] > 0.0 else math.nan
    if density is not None:
        masses = shared_terms(weighed(a, density), weighed(b, density))
        both, of_a, of_b = (
            float(x[0]) for x in (masses.intersection, masses.measure_a, masses.measure_b)
        )
        union = of_a + of_b - both
        values |= {
            "mass_a": of_a,
            "mass_b": of_b,
            "mass_iou": both / union if union > 0.0 else math.nan,
            "mass_a_only": max(of_a - both, 0.0),
            "mass_b_only": max(of_b - both, 0.0),
        }
    if tolerance is None:
        return values
    distance = hausdorff(a, b, bound=tolerance)
    values |= {
        "hausdorff": float(distance.distance[0]),
        "hausdorff_error": float(distance.error[0]),
    }
    return values


def _counts(islands: Sequence[Island]) -> dict[str, float]:
    kinds = Counter(island.kind for island in islands)
    counts = {kind: float(kinds[kind]) for kind in KINDS}
    sides = {
        "islands_a": counts["matched"] + counts["split"] + counts["spurious"],
        "islands_b": counts["matched"] + counts["merged"] + counts["missing"],
    }
    return {**sides, **counts}


def row_of(entry: Compared, found: Side, truth: Side) -> dict[str, Any]:
    """Return the row of a table: category, level, numbers, residues and the reason.

    Parameters
    ----------
    entry : Compared
    found, truth : Side
    """
    return {
        "category": entry.category,
        "level": entry.level,
        **entry.values,
        "residues_a": found.counts[entry.category],
        "residues_b": truth.counts[entry.category],
        "reason": entry.reason,
    }
