from .evaluate import temporal as temporal
from .evaluate import temporal_study as temporal_study
from .explanation import Explanation as Explanation
from .explanation import explain as explain
from .protocol import Protocol as Protocol
from .protocols import PROTOCOLS as PROTOCOLS
