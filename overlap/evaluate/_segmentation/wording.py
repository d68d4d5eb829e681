"""Settings and the sentence of a report on segmentation."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from overlap.evaluate.bootstrap import LEAST_ITEMS, interval_notes
from overlap.evaluate.contract import Contract
from overlap.evaluate.numbers import Interval
from overlap.evaluate.report import package_versions

from .cases import Failed, Measured
from .empties import SITUATIONS
from .evidence import PLACES, SegmentationEvidence
from .findings import label_findings
from .metrics import Metric

if TYPE_CHECKING:
    from .task import Finalise

__all__ = ["EMPTY_WORDS", "describe"]

#: What a metric is of, by situation.
EMPTY_WORDS = {
    "both": "two empty sets",
    "truth": "an empty truth",
    "found": "nothing found",
    "undefined": "0/0",
}

# Below this many cases an interval of a mean is a rough guess.
FEW_CASES = 20
_SHOWN = 5  # notes on files
_METHODS = {
    "studentised": "studentised bootstrap of the mean over cases",
    "exact": "Gaffke's interval of the mean over cases",
}


def describe(
    rules: Finalise,
    evidence: SegmentationEvidence,
    failed: Sequence[Failed],
    intervals: Sequence[Interval],
) -> dict[str, Any]:
    """Return everything that the numbers depend on, and under ``methods`` the sentence."""
    measure = rules.measure
    cases = evidence.cases
    touched = _touched(evidence)
    units = sorted({case.unit for case in cases})
    result: dict[str, Any] = {
        "evaluation": "segmentation",
        "metrics": {
            metric.name: {
                "meaning": metric.meaning,
                "source": metric.source,
                "unit": metric.unit_in(units[0]) if len(units) == 1 else metric.unit,
                "better": metric.better,
                "low": metric.low if np.isfinite(metric.low) else None,
                "high": metric.high if np.isfinite(metric.high) else None,
                "worst": _worst(metric),
                "empty": rules.empty.answers(metric).listed(),
            }
            for metric in evidence.metrics
        },
        "labels": {name: list(members) for name, members in evidence.groups.items()},
        "means": "over cases of each label, then over labels",
        "empty": rules.empty.settings(),
        "missing": rules.missing,
        "failed": rules.failed,
        "touched": touched,
        "cases_in_means": _denominators(evidence),
        "ignore": list(measure.ignore),
        "ignored_voxels": sum(case.ignored for case in cases),
        "soft": measure.soft,
        "scale": list(measure.scale),
        "tolerance": measure.tolerance,
        "strata": list(next(iter(rules.strata.values()), {})),
    }
    if measure.reorient:
        result["reorient"] = True
    if measure.spacing is not None:
        result["spacing"] = list(measure.spacing)
    if measure.rules.metrics:
        result["instances"] = measure.rules.settings()
    if measure.surfaces.metrics:
        result["surface"] = measure.surfaces.convention.settings()
    for side, role in enumerate(("truth", "found")):
        digests = [f"{case.case} {case.sources[side].sha256}\n" for case in cases]
        result[role] = {
            "source": rules.inputs.names[side],
            "sha256": hashlib.sha256("".join(digests).encode("utf-8", "surrogatepass")).hexdigest(),
            "cases": len(cases),
        }
    result["inputs"] = [
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
    result["contract"] = _contract(rules, evidence, result).settings()
    result["failures"] = [
        {
            "case": entry.case,
            "reason": entry.reason,
            "counts": "worst" if entry in evidence.lost else "left out",
        }
        for entry in failed
    ]
    result["versions"] = package_versions()
    result["notes"] = _notes(rules, evidence, failed, touched, units)
    result["findings"] = list(rules.inputs.findings)
    if evidence.groups and not evidence.sizes[:2].any():
        present = sorted(set().union(*(case.labels for case in cases)))
        result["findings"].append(
            f"no case has a voxel of {_some(list(evidence.groups))}, neither true nor found; the "
            f"volumes have {f'the labels {_some(present)}' if present else 'no label but 0'}"
        )
    if measure.rules.objects != "labels":  # instances have any numbers
        result["findings"] += label_findings(cases, evidence.groups, measure.ignore)
    if rules.bootstrap:
        result["notes"] += interval_notes(intervals)
        result["bootstrap"] = {
            "method": _METHODS[rules.interval],
            "resamples": rules.bootstrap,
            "confidence_level": rules.confidence_level,
            "seed": rules.rng if isinstance(rules.rng, int) else None,
        }
    result["methods"] = _sentence(rules, evidence, failed, result)
    return result


def _worst(metric: Metric) -> float | str | None:
    """Say what the worst value is: of distances the diagonal of the volume; None for no end."""
    if np.isfinite(metric.worst) or metric.penalty is not None:
        return metric.when_failed(float("nan"))
    return "diagonal" if metric.unit == "length" and metric.better == "lower" else None


def _contract(
    rules: Finalise, evidence: SegmentationEvidence, settings: dict[str, Any]
) -> Contract:
    """Return what another report must agree in."""
    measure = rules.measure
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
            "missing": rules.missing,
            "failed": rules.failed,
            "ignore": settings["ignore"],
            "soft": measure.soft,
            "scale": measure.scale[0],
            "spacing": settings.get("spacing"),
        },
        numbers,
        {name: list(members) for name, members in evidence.groups.items()},
        {
            **{case.case: case.sources[0].sha256 for case in evidence.cases},
            **{part.case: part.truth.sha256 for part in evidence.lost if part.truth},
        },
    )


def _touched(evidence: SegmentationEvidence) -> dict[str, dict[str, int]]:
    """Count, for every metric, the values where the policy answered, and the missing ones."""
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


def _denominators(evidence: SegmentationEvidence) -> dict[str, int]:
    """Return how many cases each mean is over."""
    counts = evidence.denominators(np.ones((1, len(evidence.items))))
    return {name: int(number[0]) for name, number in counts.items()}


def _notes(
    rules: Finalise,
    evidence: SegmentationEvidence,
    failed: Sequence[Failed],
    touched: dict[str, dict[str, int]],
    units: Sequence[str],
) -> list[str]:
    cases, notes = evidence.cases, list(rules.inputs.notes)
    out = [entry for entry in failed if entry not in evidence.lost]
    total = len(failed) + len(cases)
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
        finite = [metric.when_failed(1.0) for metric in evidence.metrics]
        names = [
            metric.name
            for metric, value in zip(evidence.metrics, finite, strict=True)
            if np.isnan(value)
        ]
        if names:
            notes.append(f"they are left out of what has no worst value: {_some(names)}")
    for m, metric in enumerate(evidence.metrics):
        if evidence.raised[m].any():
            c, k = np.argwhere(evidence.raised[m]).tolist()[0]
            what = EMPTY_WORDS[SITUATIONS[evidence.situations[m, c, k]]]
            notes.append(
                f"where the policy {rules.empty.name!r} raises, the value is undefined: "
                f"{touched[metric.name]['raised']} of {metric.name} (first: {cases[c].case}, "
                f"{list(evidence.groups)[k]}, of {what})"
            )
    for state, words in (("changed", "have changed since"), ("damaged", "were damaged on disk")):
        again = [case.case for case in cases if case.resumed == state]
        if again:
            notes.append(
                f"{len(again)} cases of the earlier run {words} and were measured again (first: "
                f"{again[0]})"
            )
    unkept = [case for case in cases if case.resumed.startswith("not kept")]
    if unkept:
        notes.append(
            f"{len(unkept)} cases could not be kept for a later run (first: {unkept[0].case}, "
            f"{unkept[0].resumed.removeprefix('not kept: ')})"
        )
    read = sum(case.resumed == "read" for case in cases)
    if read:
        notes.append(f"{read} cases were measured by an earlier run")
    if rules.measure.groups is not None and rules.measure.soft is None:
        named = {0, *(x for members in evidence.groups.values() for x in members)}
        others = sorted(set().union(*(case.labels for case in cases)) - named)
        if others:
            notes.append(
                f"the labels {_some(others)} occur and have no name: they count as background"
            )
    silent = [name for k, name in enumerate(evidence.groups) if not evidence.sizes[:2, :, k].any()]
    if not evidence.groups:
        notes.append("no volume has a label besides 0, the background: there are no numbers")
    if silent and len(silent) < len(evidence.groups):
        notes.append(
            f"no case that was evaluated has a voxel of {_some(silent)}, neither true nor found"
        )
    if len(units) > 1:
        notes.append(
            f"volumes are in {' and '.join(units)}: their means over cases have no unit; give "
            "spacing=, or files that know it"
        )
    elif units == ["voxels"]:
        notes.append("no file says how large its voxels are: volumes are in voxels")
    left_out = [
        f"{entry['left_out']} of {name}" for name, entry in touched.items() if entry["left_out"]
    ]
    if left_out:
        notes.append(f"undefined or infinite values are left out of the means: {_some(left_out)}")
    if rules.missing is not None:
        stand = []
        for m, name in enumerate(touched):
            replaced = ~np.isfinite(evidence.values[m]) & ~np.isnan(evidence.used[m])
            right = int((replaced & (evidence.situations[m] == SITUATIONS.index("both"))).sum())
            words = f" ({right} of them where both sets are empty)" if right else ""
            if replaced.any():
                stand.append(f"{int(replaced.sum())} of {name}{words}")
        if stand:
            notes.append(f"in the means {rules.missing} stands for missing values: {_some(stand)}")
    notes += _of_files(cases)
    if rules.bootstrap and 0 < len(cases) < FEW_CASES:
        unseen = 1.0 - 0.05 ** (1.0 / len(cases))
        notes.append(
            f"there are only {len(cases)} cases: what befalls up to {100 * unseen:.0f} % of all "
            "can be absent from so few by chance, and "
            + (
                "intervals do not know of it (interval='exact' does)"
                if rules.interval == "studentised"
                else "intervals allow for it"
            )
            + f"; none is given over fewer than {LEAST_ITEMS}"
        )
    return notes


def _of_files(cases: Sequence[Measured]) -> list[str]:
    """Return what readers said of files, each message once."""
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


def _some(names: Sequence[Any]) -> str:
    listed = ", ".join(map(str, names[:6]))
    return listed + (f" ... ({len(names)} in all)" if len(names) > 6 else "")


def _sentence(
    rules: Finalise,
    evidence: SegmentationEvidence,
    failed: Sequence[Failed],
    result: dict[str, Any],
) -> str:
    versions, measure = result["versions"], rules.measure
    void = bool(measure.ignore)
    answers = rules.empty.overlap
    kind = f"soft volumes ('{measure.soft}' overlap)" if measure.soft else "label volumes"
    parts = [
        f"Segmentations were compared with overlap {versions['overlap-metrics']} (NumPy "
        f"{versions['numpy']}): {len(evidence.cases)} pairs of {kind}, {len(evidence.groups)} "
        f"labels, metrics {', '.join(metric.name for metric in evidence.metrics)}; grids agree "
        f"within {measure.tolerance:g}"
        + (f"; voxels of the true labels {_some(measure.ignore)} are left out" if void else "")
        + "."
    ]
    parts.append(
        "Means are taken over cases for each label, then over labels. Empty sets follow the policy "
        f"'{rules.empty.name}' (an overlap ratio is {_word(answers.both)} where both are empty, "
        f"{_word(answers.truth)} where only the truth is, {_word(answers.found)} where only the "
        "found set is), and missing values are "
        + (
            "left out of the means."
            if rules.missing is None
            else f"replaced by {rules.missing}."
            if rules.missing != "worst"
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
    if failed:
        lost = len(evidence.lost)
        fate = f" {lost} of them count as the worst value" if lost else ""
        parts.append(
            f"{len(failed)} cases could not be evaluated{';' * bool(lost)}{fate}"
            f"{', the others are' if 0 < lost < len(failed) else '' if lost else ' and are'}"
            f"{' left out' if lost < len(failed) else ''}."
        )
    if rules.bootstrap:
        parts.append(
            f"Intervals are at {100 * rules.confidence_level:g}%: {_METHODS[rules.interval]}, "
            f"inside the range of each metric ({rules.bootstrap} resamples)."
        )
    digests = "; ".join(f"{role} {result[role]['sha256'][:16]}" for role in ("truth", "found"))
    return " ".join([*parts, f"SHA-256 over all cases: {digests}."])


def _word(answer: Any) -> str:
    return {"nan": "undefined", "worst": "0", "best": "1", "raise": "an error"}.get(
        answer, f"{answer}"
    )
