from .boundary import boundary_iou as boundary_iou
from .conventions import SURFACE_PRESETS as SURFACE_PRESETS
from .conventions import Convention as Convention
from .distances import SurfaceDistances as SurfaceDistances
from .distances import surface_distances as surface_distances
from .surface import Surface as Surface
from .surface import WorstPoint as WorstPoint
