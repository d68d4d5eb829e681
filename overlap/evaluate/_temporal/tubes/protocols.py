"""The evaluators of tubes that are known by name."""

from __future__ import annotations

from typing import Any

from .protocol import TubeProtocol

__all__ = ["ALIKE", "PROTOCOLS"]

_MULTISPORTS: dict[str, Any] = {
    "ignored_labels": (
        "aerobic kick jump", "aerobic off axis jump", "aerobic butterfly jump",
        "aerobic balance turn", "basketball save", "basketball jump ball",
    ),
}  # fmt: skip
_UCF: dict[str, Any] = {
    "pixels": "inclusive",
    "frames": "inclusive",
    "fallback": True,
    "interpolation": "trapezoid",
}
_HIGH = "0.5:0.95:0.05"

PROTOCOLS: dict[str, TubeProtocol] = {
    protocol.name: protocol
    for protocol in (
        TubeProtocol(
            "tubes_frame_map", "MultiSports' frame mAP: boxes of single frames", of="boxes",
            **_MULTISPORTS,
        ),
        TubeProtocol(
            "tubes_video_map", "MultiSports' video mAP: whole tubes", thresholds=(0.2, 0.5),
            means=("0.05:0.45:0.05", "0.1:0.9:0.1", _HIGH), **_MULTISPORTS,
        ),
        TubeProtocol(
            "tubes_ucf", "video mAP of the ACT detector, for UCF101-24 and J-HMDB",
            thresholds=(0.2, 0.5, 0.75), means=(_HIGH,), **_UCF,
        ),
        TubeProtocol(
            "tubes_ucf_frame", "frame mAP of the ACT detector, for UCF101-24 and J-HMDB",
            of="boxes", **_UCF,
        ),
        TubeProtocol(
            "tubes_gurkirt", "video mAP of Singh et al.'s MATLAB program, for UCF101-24",
            thresholds=(0.2, 0.5, 0.75), means=(_HIGH,), frames="inclusive",
            one_common_frame="zero", undefined="zero", comparison=">", fallback=True,
            tie_rule="file",
        ),
        TubeProtocol(
            "tubes_ava", "AVA's frame mAP: 50 boxes of a frame", of="boxes",
            tie_rule="argsort_reversed", undefined="zero", per_frame=50,
        ),
        TubeProtocol(
            "tubes_grounding", "m_tIoU, m_vIoU and vIoU@R of VidSTG and HC-STVG: a tube a query",
            thresholds=(0.3, 0.5), of="queries", similarity="viou", frames="inclusive",
            undefined="zero", comparison=">",
        ),
    )
}  # fmt: skip

#: Those that score the same inputs: not the one tube of a query.
ALIKE = {name: rules for name, rules in PROTOCOLS.items() if rules.of != "queries"}
