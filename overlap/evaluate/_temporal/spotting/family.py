"""The family of spotting."""

from ..family import Family
from ..options import LABELS
from .protocol import SpottingProtocol
from .task import SpottingTask

__all__ = ["FAMILY"]

FAMILY = Family({SpottingProtocol: SpottingTask}, (LABELS,))
