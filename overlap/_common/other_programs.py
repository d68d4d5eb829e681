"""Names that other programs use, and the names here that do the same, for messages."""

from __future__ import annotations

__all__ = ["ATTRIBUTES", "METRICS"]

_TABLE = "write overlap.{}.pairwise(overlap.Boxes(found), overlap.Boxes(truth))"
_LOSS = "write overlap.interop.torch.overlap_loss(overlap.{}, pred, target, reduction='none')"
_SURFACE = "write overlap.surface_distances(found, truth, spacing=...)[label].{}"
_CASES = "write overlap.evaluate.segmentation(truth=..., found=..., metrics='{}')"
_AP = "write overlap.evaluate.detection(truth=annotations, found=results)"

#: What is asked of the package under the name of another program, in lower case: what to write.
ATTRIBUTES = {
    "average_surface_distance": _SURFACE.format("assd"),
    "asd": _SURFACE.format("one_sided('found')"),
    "assd": _SURFACE.format("assd"),
    "batched_nms": "write overlap.nms(overlap.Boxes(boxes), scores, threshold, groups=labels)",
    "box_area": "write overlap.Boxes(boxes).measure()",
    "box_convert": "write overlap.Boxes.from_xywh(values).to_cxcywh(), and the like",
    "box_iou": _TABLE.format("iou"),
    "coco": _AP,
    "cocoeval": _AP,
    "complete_box_iou": _TABLE.format("ciou"),
    "complete_box_iou_loss": _LOSS.format("ciou"),
    "compute_dice": _CASES.format("dice"),
    "compute_hausdorff_distance": _CASES.format("hd95"),
    "compute_iou": _CASES.format("iou"),
    "compute_surface_dice": _CASES.format("nsd@2mm"),
    "compute_surface_distances": "write overlap.surface_distances(found, truth, spacing=...)",
    "dc": _CASES.format("dice"),
    "dicemetric": _CASES.format("dice"),
    "directed_hausdorff": _SURFACE.format("hd()"),
    "distance_box_iou": _TABLE.format("diou"),
    "distance_box_iou_loss": _LOSS.format("diou"),
    "f1_score": "write overlap.f_score, or overlap.dice, which is the same for sets",
    "generalized_box_iou": _TABLE.format("giou"),
    "generalized_box_iou_loss": _LOSS.format("giou"),
    "hausdorff_distance": _SURFACE.format("hd()"),
    "hd": _SURFACE.format("hd()"),
    "hd95": _SURFACE.format("hd(95)"),
    "jaccard": "write overlap.iou, which is the same",
    "jc": _CASES.format("iou"),
    "map": _AP,
    "mask_iou": "write overlap.iou.pairwise(overlap.Masks(found), overlap.Masks(truth))",
    "masks_to_boxes": "write overlap.Masks(masks).bounds()",
    "mean_average_precision": _AP,
    "nms_rotated": "write overlap.nms(overlap.RotatedBoxes(boxes), scores, threshold)",
    "nsd": _SURFACE.format("nsd(tolerance)"),
    "rotated_iou": "write overlap.iou.pairwise(overlap.RotatedBoxes(a), overlap.RotatedBoxes(b))",
    "segment_iou": "write overlap.iou.pairwise(overlap.Intervals(found), overlap.Intervals(truth))",
    "sigmoid_focal_loss": "write overlap.losses.focal_loss(logits, target)",
    "soft_nms": "write overlap.nms(overlap.Boxes(boxes), scores, threshold, soft='linear')",
    "surface_dice": _SURFACE.format("nsd(tolerance)"),
    "tiou": "write overlap.iou.pairwise(overlap.Intervals(found), overlap.Intervals(truth))",
}

#: Names of metrics of segmentation elsewhere, in lower case: the name here.
METRICS = {
    "asd": "asd_found",
    "average_surface_distance": "assd",
    "boundary_iou": "biou",
    "dc": "dice",
    "dicemetric": "dice",
    "f1_score": "dice",
    "fnr": "false_negative_error",
    "fpr": "false_positive_error",
    "hausdorff": "hd",
    "hausdorff95": "hd95",
    "hausdorff_distance": "hd",
    "hausdorff_distance_95": "hd95",
    "jc": "iou",
    "mean_iou": "iou",
    "meandice": "dice",
    "normalized_surface_dice": "nsd@2mm",
    "ppv": "precision",
    "ravd": "relative_volume_difference",
    "rvd": "relative_volume_difference",
    "surface_dice": "nsd@2mm",
    "tnr": "specificity",
    "tpr": "recall",
    "vs": "volumetric_similarity",
}
