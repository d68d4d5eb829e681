"""Readers of the files that people hold, one module per format, and atomic writing.

Every reader of labelled time segments, whatever the format, returns a `SegmentTable`:
columns of equal length, one row per annotation or prediction, in file order. Videos and
labels are integers into the tuples ``videos`` and ``labels``; times are seconds as float64.
A bad input is a ValueError that names the file and the row or key.
"""

from overlap.io._atomic import atomic_path, write_text
from overlap.io.samples import sample_path
from overlap.io.segments import MissingConfidenceError, SegmentTable, as_segments

__all__ = [
    "MissingConfidenceError",
    "SegmentTable",
    "as_segments",
    "atomic_path",
    "sample_path",
    "write_text",
]
