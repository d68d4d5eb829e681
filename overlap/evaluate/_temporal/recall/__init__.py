"""Recall of the best predictions: AR@AN of proposals, and recall at k times the truths.

Several predictions may find one truth, and one prediction several.
"""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
