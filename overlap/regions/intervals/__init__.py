"""Spans of a line, and arcs of a circle."""

from overlap.regions.intervals.intervals import Intervals

__all__ = ["Intervals"]
