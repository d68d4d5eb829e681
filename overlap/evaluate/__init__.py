"""Evaluation of whole data sets: rankings, protocols, reports, intervals.

A *protocol* is a frozen value that says how an evaluator counts. A *study* measures items
(videos) one by one and puts them together once, so that the result depends neither on
their order nor on the number of workers. A *report* has the numbers, their parts and the
settings; its bootstrap intervals re-weight stored matches. All fractions are in [0, 1],
all times in seconds.
"""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
