from .densities import AngleSample as AngleSample
from .grid import PeriodicGrid as PeriodicGrid
from .level_sets import GridComponent as GridComponent

__all__ = ["AngleSample", "GridComponent", "PeriodicGrid"]
