from .family import FAMILY as FAMILY
from .protocols import PROTOCOLS as PROTOCOLS
