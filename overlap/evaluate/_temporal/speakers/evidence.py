"""Errors of all recordings, and the numbers that follow from their sums."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overlap.evaluate.numbers import Intervals, Number
from overlap.evaluate.value_range import UNIT, Range

from ..tally import Drawn, Tally
from .measure import SUMS, Measured
from .protocol import DiarizationProtocol

__all__ = ["SECONDS", "SpeakerEvidence", "evidence_of"]

#: Parts of DER in seconds, by the names that programs print.
SECONDS = ("missed detection", "false alarm", "confusion", "correct", "total")
_RATE = Range(0.0, math.inf)


@dataclass(frozen=True, eq=False, kw_only=True)
class SpeakerEvidence(Tally):
    """Errors of all recordings.

    Attributes
    ----------
    protocol : DiarizationProtocol
    recordings : tuple of Measured
    inputs : mapping
        What the task knows of the inputs.
    """

    protocol: DiarizationProtocol
    recordings: tuple[Measured, ...]
    inputs: Any = None

    def finalised(self, sums: Mapping[str, NDArray[np.float64]]) -> Drawn:
        """Return the numbers, with their values in each draw of recordings."""
        values = values_of(self.protocol, sums["sums"])
        numbers = [
            Number("DER", 0.0, unit="ratio", range=_RATE, better="lower"),
            Number("JER", 0.0, range=UNIT, better="lower"),
            *(
                Number(name, 0.0, unit="s", range=_RATE,
                       better={"correct": "higher", "total": ""}.get(name, "lower"))  # type: ignore[arg-type]
                for name in SECONDS
            ),
            Number("detection error rate", 0.0, unit="ratio", range=_RATE, better="lower"),
            Number("purity", 0.0, range=UNIT, better="higher"),
            Number("coverage", 0.0, range=UNIT, better="higher"),
        ]  # fmt: skip
        made = {}
        for number in numbers:
            drawn = values[number.metric]
            made[number.metric] = replace(number, value=float(drawn[0])), drawn
        return made

    def rows(self, intervals: Intervals) -> Sequence[dict[str, Any]]:
        """Return the numbers of each recording."""
        values = values_of(self.protocol, self.sums["sums"])
        rows = []
        for k, recording in enumerate(self.recordings):
            row: dict[str, Any] = {"recording": recording.name}
            row |= {name: float(column[k]) for name, column in values.items()}
            evaluated = float((recording.evaluated[:, 1] - recording.evaluated[:, 0]).sum())
            row |= {
                "evaluated": evaluated,
                "scored": float(recording.sums[SUMS.index("scored")]),
                "n_speakers": len(recording.speakers),
                "n_found_speakers": int(recording.sums[SUMS.index("found speakers")]),
                "n_turns": int(recording.counts[0]),
                "n_found_turns": int(recording.counts[1]),
            }
            rows.append(row)
        return rows


def values_of(
    protocol: DiarizationProtocol, sums: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    """Return the numbers that follow from sums, shape (B,) each.

    Parameters
    ----------
    protocol : DiarizationProtocol
    sums : ndarray, shape (B, len(SUMS))
    """
    of = {name: sums[:, k] for k, name in enumerate(SUMS)}
    error = of["missed detection"] + of["false alarm"] + of["confusion"]
    nobody = np.ones(len(sums))
    if protocol.jaccard == "frames":
        nobody = (of["found speakers"] > 0).astype(np.float64)
    return {
        "DER": _rate(error, of["total"]),
        "JER": _share(of["jaccard errors"], of["speakers"], nobody),
        **{name: of[name] for name in SECONDS},
        "detection error rate": _rate(of["missed speech"] + of["false speech"], of["speech"]),
        "purity": _share(of["largest share of found"], of["found"], 1.0),
        "coverage": _share(of["largest share of truth"], of["truth"], 1.0),
    }


def _rate(error: NDArray[np.float64], total: NDArray[np.float64]) -> NDArray[np.float64]:
    """Divide; of no time, an error is 1 and none is 0."""
    return _share(error, total, (error > 0).astype(np.float64))


def _share(part: NDArray[np.float64], whole: NDArray[np.float64], other: Any) -> Any:
    result = np.broadcast_to(np.asarray(other, dtype=np.float64), whole.shape).copy()
    return np.divide(part, whole, out=result, where=whole > 0)


def evidence_of(
    protocol: DiarizationProtocol, recordings: Sequence[Measured], inputs: Any
) -> SpeakerEvidence:
    """Put recordings together.

    Parameters
    ----------
    protocol : DiarizationProtocol
    recordings : sequence of Measured
    inputs : Any
        What the task knows of the inputs.
    """
    kept = [one for one in recordings if protocol.silent == "count" or one.counts[0]]
    sums = np.array([one.sums for one in kept], dtype=np.float64).reshape(-1, len(SUMS))
    owner = [k for k, one in enumerate(kept) for _ in one.speakers]

    def column(name: str) -> Any:
        arrays = [np.asarray(getattr(one, name)) for one in kept if one.speakers]
        return np.concatenate(arrays) if arrays else np.empty(0)

    counted = {
        "recording": np.array([kept[k].name for k in owner], dtype=object),
        "speaker": np.array([name for one in kept for name in one.speakers], dtype=object),
        "found speaker": np.array([name for one in kept for name in one.mapped], dtype=object),
        "seconds": column("seconds"),
        "seconds in common": column("common"),
        "Jaccard error": column("jaccard"),
    }
    return SpeakerEvidence(
        items=tuple(one.name for one in kept),
        sums={"sums": sums},
        counted=counted,
        unit="recordings",
        protocol=protocol,
        recordings=tuple(kept),
        inputs=inputs,
    )
