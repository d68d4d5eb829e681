"""Scoring of sound events: onsets and offsets of labelled sounds in recordings.

Three ways, each with frozen rules (`protocol`): counts of fixed segments of time
(`segment_counts`), events paired by onset and offset (`event_counts`, `event_matching`), and
criteria of intersection (`intersections`), from which F1 or, over all thresholds, PSDS follows
(`roc`). `recordings` puts both sides in one numbering.
"""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
