from .calibration import Calibration as Calibration
from .confusion import Confusion as Confusion
from .errors import Errors as Errors
from .evaluate import detection as detection
from .inputs import Detections as Detections
from .protocol import DetectionProtocol as DetectionProtocol
from .protocols import DETECTION_PROTOCOLS as DETECTION_PROTOCOLS
from .report import DetectionReport as DetectionReport
