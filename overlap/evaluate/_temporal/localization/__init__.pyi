from .evaluate import score as score
from .evaluate import study as study
from .protocol import Protocol as Protocol
from .protocols import PROTOCOLS as PROTOCOLS
