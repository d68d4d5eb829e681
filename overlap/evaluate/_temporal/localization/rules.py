"""The temporal IoU of a protocol, and its rules of ranking."""

from __future__ import annotations

from overlap.evaluate._ranking.curves import CurveRule
from overlap.evaluate._ranking.matching import MatchRule
from overlap.evaluate._ranking.rules import Rules

from ..temporal_iou import temporal_iou
from .protocol import Protocol

__all__ = ["rules_of"]

_TIES = {"video_name": "item"}
_CURVES = {"none": "raw"}


def rules_of(protocol: Protocol) -> Rules:
    """Return the rules of ranking of a protocol; its ratio reads starts and stops."""
    curve = _CURVES.get(protocol.interpolation, protocol.interpolation)
    return Rules(
        temporal_iou(protocol.union, protocol.undefined, protocol.union_floor),
        MatchRule(
            chooser="found" if protocol.order == "confidence" else "truth",
            fallback=protocol.fallback,
            strict=protocol.comparison == ">",
        ),
        CurveRule(curve, protocol.grid() if curve == "grid" else ()),
        _TIES.get(protocol.tie_rule, protocol.tie_rule),
    )
