"""Rectangles at any angle in the plane."""

from overlap.regions.rotated.rotated import RotatedBoxes

__all__ = ["RotatedBoxes"]
