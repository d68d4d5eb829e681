from .family import FAMILY as FAMILY
from .protocol import SpottingProtocol as SpottingProtocol
from .protocols import PROTOCOLS as PROTOCOLS
