"""Readers of the files that people hold, one module per format, and atomic writing.

Every reader of labelled time segments, whatever the format, returns a `SegmentTable`:
columns of equal length, one row per annotation or prediction, in file order. Videos and
labels are integers into the tuples ``videos`` and ``labels``; times are seconds as float64.
A bad input is a ValueError that names the file and the row or key.

Every reader of label maps returns a `Volume`: values with x first, and where the voxels lie.
`pair_folders` finds the partners, `check_same_grid` compares their places, `LabelSet` names
what the numbers mean.
"""

from overlap.io._atomic import atomic_path, write_text
from overlap.io.folders import CasePair, CasePairs, pair_folders
from overlap.io.grids import GridAgreement, GridMismatchError, check_same_grid
from overlap.io.label_names import LabelSet, parse_labels, read_labels
from overlap.io.samples import sample_path
from overlap.io.segments import MissingConfidenceError, SegmentTable, as_segments
from overlap.io.strata import read_strata
from overlap.io.volumes import Volume, read_volume

__all__ = [
    "CasePair",
    "CasePairs",
    "GridAgreement",
    "GridMismatchError",
    "LabelSet",
    "MissingConfidenceError",
    "SegmentTable",
    "Volume",
    "as_segments",
    "atomic_path",
    "check_same_grid",
    "pair_folders",
    "parse_labels",
    "read_labels",
    "read_strata",
    "read_volume",
    "sample_path",
    "write_text",
]
