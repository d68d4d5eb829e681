from .evaluate import detection as detection
from .inputs import Detections as Detections
from .protocol import DetectionProtocol as DetectionProtocol
from .protocols import DETECTION_PROTOCOLS as DETECTION_PROTOCOLS
