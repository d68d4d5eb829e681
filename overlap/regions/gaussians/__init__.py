"""Normal distributions in the plane."""

from overlap.regions.gaussians.gaussians import Gaussians

__all__ = ["Gaussians"]
