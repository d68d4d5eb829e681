"""The family of moments."""

from ..family import Family
from .highlights import HighlightTask
from .protocols import HighlightRules, MomentRules
from .retrieval import RetrievalTask

__all__ = ["FAMILY"]

FAMILY = Family({MomentRules: RetrievalTask, HighlightRules: HighlightTask})
