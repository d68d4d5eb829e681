"""Scoring of action segmentation: a label for every frame of a video.

Frozen `FrameRules` say which labels make no segment. `runs` finds the segments of a video and
compares them, `measure` counts, and the numbers follow from sums over videos.
"""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
