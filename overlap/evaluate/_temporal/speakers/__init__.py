"""Scoring of diarization: who speaks when, by the time that is attributed wrongly.

Speakers found have names of their own, so they are mapped to those of the truth first. A frozen
`DiarizationProtocol` has the conventions in which programs differ. `timeline` cuts a recording at
all ends of turns, and `measure` adds up the time between them.
"""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
