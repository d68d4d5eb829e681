from .evaluate import score as score
from .evaluate import study as study
from .explanation import Explanation as Explanation
from .explanation import explain as explain
from .protocol import Protocol as Protocol
from .protocols import PROTOCOLS as PROTOCOLS
