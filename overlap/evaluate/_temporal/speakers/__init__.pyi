from .evaluate import score as score
from .evaluate import study as study
from .protocol import DiarizationProtocol as DiarizationProtocol
from .protocols import PROTOCOLS as PROTOCOLS
