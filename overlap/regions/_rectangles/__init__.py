"""Pairs of rectangles in the plane, in any position: overlap, hull and enclosures."""
