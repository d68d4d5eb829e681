"""Possession: who has the ball, and when, from scores of regions frame by frame.

Tables of regions become the scenes of videos (`tracks`). Each is measured alone (`video`): scores
become states, and states one `IntervalSets` per player (`states`). All together are compared with
annotated spells (`evidence`), by counts of every player (`counts`). Until the very end times are
whole frames, so that no duration is lost to rounding.
"""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
