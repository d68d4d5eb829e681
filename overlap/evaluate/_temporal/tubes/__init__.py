"""Scoring of tubes: boxes of frames of a video that belong together.

A frozen `TubeProtocol` says what is compared (boxes of a frame, whole tubes, or the tube of a
query), by which tube IoU (`tube_iou`), and how a ranking becomes a number. Pairs are measured of
some videos at a time (`measure`); `overlap.evaluate._ranking` does the rest.
"""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
