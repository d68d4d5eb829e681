from .family import FAMILY as FAMILY
from .protocols import PROTOCOLS as PROTOCOLS
from .protocols import SegmentRules as SegmentRules
