"""Surfaces of masks and label volumes, and how far they are from each other.

`borders` finds the points of a surface, `distances` the nearest point of another one, `summary`
makes numbers of the distances by the rules of a `presets` convention, and `surface_distances`
does it for all labels of two volumes (`measuring`). `boundary` compares bands along boundaries.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
