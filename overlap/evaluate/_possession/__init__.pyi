from .evaluate import possession as possession
from .report import PossessionReport as PossessionReport

__all__ = ["PossessionReport", "possession"]
