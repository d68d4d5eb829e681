"""Readers of files, one module per format, and atomic writing of files.

Every reader of labelled time segments, whatever the format, returns a `SegmentTable`:
columns of equal length, one row per annotation or prediction, in file order. Videos and
labels are integers into the tuples ``videos`` and ``labels``; times are seconds as float64.
A bad input is a ValueError that names the file and the row or key.

Every reader of label maps returns a `Volume`: values with x first, and where the voxels lie.
`pair_folders` finds the partners, `check_same_grid` compares their places, `LabelSet` names
the labels.

Every reader of backbone angles (`read_structures`, `read_angles`) returns a `ResidueTable`; grids
are `RamaGrids`, and polygons a `RegionSet`. `read_conformations` takes any of these files.
"""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
