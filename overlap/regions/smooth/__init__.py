"""Regions with smooth overlaps, for training by gradients."""

from overlap.regions.smooth.smooth import Blurred, Smoothable, SmoothMin

__all__ = ["Blurred", "SmoothMin", "Smoothable"]
