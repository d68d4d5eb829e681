from .family import FAMILY as FAMILY
from .protocols import ALIKE as ALIKE
from .protocols import PROTOCOLS as PROTOCOLS
from .tube_iou import tube_iou as tube_iou
