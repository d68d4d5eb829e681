"""Conformations of proteins: regions of backbone angles, and residues against a library.

`conformation` compares two sets of regions of (phi, psi), by category of residue and level;
`ramachandran` scores single residues by a library of grids. Both read files one by one (`reading`,
`parts`). Sides become shapes (`sides`), of which islands (`islands`) and numbers (`compared`) are
taken; the bootstrap makes them anew of drawn residues (`draws`).
"""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
