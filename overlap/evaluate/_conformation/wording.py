"""Settings and the sentence of a report on conformations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from overlap.evaluate.contract import Contract
from overlap.evaluate.report import package_versions
from overlap.io.conformations import Conformations

from .comparing import NUMBERS
from .cutoffs import Cutoffs
from .shapes import GridShape
from .sides import Estimator, Side
from .sources import NOT_PAIRED, digests_of, findings_of, notes_of, source_settings

if TYPE_CHECKING:
    from .evidence import ConformationEvidence

__all__ = ["describe"]


def describe(
    evidence: ConformationEvidence,
    inputs: Sequence[Conformations],
    estimator: Estimator,
    cutoffs: Cutoffs,
    notes: Sequence[str],
    bootstrap: dict[str, Any] | None,
) -> tuple[dict[str, Any], str]:
    """Return everything that the numbers depend on, and the sentence for a paper.

    Parameters
    ----------
    evidence : ConformationEvidence
    inputs : sequence of ResidueTable, RamaGrids or RegionSet
        Found and truth.
    estimator : Estimator
    cutoffs : Cutoffs
    notes : sequence of str
    bootstrap : dict or None
    """
    rules = evidence.rules
    sides = evidence.found, evidence.truth
    settings: dict[str, Any] = {
        "evaluation": "conformation",
        "a": "found",
        "b": "truth",
        "levels": {level.name: dict(level.cutoffs) for level in rules.levels},
        "level_by": estimator.by,
        "cutoffs": cutoffs.settings(),
        "density": {"kernel": "von Mises", "kappa": estimator.kappa, "step": estimator.step},
        "mass": rules.mass,
        "min_residues": rules.least,
        "hausdorff_tolerance": rules.tolerance,
        "units": dict(NUMBERS),
        "period": [360.0, 360.0],
    }
    for side, source in zip(sides, inputs, strict=True):
        settings[side.role] = source_settings(source)
        if side.table is not None:
            settings[side.role]["kappa"] = _kappas(side)
    settings["resample"] = {
        drawn.side.role: drawn.units.settings()
        for drawn in (evidence.drawn.found, evidence.drawn.truth)
        if drawn.units is not None
    }
    shared = ("levels", "level_by", "density", "mass", "min_residues", "hausdorff_tolerance")
    rules_of = {name: settings[name] for name in shared}
    rules_of["truth"] = {"sha256": settings["truth"]["sha256"]}
    settings["contract"] = Contract("conformation", rules_of, reason=NOT_PAIRED).settings()
    settings["versions"] = package_versions()
    said = [
        note
        for side, source in zip(sides, inputs, strict=True)
        for note in notes_of(source, side.role)
    ]
    said += [*notes, *(note for side in sides for note in _thin(side, evidence))]
    if bootstrap is not None:
        settings["bootstrap"] = bootstrap
        for drawn in (evidence.drawn.found, evidence.drawn.truth):
            if drawn.units is not None:
                said += [f"{drawn.side.role}: {note}" for note in drawn.units.notes]
    settings["findings"] = [
        finding for source, side in zip(inputs, sides, strict=True)
        for finding in findings_of(source, side.role)
    ]  # fmt: skip
    settings["notes"] = said
    return settings, _sentence(evidence, settings)


def _thin(side: Side, evidence: ConformationEvidence) -> list[str]:
    """Name the levels that leave out less than one residue."""
    if side.table is None:
        return []
    result = []
    for level in evidence.rules.levels:
        few = [
            f"{category} ({count:,})"
            for category, count in side.counts.items()
            if category in side.shapes and count and count * level.cutoffs[category] < 1.0
        ]
        if few:
            result.append(
                f"{side.role}: {level.name} leaves out less than one residue of {', '.join(few)}, "
                "so that it is the region of all of them"
            )
    return result


def _kappas(side: Side) -> dict[str, float]:
    """Concentration of the kernel by category, as it was used."""
    return {
        category: shape.grid.sample.kappa
        for category, shape in side.shapes.items()
        if isinstance(shape, GridShape) and shape.grid.sample is not None
    }


def _sentence(evidence: ConformationEvidence, settings: dict[str, Any]) -> str:
    versions = settings["versions"]
    categories = list(dict.fromkeys(entry.category for entry in evidence.compared))
    parts = [
        f"Regions of backbone angles were compared with overlap {versions['overlap-metrics']} "
        f"(NumPy {versions['numpy']}) as polygons on the torus of (phi, psi), for the "
        f"{'categories' if len(categories) != 1 else 'category'} {', '.join(categories)} at the "
        f"{'levels' if len(settings['levels']) != 1 else 'level'} {', '.join(settings['levels'])}."
    ]
    estimated = [side for side in (evidence.found, evidence.truth) if side.table is not None]
    if estimated:
        kappas = sorted({kappa for side in estimated for kappa in _kappas(side).values()})
        shown = " to ".join(f"{kappa:g}" for kappa in (kappas[:1] + kappas[1:][-1:]))
        what = "residues" if settings["level_by"] == "points" else "smoothed density"
        parts.append(
            f"Densities of {' and '.join(side.role for side in estimated)} are sums of von Mises "
            f"kernels (kappa {shown or settings['density']['kappa']}) on nodes "
            f"{settings['density']['step']:g} degrees apart; a level holds its fraction of the "
            f"{what}."
        )
    cutoffs = settings["cutoffs"]
    if "favored" in settings["levels"] or "allowed" in settings["levels"]:
        low = ", ".join(f"{name} {cutoffs['allowed'][name]:g}" for name in categories)
        parts.append(f"Favored leaves out {cutoffs['favored']:g}, allowed {low}.")
    if "bootstrap" in settings:
        boot = settings["bootstrap"]
        drawn = " and ".join(
            f"{entry['units']:,} {entry['unit']}s ({role})"
            for role, entry in settings["resample"].items()
        )
        parts.append(
            f"Intervals are {100 * boot['confidence_level']:g}% bootstrap intervals "
            f"({boot['method'].partition(',')[0]}, {boot['resamples']} resamples of {drawn})."
        )
    return " ".join(part for part in [*parts, digests_of(settings, ("found", "truth"))] if part)
