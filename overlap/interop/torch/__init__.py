"""Scores and losses of PyTorch tensors, with exact gradients for autograd.

`overlap_loss` and the module `OverlapLoss` are for training, `score` gives scores with
gradients, and `pairwise` those of all pairs without. Tensors on the CPU are read where they lie
and computed by the kernels of the package; on other devices, operations of torch compute the
scores of intervals and boxes from the same formulas.
"""

from __future__ import annotations

try:
    import torch as _torch  # noqa: F401
except ImportError as error:
    raise ImportError(
        "overlap.interop.torch needs PyTorch; install it with: pip install 'overlap-metrics[torch]'"
    ) from error

from overlap.interop.torch._losses import OverlapLoss, overlap_loss
from overlap.interop.torch._scores import pairwise, score

__all__ = ["OverlapLoss", "overlap_loss", "pairwise", "score"]
