"""Who has the ball, and when: scores of regions frame by frame become sets of intervals.

Tables of regions (`tracks`) are joined on the frame and scored; scores become states and states
become one `IntervalSets` per player (`states`); these are compared with annotated ones, spell by
spell and second by second (`evidence`). Until the very end times are whole frames, so that no
duration is lost to rounding.
"""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
