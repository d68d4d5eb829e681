"""Scoring of segments without confidences: precision, recall, F1 and mean IoU of matched pairs."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
