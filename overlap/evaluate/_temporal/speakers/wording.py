"""Settings and the sentence of a report on diarization."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from overlap.evaluate.contract import Contract
from overlap.evaluate.numbers import Number
from overlap.evaluate.sentence import digests_text, intervals_text
from overlap.evaluate.task import Description
from overlap.io.printable import number_of
from overlap.io.segment_match import other_unit
from overlap.io.segments import SegmentTable

from ..reading import Reading
from .evidence import SpeakerEvidence
from .protocol import DiarizationProtocol
from .reading import Inputs

__all__ = ["describe", "sentence"]

_NO_UEM = {
    "hull": "from the first to the last turn of either side",
    "truth_hull": "from the first to the last turn of the truth, so that false alarms outside are "
    "not counted",
}
#: Share of the speech below which the units of both sides are looked at.
_LITTLE = 0.05


def _source(table: SegmentTable | None, role: str, evidence: SpeakerEvidence) -> dict[str, Any]:
    place = 0 if role == "truth" else 1
    known: dict[str, Any] = {"source": None, "sha256": None}
    if table is not None:
        known = {"source": table.source, "sha256": table.sha256}
    return {
        **known,
        "recordings": len(evidence.items),
        "turns": int(sum(one.counts[place] for one in evidence.recordings)),
        "too_short": int(sum(one.counts[2 + place] for one in evidence.recordings)),
    }


def describe(
    protocol: DiarizationProtocol,
    reading: Reading,
    evidence: SpeakerEvidence,
    numbers: Sequence[Number],
) -> Description:
    """Say what the numbers depend on."""
    inputs: Inputs | None = evidence.inputs
    of = {number.metric: number.value for number in numbers}
    notes, findings = list(inputs.notes if inputs else ()), list(inputs.findings if inputs else ())
    settings: dict[str, Any] = {
        "protocol": protocol.name,
        "rules": protocol.settings(),
        "truth": _source(inputs.truth if inputs else None, "truth", evidence),
        "found": _source(inputs.found if inputs else None, "found", evidence),
        "uem": None,
        "evaluated_seconds": float(
            sum((one.evaluated[:, 1] - one.evaluated[:, 0]).sum() for one in evidence.recordings)
        ),
    }
    if reading:
        settings["reading"] = reading.settings()
    if inputs and inputs.uem is not None:
        settings["uem"] = {
            "source": inputs.uem.source,
            "sha256": inputs.uem.sha256,
            "recordings": len(inputs.uem.spans),
        }
    elif inputs:
        notes.append(f"no UEM was given: a recording is evaluated {_NO_UEM[protocol.without_uem]}")
    for role in ("truth", "found"):
        short = settings[role]["too_short"]
        if short:
            notes.append(
                f"{role}: {number_of(short, 'turn')} of {protocol.shortest:g} s or less left out"
            )
    if evidence.recordings and not of["total"]:
        findings.append("the truth has no speech in the time that is scored")
    elif evidence.recordings and of["correct"] < _LITTLE * of["total"]:
        if not of["correct"]:
            findings.append("no speech is attributed rightly: DER has no correct time")
        unit = other_unit(inputs.truth, inputs.found) if inputs else None
        findings += [unit] if unit else []
    rules: dict[str, Any] = {
        "truth": _digest([one.truth_digest for one in evidence.recordings]),
        "protocol": protocol.settings(),
        **reading.contract(),
    }
    maps = [one.map_digest for one in evidence.recordings if one.map_digest]
    if maps:
        rules["uem"] = _digest(maps)
    contract = Contract("diarization", rules, sizes=("total",))
    return Description(settings, contract, notes, findings)


def _digest(parts: Sequence[str]) -> dict[str, Any]:
    """Return what stands in the contract for recordings that have these digests."""
    state = hashlib.sha256("".join(sorted(parts)).encode())
    return {"recordings": len(parts), "sha256": state.hexdigest()}


def sentence(
    protocol: DiarizationProtocol, evidence: SpeakerEvidence, settings: Mapping[str, Any]
) -> str:
    """Return the sentence for a paper."""
    truth, found, versions = settings["truth"], settings["found"], settings["versions"]
    side = "in all" if protocol.collar_width == "whole" else "on each side"
    collar = f"a collar of {protocol.collar:g} s {side}" if protocol.collar else "no collar"
    overlap = "without overlapped speech" if protocol.skip_overlap else "with overlapped speech"
    where = "the given UEM" if settings["uem"] else "no UEM"
    digests = digests_text({"truth": truth, "found": found, "UEM": settings["uem"]})
    said = (
        f"Diarization was scored with overlap {versions['overlap-metrics']} (NumPy "
        f"{versions['numpy']}) by the protocol '{protocol.name}' ({protocol.description}): "
        f"{found['turns']} found turns against {truth['turns']} in "
        f"{number_of(len(evidence.items), 'recording')}, with {collar}, {overlap} and {where}"
        f"{f'; {digests}' if digests else ''}."
    )
    return said + intervals_text(settings, "recordings")
