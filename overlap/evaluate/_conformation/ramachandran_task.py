"""`overlap.evaluate.ramachandran`: residues against a library of grids."""

from __future__ import annotations

from typing import Any

import numpy as np

from overlap.evaluate.bootstrap import (
    Seed,
    checked_draws,
    draw_weights,
    interval_notes,
    share_interval,
)
from overlap.evaluate.contract import Contract
from overlap.evaluate.numbers import Interval
from overlap.evaluate.report import package_versions
from overlap.io.conformations import read_conformations
from overlap.io.rama_grids import RamaGrids
from overlap.io.residue_categories import EVERYTHING
from overlap.io.residues import ResidueTable
from overlap.io.structures import StructureRules
from overlap.torus import PeriodicGrid

from .classified import VERDICTS, ClassifiedResidues, classify
from .cutoffs import as_cutoffs
from .drawing_units import FEW_UNITS, units_of
from .residue_report import RamachandranReport
from .sources import (
    NOT_PAIRED,
    digests_of,
    findings_of,
    library_settings,
    notes_of,
    table_settings,
    unit_of,
)

__all__ = ["NOT_A_Z_SCORE", "ramachandran"]

NOT_A_Z_SCORE = (
    "shares of favored and outlier residues are no Ramachandran Z-score: they say how many angles "
    "are unusual, not whether their distribution is"
)
_DRAWS = 256  # at a time
_METHOD = (
    "exact binomial (Clopper-Pearson), for as many independent residues as the draws are worth"
)


def ramachandran(
    *,
    found: Any,
    truth: Any,
    favored: float | None = None,
    allowed: Any = None,
    category: str | None = None,
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
    rng: Seed = 0,
) -> RamachandranReport:
    """Count the favored, allowed and outlier residues of structures, by a library of grids.

    Parameters
    ----------
    found : path, list of paths, DataFrame, mapping or ResidueTable
        Structures in PDB or mmCIF format (a file, folder, pattern or list), or a table of angles
        with the columns ``phi`` and ``psi`` and, unless `category` is given, ``category`` or
        ``resname``.
    truth : path, PeriodicGrid, mapping from category to PeriodicGrid, or RamaGrids
        The library: grids of ranks, as MolProbity and cctbx have them. Residues are in its
        categories: six, or four (``rama500-*.data``, ``pref_*.data``, a mapping with ``proline``).
    favored, allowed : float, optional
        Smallest ranks of favored residues, and of allowed ones: by default 0.02, and the values of
        cctbx by category, or of Lovell et al. (2003) where the library has four categories.
        `allowed` may be a mapping from category.
    category : str, optional
        Category of a table or grid that names none.
    models, conformer, bond_limit, cis_limit, max_resolution, max_b_factor, min_occupancy
        How structures are read; see `overlap.io.StructureRules`.
    unit : {"degrees", "radians"}, optional
        Of a table of angles; by default it is told. As in `conformation`, it may be a mapping.
    resample : {"structure", "chain", "residue"}, optional
        What the bootstrap draws, and what `influence` leaves out: by default chains where there
        are at least five, else residues.
    bootstrap : int
        Number of resamples, 50 or more; 0 for no intervals.
    confidence_level : float
        Of the intervals, in (0, 1).
    rng : int, Generator, SeedSequence or None
        Source of randomness of the bootstrap.

    Returns
    -------
    RamachandranReport
        In its summary ``favored``, ``allowed`` and ``outlier`` are shares of all residues in
        [0, 1], ``favored[general]`` and the like those of a category, and ``n`` is the number of
        residues. `matches` has every residue with its score, `outliers` those that are none of
        favored and allowed, in the columns of ramalyze, and `by_structure` counts by structure.

    Raises
    ------
    ValueError
        An input is bad, `found` has no residues or none that can be scored, or `truth` is no
        library.
    OSError
        A file is missing or unreadable.
    TypeError
        An input is none of those above.

    Notes
    -----
    The score of a residue is the periodic bilinear interpolation of the grid of its category at
    (phi, psi): the fraction of the reference residues at the same or a lower density. These shares
    are no Ramachandran Z-score (Sobolev et al., Structure 28, 1249-1258, 2020), which compares
    whole distributions: a model can have no outlier and still an impossible distribution.

    References
    ----------
    Read et al., Structure 19, 1395-1412, 2011; Williams et al., Protein Science 27, 293-315, 2018.

    Examples
    --------
    >>> import numpy as np
    >>> import overlap as ov
    >>> angle = np.radians(np.arange(-179.0, 180.0, 2.0))
    >>> ranks = (2.0 + np.cos(angle - 1.0)[:, None] + np.cos(angle + 0.5)) / 4.0
    >>> library = ov.PeriodicGrid(ranks**4, quantity="rank")
    >>> angles = {"phi": [57.0, 0.0, -120.0], "psi": [-28.0, 100.0, 150.0]}
    >>> report = ov.evaluate.ramachandran(found=angles, truth=library)
    >>> report.summary[["favored", "allowed", "outlier"]].round(3).tolist()
    [0.667, 0.0, 0.333]
    """
    bootstrap = checked_draws(bootstrap, confidence_level)
    rules = StructureRules(
        models, conformer, bond_limit, cis_limit, max_resolution, max_b_factor, min_occupancy
    )
    table = read_conformations(found, category=category, unit=unit_of(unit, "found"), rules=rules)
    if not isinstance(table, ResidueTable):
        raise ValueError(
            "found has no residues, but grids or regions; give structures or angles, or compare "
            "regions with evaluate.conformation"
        )
    library = read_conformations(truth, category=category)
    if not isinstance(library, RamaGrids):
        raise ValueError(
            "truth is no library of grids; give a folder of rama8000-*.data files, or compare "
            "regions with evaluate.conformation"
        )
    cutoffs = as_cutoffs(favored, allowed, four=library.four)
    grids = {name: _ranks(name, grid) for name, grid in library.grids.items()}
    kept, notes, lost = _scored(table, library)
    units = units_of(kept, resample)
    notes = [*notes_of(table, "found"), *notes_of(library, "truth"), *notes]
    if bootstrap:
        notes += units.notes
    evidence = ClassifiedResidues(
        kept, *classify(kept, grids, cutoffs), units=units, grids=grids, cutoffs=cutoffs
    )
    estimates = evidence.statistics(np.ones((1, len(units.names))))
    intervals = _intervals(evidence, estimates, bootstrap, confidence_level, rng)
    notes += interval_notes(intervals)
    ends = {interval.name: interval for interval in intervals}
    items: list[tuple[str, float]] = []
    for name, value in estimates.items():
        items.append((name, float(value[0])))
        if name in ends:
            items += [(f"{name} low", ends[name].low), (f"{name} high", ends[name].high)]
    items.append(("n", float(len(kept))))
    settings: dict[str, Any] = {
        "evaluation": "ramachandran",
        "cutoffs": cutoffs.settings(),
        "resample": units.settings(),
        "found": table_settings(table),
        "truth": library_settings(library),
        "versions": package_versions(),
        "findings": [*findings_of(table, "found"), *lost],
        "notes": [*notes, NOT_A_Z_SCORE],
    }
    library_digest = {"sha256": settings["truth"]["sha256"]}
    rules_of = {"cutoffs": settings["cutoffs"], "truth": library_digest}
    settings["contract"] = Contract("ramachandran", rules_of, reason=NOT_PAIRED).settings()
    if bootstrap:
        settings["bootstrap"] = {
            "method": _METHOD, "resamples": bootstrap, "confidence_level": confidence_level,
            "seed": rng if isinstance(rng, int) else None,
        }  # fmt: skip
    return RamachandranReport(
        tuple(items), tuple(_rows(evidence, ends)), settings, _sentence(evidence, settings),
        evidence, tuple(intervals), table.failures,
    )  # fmt: skip


def _ranks(category: str, grid: PeriodicGrid) -> PeriodicGrid:
    if grid.quantity != "rank" and grid.sample is None:
        raise ValueError(
            f"truth: the grid of {category} has no ranks, the fractions of a reference at the same "
            "or a lower density; give a table of ranks, or a density made from angles"
        )
    return grid.ranks()


def _scored(table: ResidueTable, library: RamaGrids) -> tuple[ResidueTable, list[str], list[str]]:
    """Return the residues that have a grid, notes, and findings on the others."""
    notes = []
    if library.four:
        table = table.in_four_categories()
        notes.append(
            "the library has four categories: prolines are in one, and isoleucine and valine are "
            "general"
        )
    kept = table.taken(table.counted)
    if not len(kept):
        raise ValueError(f"found: none of the {len(table)} residues has both angles and a category")
    there = set(library.grids)
    if there == {EVERYTHING}:
        if kept.categories != (EVERYTHING,):
            kept.category[:] = EVERYTHING
            notes.append("the library has one grid for all categories")
        return kept, notes, []
    if EVERYTHING in kept.categories:
        raise ValueError(
            "found does not say the categories of its residues; give a column category or "
            f"resname, or one category for all (category=, --category): {', '.join(library.grids)}"
        )
    scored = np.isin(kept.category.astype(str), list(there))
    if not scored.any():
        raise ValueError(
            f"found has residues of {', '.join(kept.categories)}, and the library only "
            f"{', '.join(library.grids)}"
        )
    if not scored.all():
        lost = kept.taken(~scored)
        counts = [f"{int((lost.category == name).sum())} {name}" for name in lost.categories]
        lost_ones = [f"the library has no grid for {', '.join(counts)}: these are not scored"]
        return kept.taken(scored), notes, lost_ones
    return kept, notes, []


def _intervals(
    evidence: ClassifiedResidues, estimates: dict[str, Any], bootstrap: int, level: float, rng: Seed
) -> list[Interval]:
    """Exact binomial intervals of all shares, for the effective number of residues."""
    if not bootstrap:
        return []
    table, shown = evidence.table, evidence.units_with_residues()
    weight = table.weight
    parts: list[dict[str, Any]] = []
    # Residues of one weight that are drawn one by one are independent: there is nothing to draw.
    if len(evidence.items) < len(table) or np.ptp(weight) > 0.0:
        generator = np.random.default_rng(rng)
        for start in range(0, bootstrap, _DRAWS):
            count = min(_DRAWS, bootstrap - start)
            parts.append(evidence.statistics(draw_weights(len(evidence.items), count, generator)))
    result = []
    for name, value in estimates.items():
        if shown[name] < FEW_UNITS:
            continue
        category = name.partition("[")[2][:-1]
        own = weight[table.category == category] if category else weight
        error, bias = None, 0.0
        if parts:
            drawn = np.concatenate([part[name] for part in parts])
            drawn = drawn[~np.isnan(drawn)]
            error, bias = float(drawn.std(ddof=1)), float(drawn.mean() - value[0])
        result.append(
            share_interval(
                name,
                float(value[0]),
                float(own.sum() ** 2 / (own**2).sum()),
                items=shown[name],
                error=error,
                bias=bias,
                confidence_level=level,
            )
        )
    return result


def _rows(evidence: ClassifiedResidues, ends: dict[str, Interval]) -> list[dict[str, Any]]:
    """One row per category, then one of all residues: counts and shares of verdicts."""
    table, verdict = evidence.table, evidence.verdict
    rows = []
    for category in (*evidence.categories, ""):
        mine = table.category == category if category else np.ones(len(table), dtype=bool)
        counts = np.bincount(verdict[mine], minlength=len(VERDICTS))
        sums = np.bincount(verdict[mine], table.weight[mine], len(VERDICTS))
        row: dict[str, Any] = {"category": category or "all residues", "residues": int(mine.sum())}
        row |= {VERDICTS[v]: int(counts[v]) for v in (2, 1, 0)}
        for v in (2, 1, 0):
            name = f"{VERDICTS[v]}[{category}]" if category else VERDICTS[v]
            row[f"{VERDICTS[v]}_share"] = float(sums[v] / sums.sum())
            if name in ends:
                row[f"{VERDICTS[v]}_low"], row[f"{VERDICTS[v]}_high"] = (
                    ends[name].low,
                    ends[name].high,
                )
        row["unit"] = "1"
        rows.append(row)
    return rows


def _sentence(evidence: ClassifiedResidues, settings: dict[str, Any]) -> str:
    found, truth, versions = settings["found"], settings["truth"], settings["versions"]
    sizes = [
        f"{name} {entry['points']:,}" for name, entry in truth["grids"].items() if entry["points"]
    ]
    parts = [
        f"Backbone angles of {len(evidence.table):,} residues were classified with overlap "
        f"{versions['overlap-metrics']} (NumPy {versions['numpy']}) by periodic bilinear "
        f"interpolation of {len(truth['grids'])} grids"
        + (f" (reference residues: {', '.join(sizes)})" if sizes else "")
        + "."
    ]
    low = settings["cutoffs"]["allowed"]
    used = ", ".join(f"{name} {low[name]:g}" for name in evidence.categories)
    parts.append(
        f"Favored are scores of at least {settings['cutoffs']['favored']:g}, allowed those of at "
        f"least {used}."
    )
    if found.get("kind") == "structures":
        parts.append(
            f"Residues are bonded where C and N are within {found['bond_limit']:g} Å; prolines are "
            f"cis below {found['cis_limit']:g} degrees of omega; models: {found['models']}; "
            f"conformer: {found['conformer']}."
        )
    if "bootstrap" in settings:
        boot = settings["bootstrap"]
        parts.append(
            f"Intervals at {100 * boot['confidence_level']:g}% are exact binomial ones, "
            + (
                "for residues that are independent."
                if (unit := settings["resample"]["unit"]) == "residue"
                else f"for the effective number of residues of {boot['resamples']} resamples of "
                f"{unit}s."
            )
        )
    parts.append("These shares are no Ramachandran Z-score.")
    return " ".join(part for part in [*parts, digests_of(settings, ("found", "truth"))] if part)
