from .family import FAMILY as FAMILY
from .protocols import PROTOCOLS as PROTOCOLS
from .protocols import HighlightRules as HighlightRules
from .protocols import MomentRules as MomentRules
