"""Programs that score diarization, by name.

A new one is one more `DiarizationProtocol` in `PROTOCOLS`.
"""

from __future__ import annotations

from .protocol import DiarizationProtocol

__all__ = ["PROTOCOLS"]

PROTOCOLS: dict[str, DiarizationProtocol] = {
    protocol.name: protocol
    for protocol in (
        DiarizationProtocol(
            name="diarization",
            description="pyannote.metrics: exact times, half of the collar on each side",
        ),
        DiarizationProtocol(
            name="diarization_md_eval",
            description="md-eval.pl 22 of NIST: the collar on each side, speakers mapped by all "
            "time",
            collar_width="each_side",
            mapping_time="evaluated",
            without_uem="truth_hull",
            own_overlap="once",
            silent="leave_out",
            channels="apart",
            shortest=1e-8,
        ),
        DiarizationProtocol(
            name="diarization_dscore",
            description="dscore of the DIHARD challenges: md-eval.pl after cutting and joining "
            "turns, JER in frames of 10 ms",
            collar_width="each_side",
            collar_at_cuts=True,
            mapping_time="evaluated",
            own_overlap="merged",
            silent="leave_out",
            shortest=1e-8,
            decimals=3,
            jaccard="frames",
        ),
    )
}
