"""Geometry that several kinds share: convex hulls, and pairs of rectangles in the plane."""
