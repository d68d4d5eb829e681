"""`overlap.evaluate.ramachandran`: residues against a library of grids."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from overlap.evaluate.bootstrap import Bootstrap, Seed
from overlap.evaluate.contract import Contract
from overlap.evaluate.numbers import Number
from overlap.evaluate.runner import run
from overlap.evaluate.study import Study
from overlap.evaluate.task import Description, Inputs, Task
from overlap.io.conformations import read_conformations
from overlap.io.rama_grids import RamaGrids
from overlap.io.residue_categories import EVERYTHING
from overlap.io.residues import ResidueTable
from overlap.io.structures import StructureRules
from overlap.torus import PeriodicGrid

from .cutoffs import Cutoffs, as_cutoffs
from .parts import RECORDS, Part
from .reader import Order, Reader
from .residue_report import RamachandranReport
from .residues import ClassifiedResidues, classify
from .sources import (
    NOT_PAIRED,
    digests_of,
    findings_of,
    library_settings,
    notes_of,
    table_settings,
)
from .units import units_of

__all__ = ["ramachandran", "ramachandran_study"]


@dataclass(frozen=True)
class Ramachandran(Task):
    """Rules by which residues are read and classified.

    Attributes
    ----------
    reader : Reader
    library : RamaGrids
    cutoffs : Cutoffs
    resample : str or None
        Unit of the bootstrap.
    """

    reader: Reader
    library: RamaGrids
    cutoffs: Cutoffs
    resample: str | None
    name, unit = "ramachandran", "files"
    records, report = RECORDS, RamachandranReport

    def items(self, pieces: int, **inputs: Any) -> Inputs:
        """Return the files of structures or angles."""
        return self.reader.items(**inputs)

    def measure(self, key: Any, item: Any) -> Part:
        """Read the residues of a file."""
        return self.reader.measure(item)

    def holds(self, key: Any, part: Part, item: Any) -> bool:
        """Whether a file is still the one that was read."""
        return self.reader.holds(part, item)

    def keeps(self, part: Part) -> bool:
        """Whether a file could be read; others are tried again."""
        return not part.failed

    def rules(self) -> dict[str, Any]:
        """Return the rules of reading."""
        return self.reader.rules()

    def finish(self, parts: Mapping[Any, Part], about: Order | None) -> ClassifiedResidues:
        """Classify the residues of all files."""
        table = self.reader.joined(parts, "found", about)
        if not isinstance(table, ResidueTable):
            raise ValueError(
                "found has no residues, but grids or regions; give structures or angles, or "
                "compare regions with evaluate.conformation"
            )
        grids = {name: _ranks(name, grid) for name, grid in self.library.grids.items()}
        kept, notes, lost = _scored(table, self.library)
        return ClassifiedResidues(
            kept, *classify(kept, grids, self.cutoffs), units_of(kept, self.resample), grids,
            self.cutoffs, table, self.library, tuple(notes), tuple(lost),
        )  # fmt: skip

    def describe(
        self, evidence: ClassifiedResidues, numbers: Sequence[Number], bootstrap: Bootstrap
    ) -> Description:
        """Return settings, contract, notes and findings."""
        settings: dict[str, Any] = {
            "cutoffs": self.cutoffs.settings(),
            "resample": evidence.units.settings(),
            "found": table_settings(evidence.source),
            "truth": library_settings(self.library),
        }
        notes = [*notes_of(evidence.source, "found"), *notes_of(self.library, "truth")]
        notes += evidence.notes
        if bootstrap.resamples:
            notes += evidence.units.notes
        digest = {"sha256": settings["truth"]["sha256"]}
        rules = {"cutoffs": settings["cutoffs"], "truth": digest}
        findings = [*findings_of(evidence.source, "found"), *evidence.findings]
        contract = Contract("ramachandran", rules, reason=NOT_PAIRED)
        return Description(settings, contract, notes, findings)

    def sentence(self, evidence: ClassifiedResidues, settings: Mapping[str, Any]) -> str:
        """Return the sentence for a paper."""
        return _sentence(evidence, settings)

    def extras(self, evidence: ClassifiedResidues) -> dict[str, Any]:
        """Return the files that could not be read."""
        return {"failed": evidence.source.failures}


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
    return Ramachandran(Reader(reading, category, unit), library, cutoffs, resample)


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


def _sentence(evidence: ClassifiedResidues, settings: Mapping[str, Any]) -> str:
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
