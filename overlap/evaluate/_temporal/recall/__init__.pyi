from .evaluate import score as score
from .evaluate import study as study
from .protocols import PROTOCOLS as PROTOCOLS
from .protocols import KxRules as KxRules
from .protocols import ProposalRules as ProposalRules
