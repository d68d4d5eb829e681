from .empties import EMPTY_POLICIES as EMPTY_POLICIES
from .empties import Answers as Answers
from .empties import Empty as Empty
from .evaluate import segmentation as segmentation
from .evaluate import segmentation_study as segmentation_study
from .metrics import METRICS as METRICS
from .metrics import Metric as Metric
from .report import SegmentationReport as SegmentationReport
