from .family import FAMILY as FAMILY
from .protocol import DiarizationProtocol as DiarizationProtocol
from .protocols import PROTOCOLS as PROTOCOLS
