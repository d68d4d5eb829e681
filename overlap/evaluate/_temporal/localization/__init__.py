"""Scoring of temporal localization: labelled segments of videos with confidences.

A frozen `Protocol` gives the temporal IoU and the rules of ranking (`rules`). Candidate pairs are
measured of some videos at a time (`measure`); `overlap.evaluate._ranking` does the rest.
"""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
