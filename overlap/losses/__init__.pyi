from .classification import focal_loss as focal_loss
from .classification import quality_focal_loss as quality_focal_loss
from .classification import varifocal_loss as varifocal_loss
from .inner import inner_loss as inner_loss
from .overlaps import overlap_loss as overlap_loss
from .ranking import RankingScore as RankingScore
from .ranking import ranking_score as ranking_score
from .regression import huber as huber
from .regression import l1 as l1
from .regression import l2 as l2
from .regression import smooth_l1 as smooth_l1
from .result import Loss as Loss
from .schedule import CoarseToFine as CoarseToFine
from .wise import RunningMean as RunningMean
from .wise import wiou_loss as wiou_loss

__all__ = [
    "CoarseToFine",
    "Loss",
    "RankingScore",
    "RunningMean",
    "focal_loss",
    "huber",
    "inner_loss",
    "l1",
    "l2",
    "overlap_loss",
    "quality_focal_loss",
    "ranking_score",
    "smooth_l1",
    "varifocal_loss",
    "wiou_loss",
]
