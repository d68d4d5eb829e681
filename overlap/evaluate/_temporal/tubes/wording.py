"""Settings and the sentence of a report on tubes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from overlap.evaluate.contract import Contract
from overlap.evaluate.task import Description
from overlap.io.name_match import mismatch
from overlap.io.printable import number_of, some
from overlap.io.tubes import TubeTable

from .evidence import GroundingEvidence, TubeEvidence
from .protocol import TubeProtocol

__all__ = ["describe", "sentence"]

_WORDS = {"boxes": "boxes", "tubes": "tubes", "queries": "tubes"}


def describe(
    protocol: TubeProtocol,
    ties: str,
    labels: Sequence[str] | None,
    evidence: TubeEvidence | GroundingEvidence,
) -> Description:
    """Say what the numbers depend on.

    Parameters
    ----------
    protocol, ties, labels, evidence
    """
    measured = evidence.measured
    truth, found = measured.truth, measured.found
    notes = [note for table in (truth, found) for note in table.notes]
    findings: list[str | None] = [one for table in (truth, found) for one in table.findings]
    findings.append(mismatch("videos", truth.videos, found.videos))
    settings: dict[str, Any] = {
        "protocol": protocol.name,
        "rules": protocol.settings(),
        "thresholds": list(protocol.thresholds),
        "labels": None if labels is None else list(labels),
        "truth": _source(truth, protocol),
        "found": _source(found, protocol),
    }
    if isinstance(evidence, GroundingEvidence):
        silent = [row["query"] for row in evidence.table_rows if not row["found"]]
        if silent:
            notes.append(
                f"{number_of(len(silent), 'query')} without a tube found (first: {silent[0]!r}) "
                "have 0"
            )
        if not (evidence.tube > 0).any() and len(evidence.tube):
            findings.append("no tube found overlaps its truth in any frame: every number is 0")
            findings.append(_scale(truth, found))
    else:
        findings.append(mismatch("labels", evidence.scene.labels, found.labels))
        settings["ties"] = ties
        settings["classes"] = list(evidence.scene.labels)
        strange = [x for x in found.labels if x not in truth.labels]
        excluded = int((evidence.scene.found.label < 0).sum())
        if excluded:
            notes.append(
                f"{number_of(excluded, 'prediction')} of classes without a truth not scored "
                f"({some(strange or list(found.labels), 4)})"
            )
        if not evidence.scene.labels:
            notes.append("there is no class with a truth: every number is undefined")
        elif not evidence.ranked.matched.true.any():
            least = min(protocol.every_threshold())
            findings.append(
                f"nothing found counts as true at IoU {least:g}, the lowest threshold: every AP "
                "is 0"
            )
            findings.append(_scale(truth, found))
    said = [finding for finding in findings if finding]
    return Description(settings, _contract(protocol, ties, labels, truth), notes, said)


def _scale(truth: TubeTable, found: TubeTable) -> str | None:
    """Say that frames or coordinates do not meet."""
    if not len(truth) or not len(found):
        return None
    for name, a, b in (("frames", truth.frame, found.frame), ("boxes", truth.box, found.box)):
        low, high = (float(a.min()), float(b.min())), (float(a.max()), float(b.max()))
        apart = low[1] > high[0] or low[0] > high[1]
        if apart or (name == "boxes" and 20 * min(high) < max(high)):
            return (
                f"{name} of the truth are from {low[0]:g} to {high[0]:g}, those found from "
                f"{low[1]:g} to {high[1]:g}: are they of one unit, and counted from one origin?"
            )
    return None


def _source(table: TubeTable, protocol: TubeProtocol) -> dict[str, Any]:
    return {
        "source": table.source,
        "sha256": table.sha256,
        "videos": len(table.videos),
        _WORDS[protocol.of]: len(table),
    }


def _contract(
    protocol: TubeProtocol, ties: str, labels: Sequence[str] | None, truth: TubeTable
) -> Contract:
    """Return what another report must agree in."""
    digest = hashlib.sha256(json.dumps([truth.videos, truth.labels]).encode())
    for values in (truth.video, truth.label, truth.pointer, truth.frame, truth.box):
        digest.update(np.ascontiguousarray(values).astype("<f8").tobytes())
    return Contract(
        "tubes",
        {
            "truth": {"videos": len(truth.videos), "count": len(truth),
                      "sha256": digest.hexdigest()},
            "labels": None if labels is None else sorted(labels),
            "protocol": protocol.settings(),
            "ties": ties,
        },
    )  # fmt: skip


def sentence(protocol: TubeProtocol, settings: Mapping[str, Any]) -> str:
    """Return the sentence for a paper.

    Parameters
    ----------
    protocol : TubeProtocol
    settings : mapping
    """
    word = _WORDS[protocol.of]
    truth, found, versions = settings["truth"], settings["found"], settings["versions"]
    thresholds = ", ".join(f"{x:g}" for x in protocol.thresholds)
    measure = "box IoU" if protocol.of == "boxes" else f"tube IoU '{protocol.similarity}'"
    return (
        f"Tubes were scored with overlap {versions['overlap-metrics']} (NumPy "
        f"{versions['numpy']}) by the protocol '{protocol.name}' ({protocol.description}): "
        f"{found[word]} {word} found against {truth[word]} annotated {word} in {truth['videos']} "
        f"videos, {measure} {protocol.comparison} {thresholds}, frames {protocol.frames}, pixels "
        f"{protocol.pixels}."
    )
