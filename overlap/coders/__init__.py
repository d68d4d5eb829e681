"""Coders: other parameters for regions, and gradients with respect to them.

A coder turns regions into the numbers that a model predicts (`encode`) and back
(`decode`), and turns gradients with respect to the regions' own parameters into gradients
with respect to these numbers (`pullback`). So the gradient of any score or loss reaches the
last layer of any model:

>>> import overlap as ov
>>> anchors = ov.Boxes([[0.0, 0.0, 8.0, 8.0]])
>>> coder = ov.coders.Deltas(anchors)
>>> predicted = [[0.1, 0.0, 0.2, 0.0]]
>>> truth = ov.Boxes([[1.0, 0.0, 11.0, 8.0]])
>>> value, grad = ov.giou.value_and_grad(coder.decode(predicted), truth)
>>> coder.pullback(predicted, grad).round(3)
array([[ 1.287,  0.   ,  0.095, -0.002]])

Without an anchor: `CenterSize`, `LogSize`, `RotatedVector`, `AngleVector`, `GaussianBox`.
Relative to an anchor: `Deltas`, `RotatedDeltas`. Relative to a point: `EdgeDistances`.
From a visible part to the whole: `HiddenSide`.
"""

from overlap.coders._reading import Coder
from overlap.coders.angles import AngleVector
from overlap.coders.centers import CenterSize, LogSize
from overlap.coders.deltas import Deltas
from overlap.coders.distances import EdgeDistances
from overlap.coders.gaussians import GaussianBox
from overlap.coders.hidden import HiddenSide
from overlap.coders.rotated import RotatedDeltas, RotatedVector

__all__ = [
    "AngleVector",
    "CenterSize",
    "Coder",
    "Deltas",
    "EdgeDistances",
    "GaussianBox",
    "HiddenSide",
    "LogSize",
    "RotatedDeltas",
    "RotatedVector",
]
