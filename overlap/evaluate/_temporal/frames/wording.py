"""Settings, notes, findings and the sentence of a report on action segmentation."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from overlap.evaluate.contract import Contract
from overlap.evaluate.numbers import Number
from overlap.evaluate.report import plain
from overlap.evaluate.sentence import digests_text
from overlap.evaluate.task import Description
from overlap.io.name_match import mismatch
from overlap.io.printable import number_of, some

from .evidence import FrameEvidence
from .protocol import FrameRules

__all__ = ["describe", "sentence"]


def describe(rules: FrameRules, evidence: FrameEvidence, numbers: Sequence[Number]) -> Description:
    """Say what the numbers depend on.

    Parameters
    ----------
    rules : FrameRules
    evidence : FrameEvidence
    numbers : sequence of Number
    """
    parts, sources = evidence.parts, evidence.sources
    notes, findings = list(sources.notes), list(sources.findings)
    silent = [video for video, part in parts.items() if not part.digests[1]]
    given = set(sources.found_videos)
    missing = [video for video in sources.truth_videos if video not in given]
    if silent:
        findings.append(
            f"{len(silent)} of {number_of(len(parts), 'video')} of the truth "
            f"{'has' if len(silent) == 1 else 'have'} no predictions and count as wrong "
            f"({some(silent, 2)}); to score a part of the videos, name it with videos, or set "
            "missing=leave_out"
        )
    elif missing:
        notes.append(
            f"{number_of(len(missing), 'video')} of the truth without predictions left out "
            f"({some(missing, 2)})"
        )
    strange = [video for video in sources.found_videos if video not in set(sources.truth_videos)]
    if strange:
        notes.append(
            f"predictions for {number_of(len(strange), 'video')} that the truth does not have are "
            f"not used ({some(strange, 2)})"
        )
    names = sources.truth_videos, sources.found_videos
    findings += [said for said in (mismatch("videos", *names),) if said]
    beyond = [video for video, part in parts.items() if part.beyond]
    if beyond:
        notes.append(
            f"predictions of {number_of(len(beyond), 'video')} go on behind the last frame of the "
            f"truth ({some(beyond, 2)}): accuracy does not read these frames, edit and F1 do"
        )
    labels = _used(evidence)
    unknown = [label for label in labels[1] if label not in set(labels[0])]
    if unknown:
        notes.append(f"predicted labels that the truth does not have: {some(unknown, 4)}")
        said = mismatch("labels", tuple(labels[0]), tuple(labels[1]))
        if said:
            findings.append(said)
    idle = [label for label in rules.background if label not in {*labels[0], *labels[1]}]
    if idle:
        notes.append(
            f"background {some(idle, 4)} is no label of these videos; every label makes segments"
            if len(idle) == len(rules.background)
            else f"background {some(idle, 4)} is no label of these videos"
        )
    lost = [part for part in parts.values() if not part.edits[1]]
    if lost:
        notes.append(
            f"{number_of(len(lost), 'video')} without any segment on both sides: the edit score "
            "leaves them out"
        )
    zero = [number.name for number in numbers if number.value == 0.0]
    if zero and not silent:
        findings.append(
            f"{', '.join(zero)} 0: the predictions have the labels {some(labels[1], 4)}, the truth "
            f"{some(labels[0], 4)}"
        )
    settings: dict[str, Any] = {
        "protocol": rules.name,
        "rules": plain(rules.settings()),
        "thresholds": list(rules.thresholds),
        "videos": len(parts),
        "truth": dict(sources.truth or _counts(evidence, 0)),
        "found": dict(sources.found or _counts(evidence, 1)),
    }
    if sources.reading:
        settings["reading"] = plain(sources.reading.settings())
    digest = hashlib.sha256()
    for video in sorted(parts):
        line = f"{video}\n{parts[video].digests[0]}\n"
        digest.update(line.encode("utf-8", "backslashreplace"))
    contract = Contract(
        "action segmentation",
        {
            "truth": {"videos": len(parts), "sha256": digest.hexdigest()},
            "protocol": plain({**rules.settings(), "thresholds": list(rules.thresholds)}),
            **({} if sources.reading is None else sources.reading.contract()),
        },
    )
    return Description(settings, contract, notes, list(dict.fromkeys(findings)))


def _used(evidence: FrameEvidence) -> tuple[list[str], list[str]]:
    """Return the labels that frames of truth and predictions have."""
    sides: tuple[dict[str, None], dict[str, None]] = ({}, {})
    for part in evidence.parts.values():
        for side, counts in zip(sides, part.frames, strict=False):
            side.update(dict.fromkeys(part.labels[k] for k in np.flatnonzero(counts)))
    return list(sides[0]), list(sides[1])


def _counts(evidence: FrameEvidence, side: int) -> dict[str, Any]:
    parts = evidence.parts.values()
    return {
        "source": "",
        "sha256": None,
        "videos": len(parts),
        "frames": int(sum(part.frames[side].sum() for part in parts)),
        "labels": _used(evidence)[side],
    }


def sentence(rules: FrameRules, evidence: FrameEvidence, settings: Mapping[str, Any]) -> str:
    """Return the sentence for a paper.

    Parameters
    ----------
    rules : FrameRules
    evidence : FrameEvidence
    settings : mapping
    """
    versions = settings["versions"]
    background = ", ".join(map(repr, rules.background)) or "none"
    said = (
        f"Action segmentation was scored with overlap {versions['overlap-metrics']} by the "
        f"protocol '{rules.name}' ({rules.description}): "
        f"{number_of(len(evidence.items), 'video')}, "
        f"{int(evidence.sums['frames'].sum()):,} frames; labels that make no segment: {background}"
    )
    digests = digests_text({"truth": settings["truth"], "predictions": settings["found"]})
    return f"{said}{f'; {digests}' if digests else ''}."
