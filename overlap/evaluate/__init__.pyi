from .bootstrap import mean_interval as mean_interval
from .localization import PROTOCOLS as PROTOCOLS
from .localization import Protocol as Protocol
from .localization import temporal as temporal
from .localization import temporal_study as temporal_study
from .report import Interval as Interval
from .report import Report as Report
from .study import Study as Study

__all__ = [
    "PROTOCOLS",
    "Interval",
    "Protocol",
    "Report",
    "Study",
    "mean_interval",
    "temporal",
    "temporal_study",
]
