"""The family of recalls."""

from ..family import Family
from ..options import READING, SUBSET
from .kx import KxTask
from .proposals import ProposalTask
from .protocols import KxRules, ProposalRules

__all__ = ["FAMILY"]

FAMILY = Family({ProposalRules: ProposalTask, KxRules: KxTask}, (SUBSET, READING))
