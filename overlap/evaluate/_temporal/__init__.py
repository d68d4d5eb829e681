"""Scoring of temporal localization: labelled segments of videos with confidences.

Tables of segments become candidate pairs (`measure`, `pairs`), pairs become matches
(`matching`), matches a ranking and an average precision per class (`scored`,
`overlap.evaluate._ranking.curves`), all by the rules of a frozen `Protocol`.
"""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
