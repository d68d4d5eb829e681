"""The family of spotting."""

from ..family import Family
from ..options import LABELS
from .protocol import SpottingProtocol
from .protocols import PROTOCOLS
from .task import SpottingTask

__all__ = ["FAMILY"]

#: Those of SoccerNet: another counts frames, of which tables of seconds do not know the rate.
ALIKE = {name: rules for name, rules in PROTOCOLS.items() if rules.unit == "seconds"}

FAMILY = Family({SpottingProtocol: SpottingTask}, (LABELS,), alike=ALIKE)
