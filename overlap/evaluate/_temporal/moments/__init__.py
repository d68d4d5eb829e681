"""Scoring of moments: windows of videos, and scores of clips, that answer queries."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
