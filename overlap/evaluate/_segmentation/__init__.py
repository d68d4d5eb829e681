"""Scoring of segmentations: label volumes against true ones, case by case.

Two inputs become a `cohort` of cases, each case counts of pairs of labels (`measure`), and counts
`values` of `metrics`, with the answers of a policy for empty sets (`empties`). All of this is one
`task`. The counts of a case depend neither on metrics of counts nor on labels, so that a run can be
resumed under other ones.
"""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
