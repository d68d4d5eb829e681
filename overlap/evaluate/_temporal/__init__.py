"""Temporal scoring: predicted times of anything against annotated ones.

Each folder is one family of protocols, which score the same kind of thing by the same kind of
number: `localization` ranks labelled segments of videos. A family has ``PROTOCOLS``, its rules by
name, and ``FAMILY``, a value that says which task scores by them and which options act
(`family`, `options`). `families` lists them, and `evaluate` chooses one by the protocol, refuses
other options, and runs its task. Families do not know each other; they share the reading of tables
(`reading`), numbers that follow from sums over items (`tally`) and a report of such numbers
(`report`).
"""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
