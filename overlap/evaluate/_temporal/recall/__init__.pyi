from .family import FAMILY as FAMILY
from .protocols import PROTOCOLS as PROTOCOLS
from .protocols import KxRules as KxRules
from .protocols import ProposalRules as ProposalRules
