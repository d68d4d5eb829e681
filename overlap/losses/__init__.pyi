from .overlaps import overlap_loss as overlap_loss
from .result import Loss as Loss

__all__ = [
    "Loss",
    "overlap_loss",
]
