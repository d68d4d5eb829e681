"""Regions bounded by rings of straight edges, on the plane or on a torus."""

from overlap.regions.polygons.polygons import Polygons

__all__ = ["Polygons"]
