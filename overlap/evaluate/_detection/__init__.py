"""Evaluation of detections: regions of any kind, in images or other items, by any protocol.

A frozen `DetectionProtocol` gives the measure and the rules of ranking (`rules`). Candidate pairs
are measured of some images at a time (`measure`); `overlap.evaluate._ranking` does the rest.
"""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
