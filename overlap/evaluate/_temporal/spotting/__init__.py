"""Scoring of spotting: labelled points in time with confidences.

A frozen `SpottingProtocol` has the rules of SoccerNet or of E2E-Spot. `matching` says which
predictions hit a truth, video by video; `evidence` turns hits and confidences into curves.
"""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
