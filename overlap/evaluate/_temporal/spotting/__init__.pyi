from .evaluate import score as score
from .evaluate import study as study
from .protocol import SpottingProtocol as SpottingProtocol
from .protocols import PROTOCOLS as PROTOCOLS
