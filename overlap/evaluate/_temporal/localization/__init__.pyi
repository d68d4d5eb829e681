from .family import FAMILY as FAMILY
from .protocol import Protocol as Protocol
from .protocols import PROTOCOLS as PROTOCOLS
