from .report import PossessionReport as PossessionReport
from .task import possession as possession
from .task import possession_study as possession_study

__all__ = ["PossessionReport", "possession", "possession_study"]
