"""Settings and the sentence of a report on temporal localization."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from overlap.evaluate.contract import Contract
from overlap.evaluate.sentence import digests_text
from overlap.evaluate.task import Description
from overlap.evaluate.thresholds import threshold_names, threshold_values
from overlap.io.printable import number_of
from overlap.io.segment_match import odd_names, other_unit

from ..digests import digest_of_segments
from ..numbering import names_of_all, numbers_among
from ..sources import source_of
from .evidence import TemporalEvidence
from .protocol import Protocol

__all__ = ["FEW_VIDEOS", "describe", "sentence"]

# Below this many videos with a truth in the median class, the measured coverage of the
# bootstrap interval of an mAP is below its level (docs/guides/bootstrap.md).
FEW_VIDEOS = 50


def describe(
    protocol: Protocol,
    ties: str,
    labels: Sequence[str] | None,
    subset: str | None,
    evidence: TemporalEvidence,
    with_intervals: bool,
) -> Description:
    """Say what the numbers depend on."""
    scene, tie_range = evidence.scene, evidence.tie_range
    measured = evidence.measured
    truth, found = measured.truth, measured.found
    strange = numbers_among(found.videos, truth.videos) < 0
    strange_videos = [found.videos[k] for k in np.flatnonzero(strange).tolist()]
    outside = strange[found.video]
    known = set(truth.labels)
    strange_labels = [label for label in found.labels if label not in known]
    excluded = int((scene.found.label < 0).sum())
    scored_outside = int((outside & (scene.found.label >= 0)).sum())
    notes = []
    if strange_videos:
        notes.append(
            f"{number_of(int(outside.sum()), 'prediction')} for "
            f"{number_of(len(strange_videos), 'video')} that "
            f"{'is' if len(strange_videos) == 1 else 'are'} not in the truth (first: "
            f"{strange_videos[0]!r}); counted as false positives, because their class is scored: "
            f"{scored_outside:,}"
        )
    if strange_labels:
        notes.append(
            f"predicted labels without a truth: {len(strange_labels)} (first: "
            f"{strange_labels[0]!r}); their predictions belong to no class and are excluded"
        )
    left_out = dict(measured.left_out)
    ambiguous = left_out["ambiguous"] + left_out.pop("ambiguous_given")
    for reason, count in left_out.items():
        if count:
            notes.append(f"{number_of(count, 'truth')} left out: {reason.replace('_', ' ')}")
    subsets = sorted({name for name in truth.subset if name is not None})
    if subset is None and len(subsets) > 1:
        notes.append(f"all subsets of the truth are used: {', '.join(subsets)}")
    silent = [
        label
        for label, count in zip(scene.labels, np.diff(evidence.ranked.ranking.pointer), strict=True)
        if count == 0
    ]
    if silent:
        notes.append(f"classes with no predictions: {len(silent)} (first: {silent[0]!r}): AP 0")
    without = [label for label in labels or () if label not in scene.labels]
    if without:
        notes.append(
            f"labels without a truth: {len(without)} (first: {without[0]!r}); they are left out "
            "of the mean"
        )
    if not scene.labels:
        notes.append("there is no class with a truth: mAP is undefined")
    low, high = tie_range.whole
    orders = ["equal values"]
    if protocol.order == "truth":
        orders.append("the truths, which choose in the order of their rows,")
    if high > low:
        notes.append(
            f"ties: another order of {' or of '.join(orders)} moves mAP within {low:.6f} to "
            f"{high:.6f}" + ("" if tie_range.tried_all else "; not all orders were tried")
        )
    if tie_range.sampled:
        notes.append(
            "the mean over orders of ties is exact, but for "
            f"{tie_range.sampled} of {len(scene.labels)} classes that of 100 random orders: there "
            "the order decides who matches what"
        )
    kept = []
    if left_out.get("duplicates"):
        kept.append(
            f"which of truths within {protocol.duplicate_tolerance:g} of each other is kept: the "
            "first row"
        )
        notes.append(f"the tie range leaves out {kept[0]}")
    tables = (truth, found, *measured.given_ambiguous)
    notes += dict.fromkeys(said for table in tables for said in table.notes)
    findings: list[str | None] = list(
        dict.fromkeys(said for table in tables for said in table.findings)
    )
    findings += odd_names(truth, found, scene.labels)
    if not evidence.ranked.matched.true.any() and scene.labels:
        lowest = min(protocol.thresholds)
        findings.append(
            f"no prediction counts as true at IoU {lowest:g}, the lowest threshold: every AP is 0"
        )
        findings.append(other_unit(truth, found))
    result: dict[str, Any] = {
        "protocol": protocol.name,
        "rules": protocol.settings(),
        "thresholds": list(protocol.thresholds),
        "ties": ties,
        "tie_range": {
            "mAP": [low, high],
            "low": tie_range.low,
            "high": tie_range.high,
            "all_orders": tie_range.tried_all,
            "left_out": kept,
        },
        "subset": subset,
        "classes": list(scene.labels),
        "truth": source_of(truth) | {"left_out": left_out},
        "ambiguous_intervals": ambiguous,
        "found": source_of(found)
        | {
            "videos_not_in_truth": len(strange_videos),
            "segments_of_videos_not_in_truth": int(outside.sum()),
            "labels_not_in_truth": strange_labels,
            "segments_excluded_by_label": excluded,
        },
    }
    if measured.given_ambiguous:
        digests = {table.sha256 for table in measured.given_ambiguous}
        result["ambiguous"] = {
            "source": ", ".join(dict.fromkeys(x.source for x in measured.given_ambiguous)),
            "sha256": digests.pop() if len(digests) == 1 else None,
            "segments": sum(map(len, measured.given_ambiguous)),
        }
    if with_intervals:
        videos = evidence.items_by_class()
        median = float(np.median(videos)) if len(videos) else 0.0
        if median < FEW_VIDEOS:
            notes.append(
                f"the median class has truths in only {median:g} videos (fewer than {FEW_VIDEOS}): "
                "the bootstrap interval is too narrow, and mAP itself is biased by the small sample"
            )
    contract = _contract(protocol, ties, subset, evidence)
    return Description(result, contract, notes, [finding for finding in findings if finding])


def _contract(
    protocol: Protocol, ties: str, subset: str | None, evidence: TemporalEvidence
) -> Contract:
    """Return what another report must agree in."""
    scene = evidence.scene
    given, ambiguous = evidence.measured.given, evidence.measured.given_ambiguous
    values = threshold_values(protocol.thresholds)
    names = threshold_names(protocol.thresholds)
    return Contract(
        "temporal",
        {
            "truth": {
                "subset": subset,
                "videos": len(names_of_all([table.videos for table in given])),
                "segments": sum(map(len, given)),
                "sha256": digest_of_segments(given),
            },
            "ambiguous": {
                "segments": sum(map(len, ambiguous)),
                "sha256": digest_of_segments(ambiguous),
            },
            "labels": sorted(scene.labels),
            "protocol": protocol.settings(),
            "ties": ties,
        },
        {
            "mAP": {"iou": sorted(values)},
            **{f"mAP@{x}": {"iou": [value]} for x, value in zip(names, values, strict=True)},
        },
    )


def sentence(protocol: Protocol, evidence: TemporalEvidence, settings: Mapping[str, Any]) -> str:
    """Return the sentence for a paper."""
    scene, bootstrap = evidence.scene, settings.get("bootstrap")
    truth, found, versions = settings["truth"], settings["found"], settings["versions"]
    names = ", ".join(threshold_names(scene.thresholds))
    counts = f"{found['segments']} predictions against {truth['segments']} annotated segments"
    digests = digests_text({"truth": truth, "predictions": found})
    parts = [
        f"Temporal localization was scored with overlap {versions['overlap-metrics']} "
        f"(NumPy {versions['numpy']}) by the protocol '{protocol.name}' ({protocol.description}): "
        f"{counts} in {truth['videos']} videos and {len(scene.labels)} classes, at temporal IoU "
        f"{protocol.comparison} {names}; ties: {settings['ties']}"
        + (
            f"; predictions that only overlap one of {settings['ambiguous_intervals']} ambiguous "
            "intervals are ignored"
            if protocol.ambiguous_rows == "ignore"
            else ""
        )
        + (f"; subset {settings['subset']}" if settings["subset"] else "")
        + (f"; {digests}" if digests else "")
        + "."
    ]
    if bootstrap:
        level, resamples = bootstrap["confidence_level"], bootstrap["resamples"]
        parts.append(
            f"Intervals are {100 * level:g}% percentile bootstrap intervals over videos "
            f"({resamples} resamples) of the mAP of another draw of as many videos."
        )
    return " ".join(parts)
