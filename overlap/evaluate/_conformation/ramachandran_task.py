"""Task of residues: rules by which they are classified by a library of grids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from overlap.evaluate.bootstrap import Bootstrap
from overlap.evaluate.contract import Contract
from overlap.evaluate.numbers import Number
from overlap.evaluate.task import Description
from overlap.io.rama_grids import RamaGrids
from overlap.io.residue_categories import EVERYTHING
from overlap.io.residues import ResidueTable
from overlap.torus import PeriodicGrid

from .cutoffs import Cutoffs
from .naming import sides_of
from .parts import Part
from .reading import Order, ReadingTask
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

__all__ = ["Ramachandran"]


@dataclass(frozen=True)
class Ramachandran(ReadingTask):
    """Rules by which residues are read and classified.

    Attributes
    ----------
    library : RamaGrids
    cutoffs : Cutoffs
    resample : str or None
        Unit of the bootstrap.
    """

    library: RamaGrids
    cutoffs: Cutoffs
    resample: str | None
    name, report = "ramachandran", RamachandranReport

    def finish(self, parts: Mapping[Any, Part], about: Order | None) -> ClassifiedResidues:
        """Classify the residues of all files."""
        table = self.joined(parts, "found", about)
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
    names = sides_of(settings)
    return " ".join(part for part in [*parts, digests_of(settings, names)] if part)
