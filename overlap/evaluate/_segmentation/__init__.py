"""Scoring of segmentations: label volumes against true ones, case by case.

Two inputs become cases (`inputs`), each case counts of pairs of labels (`measure`), counts
become values of `metrics`, one module answers for empty sets (`empties`), and all of them make a
report (`finalise`). What is measured of a case knows neither metrics nor labels, so that a run
can be resumed under other ones.
"""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
