from .bootstrap import mean_interval as mean_interval
from .comparison import Comparison as Comparison
from .comparison import compare as compare
from .localization import PROTOCOLS as PROTOCOLS
from .localization import Explanation as Explanation
from .localization import Protocol as Protocol
from .localization import explain as explain
from .localization import temporal as temporal
from .localization import temporal_study as temporal_study
from .report import Interval as Interval
from .report import Report as Report
from .study import Study as Study

__all__ = [
    "PROTOCOLS",
    "Comparison",
    "Explanation",
    "Interval",
    "Protocol",
    "Report",
    "Study",
    "compare",
    "explain",
    "mean_interval",
    "temporal",
    "temporal_study",
]
