from .boundary import boundary_iou as boundary_iou
from .measuring import SurfaceDistances as SurfaceDistances
from .measuring import surface_distances as surface_distances
from .presets import SURFACE_PRESETS as SURFACE_PRESETS
from .presets import Convention as Convention
from .summary import Surface as Surface
from .summary import WorstPoint as WorstPoint
