from .evaluate import score as score
from .evaluate import study as study
from .protocols import PROTOCOLS as PROTOCOLS
