"""Pictures of reports, with matplotlib, which is imported when something is drawn.

Nothing here touches the global state of ``pyplot``: figures are made, drawn and returned.
"""

from overlap.plot.detection import (
    Outline,
    draw_confusion,
    draw_errors,
    draw_operating_points,
    draw_outlines,
    draw_reliability,
)
from overlap.plot.localization import draw_classes, draw_curves, draw_report
from overlap.plot.possession import draw_possession, draw_scores, draw_spells
from overlap.plot.ramachandran import RamachandranPanel, draw_panel, draw_ramachandran
from overlap.plot.segmentation import draw_values
from overlap.plot.slices import draw_planes, draw_slice, worst_place, worst_slice

__all__ = [
    "Outline",
    "RamachandranPanel",
    "draw_classes",
    "draw_confusion",
    "draw_curves",
    "draw_errors",
    "draw_operating_points",
    "draw_outlines",
    "draw_panel",
    "draw_planes",
    "draw_possession",
    "draw_ramachandran",
    "draw_reliability",
    "draw_report",
    "draw_scores",
    "draw_slice",
    "draw_spells",
    "draw_values",
    "worst_place",
    "worst_slice",
]
