"""Settings and the sentence of a report on spotting."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from overlap.evaluate.contract import Contract
from overlap.evaluate.sentence import digests_text, intervals_text
from overlap.evaluate.task import Description
from overlap.io.printable import number_of, some

from .evidence import SpottingEvidence
from .protocol import SpottingProtocol
from .reading import Inputs

__all__ = ["describe", "sentence"]


def describe(protocol: SpottingProtocol, evidence: SpottingEvidence) -> Description:
    """Say what the numbers depend on."""
    inputs: Inputs | None = evidence.inputs
    videos = evidence.videos
    findings, notes = list(inputs.findings if inputs else ()), []
    without = [
        name
        for name, one in zip(evidence.classes, evidence.of, strict=True)
        if not one.truths.sum()
    ]
    if without and protocol.classes == "soccernet":
        notes.append(
            f"classes without a truth: {len(without)}, of "
            f"which AP is 0 in the mean, as in the program: {some(without, 4)}; --set "
            "classes=truth leaves them out"
        )
    scored = set(evidence.classes)
    for role, sides in (("truth", "truth"), ("found", "found")):
        labels = {name: None for one in videos for name in getattr(one, sides).labels}
        strange = [name for name in labels if name not in scored]
        if strange:
            notes.append(
                f"{role}: labels that are no class of the mean, and are left out: "
                f"{some(strange, 4)}"
            )
    left_out = sum(one.left_out for one in videos)
    if left_out:
        notes.append(
            f"{number_of(left_out, 'point')} left out: of one class in one frame the last row "
            "counts, and predictions below a confidence of 0 do not"
        )
    if any(one.truths.sum() for one in evidence.of) and not any(
        one.hit.any() for one in evidence.of
    ):
        findings.append("no prediction hits a truth at any tolerance: every AP is 0")
    known = {"source": None, "sha256": None}
    settings: dict[str, Any] = {
        "protocol": protocol.name,
        "rules": protocol.settings(),
        "classes": list(evidence.classes),
    }
    for role in ("truth", "found"):
        table = getattr(inputs, role) if inputs else None
        if table is not None:
            known = {"source": table.source, "sha256": table.sha256}
        settings[role] = {
            **known,
            "videos": len(videos),
            "points": sum(len(getattr(one, role)) for one in videos),
        }
    digest = hashlib.sha256("".join(sorted(one.truth_digest for one in videos)).encode())
    contract = Contract(
        "spotting",
        {
            "truth": {"videos": len(videos), "sha256": digest.hexdigest()},
            "labels": sorted(evidence.classes),
            "protocol": protocol.settings(),
        },
    )
    return Description(settings, contract, notes, findings)


def sentence(
    protocol: SpottingProtocol, evidence: SpottingEvidence, settings: Mapping[str, Any]
) -> str:
    """Return the sentence for a paper."""
    truth, found, versions = settings["truth"], settings["found"], settings["versions"]
    digests = digests_text({"truth": truth, "predictions": found})
    names = ", ".join(protocol.tolerance_names())
    said = (
        f"Spotting was scored with overlap {versions['overlap-metrics']} (NumPy "
        f"{versions['numpy']}) by the protocol '{protocol.name}' ({protocol.description}): "
        f"{found['points']} predictions against {truth['points']} annotated points in "
        f"{number_of(len(evidence.items), 'video')} and {len(evidence.classes)} classes, at "
        f"tolerances of {names}{f'; {digests}' if digests else ''}."
    )
    return said + intervals_text(settings, "videos")
