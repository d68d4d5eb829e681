"""Conformations of proteins: regions of backbone angles, and residues against a library.

`conformation` compares two sets of regions of (phi, psi), by category of residue and level: where
the angles come from (structures, tables, grids, polygons) is the business of `overlap.io`, what the
regions share that of `overlap.Polygons` on the torus. `ramachandran` scores single residues by a
library of grids. Both make a report.
"""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
