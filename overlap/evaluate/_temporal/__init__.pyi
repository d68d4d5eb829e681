from .evaluate import temporal as temporal
from .evaluate import temporal_study as temporal_study
from .families import TEMPORAL_PROTOCOLS as TEMPORAL_PROTOCOLS
from .localization import PROTOCOLS as PROTOCOLS
from .localization import Protocol as Protocol
from .tubes import tube_iou as tube_iou
