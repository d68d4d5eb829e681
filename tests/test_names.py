"""Every published name is where it was published: programs of others import them from there."""

from __future__ import annotations

import ast
import importlib
import importlib.util
from pathlib import Path

import pytest

import overlap as ov

#: Names by module. One that is taken out is a promise broken.
PUBLISHED = {
    "overlap": """
        Assignment Blurred Boxes CellDensity CenterlineDice Contingency Convention
        FiniteSets Gaussians Grid GroupScores HausdorffDistances InstanceMatches
        IntervalSets Intervals Kept LesionDetection LesionwiseScores Masks Matches
        PeriodicGrid Polygons Product Regions RotatedBoxes SURFACE_PRESETS Score
        SmoothMin Surface SurfaceDistances Terms ThresholdDial UprightBoxes amodal
        aspect_gap assign boundary_iou center_gap ciou cldice coders
        connected_components contingency corner_gap coverage detect_lesions dice diou
        direction_gap eiou enclosed_gap enclosure_gap evaluate f_score giou gwd
        hausdorff io iou jd kfiou kld lesionwise_dice losses match match_instances
        mpdiou nms nwd overlap_coefficient panoptic_quality plot probiou scalar
        shape_gap sides_gap siou surface_distances terms threshold_dial tolerance
        tversky volumetric_similarity
    """,
    "overlap.evaluate": """
        Answers Comparison ConformationReport EMPTY_POLICIES Empty Explanation Interval
        METRICS Metric PROTOCOLS PossessionReport Protocol RamachandranReport Report
        SegmentationReport Study compare conformation explain mean_interval possession
        ramachandran segmentation segmentation_study temporal temporal_study
    """,
    "overlap.io": """
        CATEGORIES CasePair CasePairs GridAgreement GridMismatchError LabelSet
        MissingConfidenceError RamaGrids RegionSet ResidueTable SegmentTable
        StructureRules Volume as_segments atomic_path check_same_grid pair_folders
        parse_labels read_angles read_conformations read_labels read_rama_grids
        read_regions read_strata read_structures read_volume reorient sample_path
        write_text
    """,
    "overlap.losses": """
        CoarseToFine Loss RankingScore RunningMean dice_loss focal_loss
        focal_tversky_loss generalized_dice_loss huber inner_loss jaccard_loss l1 l2
        overlap_loss quality_focal_loss ranking_score smooth_l1 tversky_loss
        varifocal_loss wiou_loss
    """,
    "overlap.coders": """
        AngleVector CenterSize Coder Deltas EdgeDistances GaussianBox HiddenSide LogSize
        RotatedDeltas RotatedVector
    """,
    "overlap.plot": """
        RamachandranPanel draw_classes draw_curves draw_panel draw_planes draw_possession
        draw_ramachandran draw_report draw_scores draw_slice draw_spells draw_values
        worst_place worst_slice
    """,
    "overlap.testing": """
        all_scores central_difference check_coder check_pairs check_regions
    """,
    "overlap.amodal": """
        OcclusionErrors clipped hidden_fraction hidden_sides iou_bound occlusion_errors recall_bound
    """,
    "overlap.cli": "main",
}

TORCH = {"OverlapLoss", "overlap_loss", "pairwise", "score"}


@pytest.mark.parametrize("module", PUBLISHED)
def test_published_names_are_there(module):
    part = ov.amodal if module == "overlap.amodal" else importlib.import_module(module)
    assert [name for name in PUBLISHED[module].split() if getattr(part, name, None) is None] == []


def test_submodules_are_attributes():
    for name in ("amodal", "coders", "evaluate", "io", "losses", "plot"):
        assert name in dir(ov)
        assert getattr(ov, name).__name__.startswith("overlap.")


def test_names_for_torch():
    """Read, not imported, since torch may not be there."""
    spec = importlib.util.find_spec("overlap.interop.torch")
    tree = ast.parse(Path(spec.origin).read_text())
    found = [
        alias.asname or alias.name
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    ]
    assert set(found) >= TORCH
