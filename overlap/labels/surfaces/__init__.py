"""Distances between surfaces of masks and label volumes.

`borders` finds the points of a surface, `nearest` the nearest point of another one, and `surface`
makes numbers of the distances by the rules of a convention (`conventions`); `distances` does it
for all labels of two volumes. `boundary` compares bands along boundaries.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
