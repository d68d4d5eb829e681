"""Settings, contract, notes and the sentence of a report on segmentation."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from overlap.evaluate.bootstrap import LEAST_ITEMS, Bootstrap
from overlap.evaluate.contract import Contract
from overlap.evaluate.numbers import Number
from overlap.evaluate.task import Description

from .cases import Measured
from .empties import SITUATIONS, Empty
from .evidence import SegmentationEvidence
from .findings import findings_of, listed
from .metrics import Metric
from .values import PLACES

__all__ = ["EMPTY_WORDS", "describe", "sentence"]

#: Words for the situations in which a policy for empty sets answers.
EMPTY_WORDS = {
    "both": "two empty sets",
    "truth": "an empty truth",
    "found": "nothing found",
    "undefined": "0/0",
}

# Below this many cases an interval of a mean is a rough guess.
FEW_CASES = 20
_SHOWN = 5  # notes on files


def describe(
    evidence: SegmentationEvidence,
    numbers: Sequence[Number],
    bootstrap: Bootstrap,
    empty: Empty,
    rules: Mapping[str, Any],
) -> Description:
    """Return everything that the numbers depend on.

    Parameters
    ----------
    evidence : SegmentationEvidence
    numbers : sequence of Number
    bootstrap : Bootstrap
    empty : Empty
        Policy for empty sets.
    rules : mapping
        Rules for missing values and failed cases, by the names ``missing`` and ``failed``.
    """
    measure, cases = evidence.measurement, evidence.cases
    lost = {entry.case for entry in evidence.lost}
    settings: dict[str, Any] = {
        "metrics": {
            metric.name: {
                "meaning": metric.meaning,
                "source": metric.source,
                "unit": evidence.unit_of(metric),
                "better": metric.better,
                "low": metric.low if np.isfinite(metric.low) else None,
                "high": metric.high if np.isfinite(metric.high) else None,
                "worst": _worst(metric),
                "empty": empty.answers(metric).listed(),
            }
            for metric in evidence.metrics
        },
        "labels": {name: list(members) for name, members in evidence.groups.items()},
        "means": "over cases of each label, then over labels",
        "empty": empty.settings(),
        **rules,
        "touched": _touched(evidence),
        "cases_in_means": {number.name: number.n for number in numbers if number.n is not None},
        "ignore": list(measure.ignore),
        "ignored_voxels": sum(case.ignored for case in cases),
        "soft": measure.soft,
        "scale": list(measure.scale),
        "tolerance": measure.tolerance,
        "strata": list(next(iter(evidence.cohort.strata.values()), {})),
    }
    if measure.reorient:
        settings["reorient"] = True
    if measure.spacing is not None:
        settings["spacing"] = list(measure.spacing)
    if measure.rules.metrics:
        settings["instances"] = measure.rules.settings()
    if measure.surfaces.metrics:
        settings["surface"] = measure.surfaces.convention.settings()
    for side, role in enumerate(("truth", "found")):
        digests = [f"{case.case} {case.sources[side].sha256}\n" for case in cases]
        settings[role] = {
            "source": evidence.cohort.names[side],
            "sha256": hashlib.sha256("".join(digests).encode("utf-8", "surrogatepass")).hexdigest(),
            "cases": len(cases),
        }
    settings["inputs"] = [
        {
            "case": case.case,
            "truth": case.sources[0].name,
            "truth_sha256": case.sources[0].sha256,
            "found": case.sources[1].name,
            "found_sha256": case.sources[1].sha256,
            "diagonal": float(np.linalg.norm(case.extent)),
        }
        for case in cases
    ]
    settings["failures"] = [
        {
            "case": entry.case,
            "reason": entry.reason,
            "counts": "worst" if entry.case in lost else "left out",
        }
        for entry in evidence.failed
    ]
    notes = [*evidence.cohort.notes, *_of_cases(evidence, empty), *_of_values(evidence, settings),
             *_of_files(cases), *_of_intervals(cases, bootstrap)]  # fmt: skip
    findings = [*evidence.cohort.findings, *findings_of(evidence)]
    return Description(settings, _contract(evidence, settings), notes, findings)


def _worst(metric: Metric) -> float | str | None:
    """Return the worst value: of distances the diagonal of the volume; None for no end."""
    if np.isfinite(metric.worst) or metric.penalty is not None:
        return metric.when_failed(float("nan"))
    return "diagonal" if metric.unit == "length" and metric.better == "lower" else None


def _contract(evidence: SegmentationEvidence, settings: Mapping[str, Any]) -> Contract:
    """Return the rules and the truth that another report must agree in."""
    measure = evidence.measurement
    numbers: dict[str, dict[str, Any]] = {}
    for metric in evidence.metrics:
        facts = settings["metrics"][metric.name]
        numbers[metric.name] = {
            "metric": {key: facts[key] for key in ("meaning", "unit", "better")}
        }
        if metric.family == "objects":
            objects = measure.rules.settings()
            del objects["metrics"]
            numbers[metric.name]["instances"] = objects
        elif metric.family == "surfaces":
            numbers[metric.name]["surface"] = settings["surface"]
    return Contract(
        "segmentation",
        {
            "empty": settings["empty"],
            "missing": settings["missing"],
            "failed": settings["failed"],
            "ignore": settings["ignore"],
            "soft": measure.soft,
            "scale": measure.scale[0],
            "spacing": settings.get("spacing"),
        },
        numbers,
        settings["labels"],
        {
            **{case.case: case.sources[0].sha256 for case in evidence.cases},
            **{part.case: part.truth.sha256 for part in evidence.lost if part.truth},
        },
    )


def _touched(evidence: SegmentationEvidence) -> dict[str, dict[str, int]]:
    """Count the values of every metric where the policy answered, and the missing ones."""
    result = {}
    for m, metric in enumerate(evidence.metrics):
        counts = np.bincount(evidence.situations[m].ravel(), minlength=len(PLACES))
        entry = {name: int(count) for name, count in zip(PLACES[1:], counts[1:], strict=True)}
        entry["raised"] = int(evidence.raised[m].sum())
        entry["n_nan"] = int(np.isnan(evidence.values[m]).sum())
        entry["n_inf"] = int(np.isinf(evidence.values[m]).sum())
        entry["left_out"] = int(np.isnan(evidence.used[m]).sum())
        result[metric.name] = entry
    return result


def _of_cases(evidence: SegmentationEvidence, empty: Empty) -> list[str]:
    """Return notes on cases that failed, and on answers that are errors."""
    notes = []
    lost = {entry.case for entry in evidence.lost}
    out = [entry for entry in evidence.failed if entry.case not in lost]
    total = len(evidence.failed) + len(evidence.cases)
    if out:
        notes.append(
            f"{len(out)} of {total} cases could not be evaluated and are in no number (first: "
            f"{out[0].case}: {out[0].reason})"
        )
    if evidence.lost:
        first = evidence.lost[0]
        notes.append(
            f"{len(evidence.lost)} of {total} cases have no usable found volume and count as the "
            f"worst value of every label (first: {first.case}: {first.reason})"
        )
        names = [metric.name for metric in evidence.metrics if np.isnan(metric.when_failed(1.0))]
        if names:
            notes.append(f"they are left out of what has no worst value: {listed(names)}")
    for metric, raised, situations in zip(
        evidence.metrics, evidence.raised, evidence.situations, strict=True
    ):
        if raised.any():
            c, k = np.argwhere(raised).tolist()[0]
            notes.append(
                f"where the policy {empty.name!r} raises, the value is undefined: "
                f"{int(raised.sum())} of {metric.name} (first: {evidence.cases[c].case}, "
                f"{list(evidence.groups)[k]}, of {EMPTY_WORDS[SITUATIONS[situations[c, k]]]})"
            )
    return notes


def _of_values(evidence: SegmentationEvidence, settings: Mapping[str, Any]) -> list[str]:
    """Return notes on labels, units and missing values."""
    notes = []
    if evidence.measurement.groups is not None and evidence.measurement.soft is None:
        named = {0, *(x for members in evidence.groups.values() for x in members)}
        others = sorted(evidence.present - named)
        if others:
            notes.append(
                f"the label {others[0]} occurs and has no name: it counts as background"
                if len(others) == 1
                else f"the labels {listed(others)} occur and have no name: they count as background"
            )
    if not evidence.groups:
        notes.append("no volume has a label besides 0, the background: there are no numbers")
    silent = [name for k, name in enumerate(evidence.groups) if not evidence.sizes[:2, :, k].any()]
    if silent and len(silent) < len(evidence.groups):
        notes.append(
            f"no case that was evaluated has a voxel of {listed(silent)}, neither true nor found"
        )
    if len(evidence.units) > 1:
        notes.append(
            f"volumes are in {' and '.join(evidence.units)}: their means over cases have no unit; "
            "give spacing=, or files that know it"
        )
    elif evidence.units == ["voxels"]:
        notes.append("no file says how large its voxels are: volumes are in voxels")
        lesions = [metric.name for metric in evidence.metrics if metric.name.startswith("lesion_")]
        if lesions:
            notes.append(
                f"{listed(lesions)}: the rules have millimeters, and a voxel counts as 1 mm; give "
                "spacing= if it is not"
            )
    left_out = [
        f"{entry['left_out']} of {name}"
        for name, entry in settings["touched"].items()
        if entry["left_out"]
    ]
    if left_out:
        notes.append(f"undefined or infinite values are left out of the means: {listed(left_out)}")
    missing = settings["missing"]
    if missing is not None:
        stand = []
        replaced = ~np.isfinite(evidence.values) & ~np.isnan(evidence.used)
        right = replaced & (evidence.situations == SITUATIONS.index("both"))
        counts = (side.sum(axis=(1, 2)).tolist() for side in (replaced, right))
        for metric, count, empty in zip(evidence.metrics, *counts, strict=True):
            words = f" ({empty} of them where both sets are empty)" if empty else ""
            if count:
                stand.append(f"{count} of {metric.name}{words}")
        if stand:
            notes.append(f"in the means {missing} stands for missing values: {listed(stand)}")
    return notes


def _of_intervals(cases: Sequence[Measured], bootstrap: Bootstrap) -> list[str]:
    """Return a note on intervals over few cases."""
    if not bootstrap.resamples or not 0 < len(cases) < FEW_CASES:
        return []
    unseen = 1.0 - 0.05 ** (1.0 / len(cases))
    known = (
        "intervals do not know of it (interval='exact' does)"
        if bootstrap.method == "studentised"
        else "intervals allow for it"
    )
    return [
        f"there are only {len(cases)} cases: what happens in up to {100 * unseen:.0f} % of all "
        f"may happen in none of them by chance, and {known}; numbers of fewer than {LEAST_ITEMS} "
        f"cases have no interval"
    ]


def _of_files(cases: Sequence[Measured]) -> list[str]:
    """Return the notes of readers on files, each message once."""
    first: dict[str, str] = {}
    count: Counter[str] = Counter()
    for case in cases:
        for note in case.notes:
            names = (source.name for source in case.sources)
            name = next((name for name in names if note.startswith(f"{name}: ")), "")
            message = note.removeprefix(name)
            first.setdefault(message, name)
            count[message] += 1
    notes = []
    for message, name in list(first.items())[:_SHOWN]:
        more = count[message] - 1
        others = f" (and so were {more} others)" if more > 1 else " (and so was another)"
        notes.append(f"{name}{message}{others if more else ''}")
    if len(first) > _SHOWN:
        notes.append(f"{len(first) - _SHOWN} more notes on other files are not shown")
    return notes


def sentence(evidence: SegmentationEvidence, settings: Mapping[str, Any]) -> str:
    """Return the sentence for a paper.

    Parameters
    ----------
    evidence : SegmentationEvidence
    settings : mapping
        All settings of the report.
    """
    versions, measure, missing = settings["versions"], evidence.measurement, settings["missing"]
    void = bool(measure.ignore)
    empty = settings["empty"]
    answers = empty["overlap"]
    kind = f"soft volumes ('{measure.soft}' overlap)" if measure.soft else "label volumes"
    parts = [
        f"Segmentations were compared with overlap {versions['overlap-metrics']} (NumPy "
        f"{versions['numpy']}): {len(evidence.cases)} pairs of {kind}, {len(evidence.groups)} "
        f"labels, metrics {', '.join(metric.name for metric in evidence.metrics)}; grids agree "
        f"within {measure.tolerance:g}"
        + (f"; voxels of the true labels {listed(measure.ignore)} are left out" if void else "")
        + "."
    ]
    parts.append(
        "Means are taken over cases for each label, then over labels. Empty sets follow the policy "
        f"'{empty['name']}' (an overlap ratio is {_word(answers['both'])} where both are empty, "
        f"{_word(answers['truth'])} where only the truth is, {_word(answers['found'])} where only "
        "the found set is), and missing values are "
        + (
            "left out of the means."
            if missing is None
            else f"replaced by {missing}."
            if missing != "worst"
            else "replaced by the worst value, but left out where both sets are empty."
        )
    )
    if measure.surfaces.metrics:
        way = measure.surfaces.convention
        parts.append(
            f"Surface distances follow the convention '{way.name}' (border: {way.border}; "
            f"percentiles: {way.percentile}, {way.quantile}; mean: {way.mean}; "
            f"NSD: {way.nsd})."
        )
    if evidence.failed:
        failed, lost = len(evidence.failed), len(evidence.lost)
        fate = f" {lost} of them count as the worst value" if lost else ""
        parts.append(
            f"{failed} cases could not be evaluated{';' * bool(lost)}{fate}"
            f"{', the others are' if 0 < lost < failed else '' if lost else ' and are'}"
            f"{' left out' if lost < failed else ''}."
        )
    if "bootstrap" in settings:
        drawn = settings["bootstrap"]
        parts.append(
            f"Intervals are at {100 * drawn['confidence_level']:g}%: {drawn['method']}, "
            f"inside the range of each metric ({drawn['resamples']} resamples)."
        )
    digests = "; ".join(f"{role} {settings[role]['sha256'][:16]}" for role in ("truth", "found"))
    return " ".join([*parts, f"SHA-256 over all cases: {digests}."])


def _word(answer: Any) -> str:
    return {"nan": "undefined", "worst": "0", "best": "1", "raise": "an error"}.get(
        answer, f"{answer}"
    )
