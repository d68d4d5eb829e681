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
from .soft import dice_loss as dice_loss
from .soft import focal_tversky_loss as focal_tversky_loss
from .soft import generalized_dice_loss as generalized_dice_loss
from .soft import jaccard_loss as jaccard_loss
from .soft import tversky_loss as tversky_loss
from .wise import RunningMean as RunningMean
from .wise import wiou_loss as wiou_loss

__all__ = [
    "CoarseToFine",
    "Loss",
    "RankingScore",
    "RunningMean",
    "dice_loss",
    "focal_loss",
    "focal_tversky_loss",
    "generalized_dice_loss",
    "huber",
    "inner_loss",
    "jaccard_loss",
    "l1",
    "l2",
    "overlap_loss",
    "quality_focal_loss",
    "ranking_score",
    "smooth_l1",
    "tversky_loss",
    "varifocal_loss",
    "wiou_loss",
]
