"""Words of a report on conformations: settings, contract, notes, findings and the sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from overlap.evaluate.contract import Contract
from overlap.evaluate.task import Description

from .compared import NUMBERS
from .evidence import ConformationEvidence
from .naming import LETTERS, names_of
from .sides import GridShape, Side
from .sources import NOT_PAIRED, digests_of, findings_of, notes_of, source_settings

__all__ = ["description", "sentence"]


def description(evidence: ConformationEvidence) -> Description:
    """Return everything that the numbers depend on.

    Parameters
    ----------
    evidence : ConformationEvidence
    """
    rules, estimator = evidence.rules, evidence.estimator
    settings: dict[str, Any] = {
        "a": "found",
        "b": "truth",
        "levels": {level.name: dict(level.cutoffs) for level in rules.levels},
        "level_by": estimator.by,
        "cutoffs": evidence.cutoffs.settings(),
        "density": {"kernel": "von Mises", "kappa": estimator.kappa, "step": estimator.step},
        "mass": rules.mass,
        "min_residues": rules.least,
        "hausdorff_tolerance": rules.tolerance,
        "units": dict(NUMBERS),
        "period": [360.0, 360.0],
    }
    notes: list[str] = []
    findings: list[str] = []
    for side in evidence.sides:
        settings[side.role] = source_settings(side.source)
        if side.table is not None:
            settings[side.role]["kappa"] = _kappas(side)
        notes += notes_of(side.source, side.role)
        findings += findings_of(side.source, side.role)
    settings["resample"] = {
        drawn.side.role: drawn.units.settings()
        for drawn in (evidence.drawn.found, evidence.drawn.truth)
        if drawn.units is not None
    }
    shared = ("levels", "level_by", "density", "mass", "min_residues", "hausdorff_tolerance")
    rules_of = {name: settings[name] for name in shared}
    rules_of["truth"] = {"sha256": settings["truth"]["sha256"]}
    contract = Contract("conformation", rules_of, reason=NOT_PAIRED)
    return Description(settings, contract, [*notes, *evidence.notes], findings)


def _kappas(side: Side) -> dict[str, float]:
    """Concentration of the kernel by category, as it was used."""
    return {
        category: shape.grid.sample.kappa
        for category, shape in side.shapes.items()
        if isinstance(shape, GridShape) and shape.grid.sample is not None
    }


def sentence(evidence: ConformationEvidence, settings: Mapping[str, Any]) -> str:
    """Return the sentence for a paper.

    Parameters
    ----------
    evidence : ConformationEvidence
    settings : mapping
        Of the report.
    """
    versions = settings["versions"]
    categories = list(dict.fromkeys(entry.category for entry in evidence.compared))
    names = names_of(evidence.found.source, evidence.truth.source)
    named = [
        f"{letter} ({name})" if name else letter
        for letter, name in zip(LETTERS.values(), names, strict=True)
    ]
    parts = [
        f"Regions of backbone angles of {' and '.join(named)} were compared with overlap "
        f"{versions['overlap-metrics']} (NumPy {versions['numpy']}) as polygons on the torus of "
        f"(phi, psi), for the {'categories' if len(categories) != 1 else 'category'} "
        f"{', '.join(categories)} at the "
        f"{'levels' if len(settings['levels']) != 1 else 'level'} {', '.join(settings['levels'])}."
    ]
    estimated = [side for side in evidence.sides if side.table is not None]
    if estimated:
        kappas = sorted({kappa for side in estimated for kappa in _kappas(side).values()})
        shown = " to ".join(f"{kappa:g}" for kappa in (kappas[:1] + kappas[1:][-1:]))
        what = "residues" if settings["level_by"] == "points" else "smoothed density"
        letters = " and ".join(LETTERS[side.role] for side in estimated)
        density = settings["density"]
        parts.append(
            f"Densities of {letters} are sums of von Mises kernels (kappa "
            f"{shown or density['kappa']}) on nodes {density['step']:g} degrees apart; "
            f"a level holds its fraction of the {what}."
        )
    cutoffs = settings["cutoffs"]
    if "favored" in settings["levels"] or "allowed" in settings["levels"]:
        low = ", ".join(f"{name} {cutoffs['allowed'][name]:g}" for name in categories)
        parts.append(f"Favored leaves out {cutoffs['favored']:g}, allowed {low}.")
    if "bootstrap" in settings:
        boot = settings["bootstrap"]
        drawn = " and ".join(
            f"{entry['units']:,} {entry['unit']}s ({LETTERS[role]})"
            for role, entry in settings["resample"].items()
        )
        parts.append(
            f"Intervals are {100 * boot['confidence_level']:g}% bootstrap intervals "
            f"({boot['method'].partition(',')[0]}, {boot['resamples']} resamples of {drawn})."
        )
    return " ".join(part for part in [*parts, digests_of(settings, LETTERS)] if part)
