"""The family of segments without confidences."""

from ..family import Family
from ..options import READING, SUBSET
from .protocols import SegmentRules
from .task import SegmentsTask

__all__ = ["FAMILY"]

FAMILY = Family({SegmentRules: SegmentsTask}, (SUBSET, READING))
