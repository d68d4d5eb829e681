"""Protocols of action segmentation that are known by name."""

from __future__ import annotations

from .protocol import FrameRules

__all__ = ["PROTOCOLS"]

#: Rules by name.
PROTOCOLS: dict[str, FrameRules] = {
    rules.name: rules
    for rules in (
        FrameRules(
            name="action_segmentation",
            description="accuracy of frames, edit score and segmental F1, as MS-TCN computes them",
        ),
    )
}
