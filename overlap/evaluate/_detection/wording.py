"""Settings and the sentence of a report on detections."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overlap.evaluate._ranking.sampling import ANGLE
from overlap.evaluate.contract import Contract
from overlap.evaluate.sentence import digests_text, intervals_text
from overlap.evaluate.task import Description
from overlap.evaluate.thresholds import threshold_names, threshold_values
from overlap.io.coco_ids import ZERO_ID
from overlap.io.detections import Detections
from overlap.io.name_match import missing_names
from overlap.io.printable import number_of

from .evidence import DetectionEvidence
from .measure import UNANNOTATED, Measured, unjudged
from .orders import SAMPLES
from .protocol import DetectionProtocol
from .rules import NEIGHBOR

__all__ = ["describe", "facts_of", "sentence"]


def facts_of(
    protocol: DetectionProtocol, inputs: Mapping[str, Detections], measured: Measured
) -> dict[str, Any]:
    """Return facts of both inputs.

    Parameters
    ----------
    protocol : DetectionProtocol
    inputs : mapping of Detections
        ``truth`` and ``found``.
    measured : Measured
    """
    truth, found = inputs["truth"], inputs["found"]
    result: dict[str, Any] = {
        role: {
            "source": table.source,
            "sha256": table.sha256,
            "kind": table.kind,
            "items": len(table.items),
            "regions": len(table),
        }
        for role, table in (("truth", truth), ("found", found))
    }
    if found.confidence is None:
        result["found"]["confidences"] = False
    result["truth"]["flags"] = {
        name: int(flag.sum()) for name, flag in truth.flags.items() if flag.any()
    }
    out = np.zeros(len(found), dtype=bool)
    out[measured.found.place] = measured.found.label < 0
    out &= found.label >= 0
    if protocol.federated:
        result["found"]["unjudged"] = int((out & unjudged(found)).sum())
        out &= ~unjudged(found)
    result["found"]["beyond_limit"] = int(out.sum())
    result["found"]["of_no_class"] = int((found.label < 0).sum())
    used = {one.size for part in protocol.strata for one in part.truth}
    used |= {"area"} if protocol.areas else set()
    used |= {ANGLE} if protocol.interpolation == "sampled" else set()
    known = sorted(used & set(truth.sizes))
    result["sizes"] = {name: _digest_of_column(truth.sizes[name]) for name in known}
    result["more"] = {}
    if protocol.federated:
        result["more"]["judged"] = {"sha256": truth.judged}
    groups = [name for name in protocol.groups if name in truth.groups]
    if groups:
        digests = {name: _digest_of_column(truth.groups[name]) for name in groups}
        result["more"]["groups"] = digests
    return result


def _digest_of_column(values: NDArray[Any]) -> str:
    """Return a digest of sizes of truths or of a group of classes, which numbers are of."""
    return hashlib.sha256(np.ascontiguousarray(values).tobytes()).hexdigest()


def _of_ties(evidence: DetectionEvidence) -> list[str]:
    """Say how far another order of equal confidences moves the first number."""
    if not evidence.has_ties:
        return []
    moved = [number for number in evidence.numbers() if number.ties is not None]
    areas = evidence.protocol.parts or ("",)
    orders = [evidence.orders(area) for area in areas]
    notes = []
    if moved and moved[0].ties is not None:
        low, high = moved[0].ties
        every = all(one.tried_all for one in orders)
        notes.append(
            f"ties: another order of equal confidences moves {moved[0].name} within {low:.6f} to "
            f"{high:.6f}" + ("" if every else "; not all orders were tried")
        )
    sampled = sum(one.sampled for one in orders if one.sampled is not None)
    count = int(np.count_nonzero(sampled))
    if count:
        notes.append(
            "ties: the mean over orders is exact, but for "
            f"{count} of {len(evidence.scene.labels)} classes that of {SAMPLES} random orders: "
            "there the order decides who matches what, or the exact sum takes too long"
        )
    return notes


def _other_scale(inputs: Mapping[str, Detections]) -> list[str]:
    """Say that the boxes of one side end far before those of the other begin to."""
    ends = []
    for table in inputs.values():
        bounds = table.regions.bounds() if len(table) else None
        if bounds is not None and len(bounds[1]) == 2:
            ends.append((table.source, float(np.median(np.max(bounds[1], axis=0)))))
    known = [end for _, end in ends]
    if len(known) < 2 or not 0 < 20 * min(known) < max(known):
        return []
    (one, low), (other, high) = ends
    return [
        f"half of the boxes of {one} end before {low:.3g}, and half of those of {other} before "
        f"{high:.3g}: are both in pixels?"
    ]


def describe(protocol: DetectionProtocol, evidence: DetectionEvidence) -> Description:
    """Say what the numbers depend on.

    Parameters
    ----------
    protocol : DetectionProtocol
    evidence : DetectionEvidence
    """
    scene, about = evidence.scene, evidence.about
    truth, found = about["truth"], about["found"]
    word = "F1" if protocol.summary == "f1" else "AP"
    notes = []
    if found["beyond_limit"]:
        most = protocol.max_detections[-1]
        where = "item" if protocol.limit == "item" else "item and class"
        notes.append(
            f"{number_of(found['beyond_limit'], 'detection')} beyond the {most} most confident of "
            f"each {where} do not count"
        )
    if found.get("unjudged"):
        notes.append(
            f"{number_of(found['unjudged'], 'detection')} of classes that nobody looked for in "
            "their image do not count"
        )
    unknown = evidence.without_angle
    if protocol.summary == "classes" and unknown is not None and any(unknown):
        notes.append(
            "no orientation similarity (AOS): alpha is unknown (-10), or no angle in radians, of "
            f"{number_of(unknown[0], 'truth')} and {number_of(unknown[1], 'detection')}"
        )
    heard = {*protocol.ignored, NEIGHBOR, UNANNOTATED, ZERO_ID}
    if protocol.crowds == "coverage":
        heard.add("crowd")
    for name, count in truth["flags"].items():
        if name not in heard:
            notes.append(
                f"truths with the flag {name}, which the protocol does not read, count like "
                f"others: {count:,}"
            )
    silent = np.bincount(scene.found.label + 1, minlength=len(scene.labels) + 1)[1:] == 0
    positive = scene.positives().by_class > 0
    if (silent & positive).any():
        first = scene.labels[int(np.argmax(silent & positive))]
        notes.append(
            f"classes with no detections: {int((silent & positive).sum())} (first: {first!r}): "
            f"{word} 0"
        )
    notes += _of_ties(evidence)
    if not positive.all():
        first = scene.labels[int(np.argmin(positive))]
        fate = f"{word} 0" if protocol.class_without_truth == "zero" else "left out of the means"
        notes.append(f"classes without truth: {int((~positive).sum())} (first: {first!r}): {fate}")
    findings = list(
        dict.fromkeys(said for table in (evidence.inputs or {}).values() for said in table.findings)
    )
    areas = protocol.parts or ("",)
    if positive.any() and not any(evidence.ranked(area).matched.true.any() for area in areas):
        findings.append(f"no detection counts as true at any threshold: every {word} is 0")
        findings += _other_scale(evidence.inputs or {})
    if evidence.inputs:
        given = evidence.inputs["truth"]
        missing = missing_names((*given.items, *given.labels))
        findings += [f"{given.source}: {missing}"] if missing else []
    settings = {
        "protocol": protocol.name,
        "ties": evidence.ties,
        "rules": protocol.settings(),
        "thresholds": list(protocol.thresholds),
        "classes": list(scene.labels),
        "truth": truth,
        "found": found,
    }
    values = threshold_values(protocol.thresholds)
    names = threshold_names(protocol.thresholds)
    rules = {
        "truth": {"regions": truth["regions"], "sha256": evidence.digest},
        "labels": sorted(scene.labels),
        "protocol": protocol.settings() | ({"sizes": about["sizes"]} if about["sizes"] else {}),
        "ties": evidence.ties,
        **about["more"],
    }
    known = evidence.numbers()
    numbers: dict[str, Any] = {number.name: {"iou": sorted(values)} for number in known}
    of_one = {
        f"{number.metric}@{name}": {"iou": [value]}
        for name, value in zip(names, values, strict=True)
        for number in known if number.where.get("iou") == name
    }  # fmt: skip
    numbers |= of_one
    for name, value in zip(names, values, strict=True):
        for word in (f"mAP@{name}", f"AP{round(100 * value)}"):
            if word in numbers:
                numbers[word] = {"iou": [value]}
    return Description(settings, Contract("detection", rules, numbers), notes, findings)


def sentence(protocol: DetectionProtocol, settings: Mapping[str, Any]) -> str:
    """Return the sentence for a paper.

    Parameters
    ----------
    protocol : DetectionProtocol
    settings : mapping
        Of the report.
    """
    truth, found, versions = settings["truth"], settings["found"], settings["versions"]
    names = ", ".join(threshold_names(settings["thresholds"]))
    measure = {"iou": "IoU", "pixel_iou": "IoU of pixels", "center_distance": "distance of centers"}
    word = measure.get(settings["rules"]["measure"], settings["rules"]["measure"])
    digests = digests_text({"truth": truth, "detections": found})
    text = (
        f"Detections were scored with overlap {versions['overlap-metrics']} (NumPy "
        f"{versions['numpy']}) by the protocol '{protocol.name}' ({protocol.description}): "
        f"{found['regions']:,} detections against {truth['regions']:,} annotated regions in "
        f"{truth['items']:,} images and {len(settings['classes'])} classes, at {word} "
        f"{'<=' if protocol.distance else protocol.comparison} {names}"
    )
    if settings["ties"] != "official":
        text += f"; ties: {settings['ties']}"
    text += f"; {digests}." if digests else "."
    return text + intervals_text(settings, "images")
