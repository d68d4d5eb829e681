"""Evaluators of spotting, by name.

A new one is one more `SpottingProtocol` in `PROTOCOLS`.
"""

from __future__ import annotations

from .protocol import SpottingProtocol

__all__ = ["PROTOCOLS"]

PROTOCOLS: dict[str, SpottingProtocol] = {
    protocol.name: protocol
    for protocol in (
        SpottingProtocol(
            name="spotting_tight",
            description="SoccerNet's tight average-mAP: tolerances of 1 to 5 s",
        ),
        SpottingProtocol(
            name="spotting_loose",
            description="SoccerNet's loose average-mAP: tolerances of 5 to 60 s",
            tolerances=tuple(5.0 * k for k in range(1, 13)),
        ),
        SpottingProtocol(
            name="spotting_e2e",
            description="E2E-Spot: tolerances of 0, 1, 2 and 4 frames on each side",
            tolerances=(0.0, 1.0, 2.0, 4.0),
            unit="frames",
            tolerance_width="each_side",
            fps=0.0,
            order="confidence",
            duplicates="keep",
            longest=0.0,
            curve="all_points",
            average="mean",
            classes="truth",
        ),
    )
}
