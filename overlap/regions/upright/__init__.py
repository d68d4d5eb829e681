"""Boxes in space that turn about the vertical."""

from overlap.regions.upright.upright import UprightBoxes

__all__ = ["UprightBoxes"]
