"""Finite unions of disjoint intervals."""

from overlap.regions.interval_sets.interval_sets import IntervalSets

__all__ = ["IntervalSets"]
