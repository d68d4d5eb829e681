"""Functions on a doubly periodic plane: grids of values, their level sets and their masses.

A `PeriodicGrid` holds values at the nodes of a torus: a density of two angles, or a table of ranks
as validation programs ship them. Values between the nodes are bilinear; where the function is at
least a level is a region, `overlap.Polygons` with a period; and every node stands for a cell, so
that a grid gives the probability of each cell, `overlap.CellDensity`, by which regions are weighed.
"""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
