from .evaluate import score as score
from .evaluate import study as study
from .protocols import PROTOCOLS as PROTOCOLS
from .protocols import HighlightRules as HighlightRules
from .protocols import MomentRules as MomentRules
