from ._atomic import atomic_path as atomic_path
from ._atomic import write_text as write_text
from .angles import read_angles as read_angles
from .conformations import read_conformations as read_conformations
from .folders import CasePair as CasePair
from .folders import CasePairs as CasePairs
from .folders import pair_folders as pair_folders
from .label_names import LabelSet as LabelSet
from .label_names import parse_labels as parse_labels
from .label_names import read_labels as read_labels
from .moments import MomentTable as MomentTable
from .moments import as_moments as as_moments
from .rama_grids import RamaGrids as RamaGrids
from .rama_grids import read_rama_grids as read_rama_grids
from .region_files import RegionSet as RegionSet
from .region_files import read_regions as read_regions
from .residue_categories import CATEGORIES as CATEGORIES
from .residues import ResidueTable as ResidueTable
from .samples import sample_path as sample_path
from .segments import MissingConfidenceError as MissingConfidenceError
from .segments import SegmentTable as SegmentTable
from .segments import as_segments as as_segments
from .strata import read_strata as read_strata
from .structure_rules import StructureRules as StructureRules
from .structures import read_structures as read_structures
from .tube_files import as_tubes as as_tubes
from .tubes import TubeTable as TubeTable
from .volumes import Volume as Volume
from .volumes import read_volume as read_volume
from .volumes.grids import GridAgreement as GridAgreement
from .volumes.grids import GridMismatchError as GridMismatchError
from .volumes.grids import check_same_grid as check_same_grid
from .volumes.grids import reorient as reorient

__all__ = [
    "CATEGORIES",
    "CasePair",
    "CasePairs",
    "GridAgreement",
    "GridMismatchError",
    "LabelSet",
    "MissingConfidenceError",
    "MomentTable",
    "RamaGrids",
    "RegionSet",
    "ResidueTable",
    "SegmentTable",
    "StructureRules",
    "TubeTable",
    "Volume",
    "as_moments",
    "as_segments",
    "as_tubes",
    "atomic_path",
    "check_same_grid",
    "pair_folders",
    "parse_labels",
    "read_angles",
    "read_conformations",
    "read_labels",
    "read_rama_grids",
    "read_regions",
    "read_strata",
    "read_structures",
    "read_volume",
    "reorient",
    "sample_path",
    "write_text",
]
