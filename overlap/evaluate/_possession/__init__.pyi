from .evaluate import possession as possession
from .evaluate import possession_study as possession_study
from .report import PossessionReport as PossessionReport

__all__ = ["PossessionReport", "possession", "possession_study"]
