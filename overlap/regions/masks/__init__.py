"""Sets of cells of a regular grid, hard or soft."""

from overlap.regions.masks.masks import Masks

__all__ = ["Masks"]
