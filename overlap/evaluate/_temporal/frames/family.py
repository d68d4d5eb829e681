"""The family of action segmentation."""

from dataclasses import replace

from ..family import Family
from ..options import READING
from .protocol import FrameRules
from .task import FrameTask

__all__ = ["FAMILY"]

FAMILY = Family({FrameRules: FrameTask}, (replace(READING, of_whole=True),))
