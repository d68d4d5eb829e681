"""Losses with gradients, for training predictions to agree with targets.

Every loss returns a `Loss`: its reduced value, the gradient of that value with respect to the
prediction's parameters, and the losses of the items. Nothing here needs an automatic
differentiation; `overlap.interop.torch` hands the same numbers to PyTorch.

No loss and no gradient is ever NaN or infinite. The limits, in this order:

- identical regions have the loss 0 and the gradient 0, before all else;
- a ratio with a region of no measure is 0;
- where a direction is undefined, such as that of equal centers, the gradient is 0;
- a derivative larger than any number is the largest number.
"""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
