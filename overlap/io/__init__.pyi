from ._atomic import atomic_path as atomic_path
from ._atomic import write_text as write_text
from .folders import CasePair as CasePair
from .folders import CasePairs as CasePairs
from .folders import pair_folders as pair_folders
from .grids import GridAgreement as GridAgreement
from .grids import GridMismatchError as GridMismatchError
from .grids import check_same_grid as check_same_grid
from .label_names import LabelSet as LabelSet
from .label_names import parse_labels as parse_labels
from .label_names import read_labels as read_labels
from .rama_grids import RamaGrids as RamaGrids
from .rama_grids import read_rama_grids as read_rama_grids
from .samples import sample_path as sample_path
from .segments import MissingConfidenceError as MissingConfidenceError
from .segments import SegmentTable as SegmentTable
from .segments import as_segments as as_segments
from .strata import read_strata as read_strata
from .volumes import Volume as Volume
from .volumes import read_volume as read_volume

__all__ = [
    "CasePair",
    "CasePairs",
    "GridAgreement",
    "GridMismatchError",
    "LabelSet",
    "MissingConfidenceError",
    "RamaGrids",
    "SegmentTable",
    "Volume",
    "as_segments",
    "atomic_path",
    "check_same_grid",
    "pair_folders",
    "parse_labels",
    "read_labels",
    "read_rama_grids",
    "read_strata",
    "read_volume",
    "sample_path",
    "write_text",
]
