from ._comparison.comparison import Comparison as Comparison
from ._comparison.comparison import compare as compare
from ._conformation import ConformationReport as ConformationReport
from ._conformation import RamachandranReport as RamachandranReport
from ._conformation import conformation as conformation
from ._conformation import conformation_study as conformation_study
from ._conformation import ramachandran as ramachandran
from ._conformation import ramachandran_study as ramachandran_study
from ._detection import DETECTION_PROTOCOLS as DETECTION_PROTOCOLS
from ._detection import Calibration as Calibration
from ._detection import Confusion as Confusion
from ._detection import DetectionProtocol as DetectionProtocol
from ._detection import DetectionReport as DetectionReport
from ._detection import Detections as Detections
from ._detection import Errors as Errors
from ._detection import detection as detection
from ._possession import PossessionReport as PossessionReport
from ._possession import possession as possession
from ._possession import possession_study as possession_study
from ._segmentation import EMPTY_POLICIES as EMPTY_POLICIES
from ._segmentation import METRICS as METRICS
from ._segmentation import Answers as Answers
from ._segmentation import Empty as Empty
from ._segmentation import Metric as Metric
from ._segmentation import SegmentationReport as SegmentationReport
from ._segmentation import segmentation as segmentation
from ._segmentation import segmentation_study as segmentation_study
from ._temporal import PROTOCOLS as PROTOCOLS
from ._temporal import TEMPORAL_PROTOCOLS as TEMPORAL_PROTOCOLS
from ._temporal import Protocol as Protocol
from ._temporal import temporal as temporal
from ._temporal import temporal_study as temporal_study
from ._temporal import tube_iou as tube_iou
from .bootstrap import mean_interval as mean_interval
from .explanation import Explanation as Explanation
from .explanation import explain as explain
from .numbers import Interval as Interval
from .report import Report as Report
from .study import Study as Study

__all__ = [
    "DETECTION_PROTOCOLS",
    "EMPTY_POLICIES",
    "METRICS",
    "PROTOCOLS",
    "TEMPORAL_PROTOCOLS",
    "Answers",
    "Calibration",
    "Comparison",
    "ConformationReport",
    "Confusion",
    "DetectionProtocol",
    "DetectionReport",
    "Detections",
    "Empty",
    "Errors",
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
    "conformation_study",
    "detection",
    "explain",
    "mean_interval",
    "possession",
    "possession_study",
    "ramachandran",
    "ramachandran_study",
    "segmentation",
    "segmentation_study",
    "temporal",
    "temporal_study",
    "tube_iou",
]
