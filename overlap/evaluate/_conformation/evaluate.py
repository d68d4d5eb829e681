"""Evaluations of conformations: regions of backbone angles, and residues against a library."""

from __future__ import annotations

import os
from typing import Any, Literal, cast

from overlap.evaluate.bootstrap import Bootstrap, Seed
from overlap.evaluate.runner import run
from overlap.evaluate.study import Study
from overlap.io.conformations import read_conformations
from overlap.io.rama_grids import RamaGrids
from overlap.io.structure_rules import StructureRules

from .conformation_task import Conformation, one_of
from .cutoffs import as_cutoffs
from .ramachandran_task import Ramachandran
from .report import ConformationReport
from .residue_report import RamachandranReport

__all__ = ["conformation", "conformation_study", "ramachandran", "ramachandran_study"]

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
    workers: int = 1,
    resume: str | os.PathLike[str] | None = None,
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
    workers : int
        Number of processes, which read a file at a time; -1 for all processors. No number
        depends on it.
    resume : path, optional
        Folder for the contents of files, so that a run that was interrupted continues.
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
    reading = StructureRules(
        models, conformer, bond_limit, cis_limit, max_resolution, max_b_factor, min_occupancy
    )
    task = Conformation(
        reading, category, unit, levels, level_by, kappa, step, favored, allowed, mass,
        min_residues, tolerance, resample,
    )  # fmt: skip
    method = one_of(interval, "interval", _METHODS)
    report = run(
        task,
        {"found": found, "truth": truth},
        bootstrap=Bootstrap(bootstrap, confidence_level, rng, method, progress),
        workers=workers,
        resume=resume,
        progress=progress,
    )
    return cast(ConformationReport, report)


def conformation_study(
    *,
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
) -> Study:
    """Start a study of conformations: inputs of both sides are added one by one, anywhere.

    Parameters
    ----------
    levels, level_by, kappa, step, favored, allowed, category, mass, min_residues, tolerance
        As in `conformation`.
    models, conformer, bond_limit, cis_limit, max_resolution, max_b_factor, min_occupancy
        How structures are read; see `overlap.io.StructureRules`.
    unit, resample, bootstrap, confidence_level, interval, rng
        As in `conformation`.

    Returns
    -------
    Study
        Its items are inputs: ``update(name, found=...)``, ``update(name, truth=...)``, or both.
        Files of a side stand in the order of their names.

    Examples
    --------
    >>> import numpy as np
    >>> import overlap as ov
    >>> rng = np.random.default_rng(0)
    >>> def helix(n, psi):
    ...     return {"phi": rng.normal(-63, 8, n), "psi": rng.normal(psi, 9, n)}
    >>> study = ov.evaluate.conformation_study(levels="favored")
    >>> _ = study.update("a", found=helix(500, -42)).update("b", truth=helix(400, -40))
    >>> _ = study.update("c", truth=helix(400, -40))
    >>> bool(study.compute().summary["iou[favored]"] > 0.75)
    True
    """
    reading = StructureRules(
        models, conformer, bond_limit, cis_limit, max_resolution, max_b_factor, min_occupancy
    )
    task = Conformation(
        reading, category, unit, levels, level_by, kappa, step, favored, allowed, mass,
        min_residues, tolerance, resample,
    )  # fmt: skip
    method = one_of(interval, "interval", _METHODS)
    return Study(task, Bootstrap(bootstrap, confidence_level, rng, method))


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
    workers: int = 1,
    resume: str | os.PathLike[str] | None = None,
    progress: bool | None = None,
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
    workers : int
        Number of processes, which read a file at a time; -1 for all processors. No number
        depends on it.
    resume : path, optional
        Folder for the residues of files, so that a run that was interrupted continues.
    progress : bool, optional
        Show a bar; by default on a terminal only.

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
    reading = StructureRules(
        models, conformer, bond_limit, cis_limit, max_resolution, max_b_factor, min_occupancy
    )
    task = _task(truth, favored, allowed, category, reading, unit, resample)
    report = run(
        task,
        {"found": found},
        bootstrap=Bootstrap(bootstrap, confidence_level, rng),
        workers=workers,
        resume=resume,
        progress=progress,
    )
    return cast(RamachandranReport, report)


def ramachandran_study(
    *,
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
) -> Study:
    """Start a study of residues: files of structures or angles are added one by one, anywhere.

    Parameters
    ----------
    truth
        The library, as in `ramachandran`.
    favored, allowed, category, unit, resample, bootstrap, confidence_level, rng
        As in `ramachandran`.
    models, conformer, bond_limit, cis_limit, max_resolution, max_b_factor, min_occupancy
        How structures are read; see `overlap.io.StructureRules`.

    Returns
    -------
    Study
        Its items are inputs with residues: ``update(name, found=...)``. They stand in the order of
        their names.

    Examples
    --------
    >>> import numpy as np
    >>> import overlap as ov
    >>> angle = np.radians(np.arange(-179.0, 180.0, 2.0))
    >>> ranks = (2.0 + np.cos(angle - 1.0)[:, None] + np.cos(angle + 0.5)) / 4.0
    >>> library = ov.PeriodicGrid(ranks**4, quantity="rank")
    >>> study = ov.evaluate.ramachandran_study(truth=library)
    >>> _ = study.update("1abc", found={"phi": [57.0, 0.0], "psi": [-28.0, 100.0]})
    >>> _ = study.update("1xyz", found={"phi": [-120.0], "psi": [150.0]})
    >>> study.compute().summary[["favored", "n"]].round(3).tolist()
    [0.667, 3.0]
    """
    reading = StructureRules(
        models, conformer, bond_limit, cis_limit, max_resolution, max_b_factor, min_occupancy
    )
    task = _task(truth, favored, allowed, category, reading, unit, resample)
    return Study(task, Bootstrap(bootstrap, confidence_level, rng))


def _task(
    truth: Any,
    favored: float | None,
    allowed: Any,
    category: str | None,
    reading: StructureRules,
    unit: Any,
    resample: str | None,
) -> Ramachandran:
    library = read_conformations(truth, category=category)
    if not isinstance(library, RamaGrids):
        raise ValueError(
            "truth is no library of grids; give a folder of rama8000-*.data files, or compare "
            "regions with evaluate.conformation"
        )
    cutoffs = as_cutoffs(favored, allowed, four=library.four)
    return Ramachandran(reading, category, unit, library, cutoffs, resample)
