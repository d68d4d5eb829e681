"""`overlap.evaluate.conformation`: regions of backbone angles against others."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from overlap.evaluate.bootstrap import (
    Seed,
    checked_draws,
    draw_weights,
    interval_notes,
    resampled_interval,
)
from overlap.evaluate.numbers import Interval
from overlap.evaluate.progress import progress_bar
from overlap.io.conformations import Conformations, read_conformations
from overlap.io.rama_grids import RamaGrids
from overlap.io.structures import StructureRules

from .comparing import NUMBERS, Compared, Rules, compare_category, mean_of, name_of, row_of
from .cutoffs import as_cutoffs, read_levels
from .drawing_units import FEW_UNITS, Units, units_of
from .draws import Drawn, DrawnSide
from .evidence import ConformationEvidence
from .report import ConformationReport
from .sides import Estimator, Side, as_sides, shared_categories
from .sources import in_same_categories, is_four, unit_of
from .wording import describe

__all__ = ["conformation"]

#: Numbers of the summary: each as a mean over categories, and of each category.
_SUMMARY = ("iou", "giou", "diou", "giou_enclosed", "mass_iou", "density_overlap", "hausdorff")
_STEP, _WIDEST_STEP = 2.0, 5.0  # degrees: nodes farther apart are none for a density
_METHODS = ("normal", "percentile", "basic")


def conformation(
    *,
    found: Any,
    truth: Any,
    levels: Any = ("favored", "allowed"),
    level_by: Literal["points", "mass"] = "points",
    kappa: float | Literal["likelihood"] = 50.0,
    step: float | None = None,
    favored: float | None = None,
    allowed: Any = None,
    category: str | None = None,
    mass: Literal["truth", "found"] = "truth",
    min_residues: int = 200,
    tolerance: float | None = 0.05,
    models: Any = "first",
    conformer: Any = "first",
    bond_limit: float = 2.0,
    cis_limit: float = 90.0,
    max_resolution: float | None = None,
    max_b_factor: float | None = None,
    min_occupancy: float | None = None,
    unit: Any = None,
    resample: str | None = None,
    bootstrap: int = 0,
    confidence_level: float = 0.95,
    interval: Literal["normal", "percentile", "basic"] = "normal",
    rng: Seed = 0,
    progress: bool | None = None,
) -> ConformationReport:
    """Compare regions of (phi, psi), by category of residue and level.

    Parameters
    ----------
    found, truth : path, list of paths, DataFrame, mapping, PeriodicGrid or Polygons
        Structures in PDB or mmCIF format (a file, folder, pattern or list); a table of angles with
        the columns ``phi`` and ``psi``; grids, such as a folder of ``rama8000-*.data`` files; or
        polygons, such as GeoJSON. See `overlap.io.read_conformations`.
    levels : str or sequence of (str or float)
        ``"favored"``, ``"allowed"``, and fractions that regions are to hold, such as 0.5.
    level_by : {"points", "mass"}
        Whether the region of a level holds that fraction of the residues, as the tables of
        validation programs do, or of the smoothed density, which makes it larger.
    kappa : float or "likelihood"
        Concentration of the von Mises kernel by which angles become a density; see
        `overlap.PeriodicGrid.from_angles`.
    step : float, optional
        Degrees between the nodes of densities: by default those of the other side's grids, where
        these are at most 5; else 2.
    favored, allowed : float, optional
        What the levels leave out: by default 0.02, and the values of cctbx by category, or of
        Lovell et al. (2003) where a side is a library of four categories. `allowed` may be a
        mapping from category.
    category : str, optional
        Category of inputs that do not say one.
    mass : {"truth", "found"}
        By whose density regions are weighed.
    min_residues : int
        Categories with fewer residues on a side made of angles are undefined.
    tolerance : float, optional
        Error that the Hausdorff distance may have, in degrees. None leaves that distance out, which
        has the largest kernel: the first run ever is then a third shorter.
    models, conformer, bond_limit, cis_limit, max_resolution, max_b_factor, min_occupancy
        How structures are read; see `overlap.io.StructureRules`.
    unit : {"degrees", "radians"} or mapping from side, optional
        Of tables of angles; by default it is told. ``{"found": "radians"}`` says it of one side.
    resample : {"structure", "chain", "residue"}, optional
        What the bootstrap draws: by default chains where a side has at least five, else residues.
    bootstrap : int
        Number of resamples; 0 for no intervals. Sides of grids or polygons stay as they are.
    confidence_level : float
        Of the intervals, in (0, 1).
    interval : {"normal", "percentile", "basic"}
        How the intervals are made of the draws; see `overlap.evaluate.bootstrap`. Regions of
        draws agree less than those of the data: ``"normal"`` takes this bias away. For a few
        hundred residues a side no method reaches its level; the documentation has measured
        coverages.
    rng : int, Generator, SeedSequence or None
        Source of randomness of the bootstrap.
    progress : bool, optional
        Show a bar; by default on a terminal only.

    Returns
    -------
    ConformationReport
        Its table has a row per category and level, where ``a`` is found and ``b`` the truth: areas
        and intersection in squared degrees; IoU, GIoU and DIoU on the torus; the share of each
        region covered by the other; masses, under the density of the truth; the overlap of the
        densities; the Hausdorff distance in degrees with the bound of its error; numbers of
        islands. In its summary ``iou[general favored]`` is one of them and ``iou[favored]`` the
        mean over categories. `matches` has a row per island.

    Raises
    ------
    ValueError
        An input or argument is bad, or the sides have no category in common.
    OSError
        A file is missing or unreadable.
    TypeError
        An input is none of those above.

    Notes
    -----
    The enclosure of GIoU and DIoU is the smallest box on the torus. It punishes regions of several
    islands even where both are equal; ``giou_enclosed``, which is ``iou - enclosed_gap``, is 1
    exactly where they are.

    Examples
    --------
    >>> import numpy as np
    >>> import overlap as ov
    >>> rng = np.random.default_rng(0)
    >>> def helix(n, psi):
    ...     return {"phi": rng.normal(-63, 8, n), "psi": rng.normal(psi, 9, n)}
    >>> report = ov.evaluate.conformation(
    ...     found=helix(500, -42), truth=helix(800, -40), levels="favored"
    ... )
    >>> bool(report.summary["iou[favored]"] > 0.75)
    True
    >>> report.matches["kind"].tolist(), report.matches["abego"].tolist()
    (['matched'], ['A'])
    """
    as_cutoffs(favored, allowed)  # a bad one is an error before files are read
    by = _one_of(level_by, "level_by", ("points", "mass"))
    method = _one_of(interval, "interval", _METHODS)
    resamples = checked_draws(bootstrap, confidence_level)
    reading = StructureRules(
        models, conformer, bond_limit, cis_limit, max_resolution, max_b_factor, min_occupancy
    )
    inputs = [
        _read(source, role, category, unit, reading)
        for source, role in ((found, "found"), (truth, "truth"))
    ]
    inputs, said = in_same_categories(inputs)
    cutoffs = as_cutoffs(favored, allowed, four=any(map(is_four, inputs)))
    rules = Rules(
        levels=read_levels(levels, cutoffs),
        mass=_one_of(mass, "mass", ("truth", "found")),
        least=_whole(min_residues, "min_residues", 1),
        tolerance=None if tolerance is None else _positive(tolerance, "tolerance"),
    )
    estimator = Estimator(kappa, _step(step, inputs), by)
    first, second = as_sides(inputs[0], inputs[1], estimator, rules.least)
    categories, notes = shared_categories(first, second)
    notes = [*said, *notes]
    compared = [
        entry
        for category in categories
        for entry in compare_category(category, first, second, rules)
    ]
    both = [name for name in categories if name in first.shapes and name in second.shapes]
    units = [_units(side, resample) for side in (first, second)]
    drawn = Drawn(DrawnSide(first, units[0]), DrawnSide(second, units[1]), both, rules.levels)
    evidence = ConformationEvidence(first, second, tuple(compared), rules, drawn)
    items = _items(compared, rules)
    intervals: list[Interval] = []
    if resamples:
        if units == [None, None]:
            raise ValueError(
                "bootstrap draws residues, and neither side is made of any; give structures or "
                "angles, or bootstrap=0"
            )
        values = _draws(drawn, resamples, rng, progress)
        intervals = _intervals(dict(items), values, drawn, confidence_level, method)
    settings, sentence = describe(
        evidence, inputs, estimator, cutoffs, [*notes, *interval_notes(intervals)],
        bootstrap={
            "method": f"{method}, over draws of both sides", "resamples": resamples,
            "confidence_level": confidence_level, "seed": rng if isinstance(rng, int) else None,
        } if resamples else None,
    )  # fmt: skip
    ends = {entry.name: entry for entry in intervals}
    rows = [_with_ends(row_of(entry, first, second), ends) for entry in compared]
    summary = [(name, value) for item in items for name, value in _lines(item, ends)]
    return ConformationReport(
        tuple(summary), tuple(rows), settings, sentence, evidence, tuple(intervals)
    )


def _read(
    source: Any, role: str, category: str | None, unit: Any, reading: StructureRules
) -> Conformations:
    try:
        return read_conformations(
            source, category=category, unit=unit_of(unit, role), rules=reading
        )
    except TypeError as error:
        raise TypeError(f"{role}: {error}") from None


def _step(step: float | None, inputs: list[Conformations]) -> float:
    """Degrees between nodes: as given, or those of grids that densities are compared with."""
    if step is not None:
        return _positive(step, "step")
    steps = {
        side
        for source in inputs
        if isinstance(source, RamaGrids)
        for grid in source.grids.values()
        for side in grid.step
    }
    return min(steps) if len(steps) == 1 and min(steps) <= _WIDEST_STEP else _STEP


def _units(side: Side, resample: str | None) -> Units | None:
    return None if side.table is None else units_of(side.table, resample)


def _one_of(value: Any, name: str, known: tuple[str, ...]) -> Any:
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


def _items(compared: list[Compared], rules: Rules) -> list[tuple[str, float]]:
    """Return the numbers of the summary: means over categories first, then each category."""
    items = []
    for number in _SUMMARY:
        for level in rules.levels:
            values = [entry.values[number] for entry in compared if entry.level == level.name]
            items.append((name_of(number, "", level.name), mean_of(values)))
    for entry in compared:
        for number in _SUMMARY:
            items.append((name_of(number, entry.category, entry.level), entry.values[number]))
    return items


def _draws(drawn: Drawn, resamples: int, rng: Seed, progress: bool | None) -> dict[str, Any]:
    """Numbers of all draws, by name."""
    generator = np.random.default_rng(rng)
    parts = []
    for _ in progress_bar(range(resamples), total=resamples, what="resample", progress=progress):
        weights = [draw_weights(side.count, 1, generator) for side in (drawn.found, drawn.truth)]
        parts.append(drawn.statistics(np.concatenate(weights, axis=1)))
    return {name: np.concatenate([part[name] for part in parts]) for name in drawn.names()}


def _intervals(
    estimates: dict[str, float], values: dict[str, Any], drawn: Drawn, level: float, method: str
) -> list[Interval]:
    """Intervals of all numbers that were drawn, inside the range of the number."""
    shown = drawn.fewest_units()
    result = []
    for name, draws in values.items():
        if shown[name] < FEW_UNITS:
            continue
        least = -1.0 if name.startswith(("giou", "diou")) else 0.0
        made = resampled_interval(
            name, estimates[name], draws, items=shown[name], low=least, high=1.0,
            confidence_level=level, method=method,
        )  # fmt: skip
        result.append(made)
    return result


def _lines(item: tuple[str, float], ends: dict[str, Interval]) -> list[tuple[str, float]]:
    name, _ = item
    if name not in ends:
        return [item]
    return [item, (f"{name} low", ends[name].low), (f"{name} high", ends[name].high)]


def _with_ends(row: dict[str, Any], ends: dict[str, Interval]) -> dict[str, Any]:
    """Return a row with the ends of intervals behind the numbers that have them."""
    result: dict[str, Any] = {}
    for column, value in row.items():
        result[column] = value
        name = name_of(column, row["category"], row["level"])
        if column in NUMBERS and name in ends:
            result[f"{column}_low"], result[f"{column}_high"] = ends[name].low, ends[name].high
    return result
