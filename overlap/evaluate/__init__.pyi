from .bootstrap import mean_interval as mean_interval
from .comparison import Comparison as Comparison
from .comparison import compare as compare
from .localization import PROTOCOLS as PROTOCOLS
from .localization import Explanation as Explanation
from .localization import Protocol as Protocol
from .localization import explain as explain
from .localization import temporal as temporal
from .localization import temporal_study as temporal_study
from .ownership import PossessionReport as PossessionReport
from .ownership import possession as possession
from .report import Interval as Interval
from .report import Report as Report
from .study import Study as Study
from .torsions import ConformationReport as ConformationReport
from .torsions import RamachandranReport as RamachandranReport
from .torsions import conformation as conformation
from .torsions import ramachandran as ramachandran
from .volumes import EMPTY_POLICIES as EMPTY_POLICIES
from .volumes import METRICS as METRICS
from .volumes import Answers as Answers
from .volumes import Empty as Empty
from .volumes import Metric as Metric
from .volumes import SegmentationReport as SegmentationReport
from .volumes import segmentation as segmentation
from .volumes import segmentation_study as segmentation_study

__all__ = [
    "EMPTY_POLICIES",
    "METRICS",
    "PROTOCOLS",
    "Answers",
    "Comparison",
    "ConformationReport",
    "Empty",
    "Explanation",
    "Interval",
    "Metric",
    "PossessionReport",
    "Protocol",
    "RamachandranReport",
    "Report",
    "SegmentationReport",
    "Study",
    "compare",
    "conformation",
    "explain",
    "mean_interval",
    "possession",
    "ramachandran",
    "segmentation",
    "segmentation_study",
    "temporal",
    "temporal_study",
]
