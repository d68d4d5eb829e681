"""Names of other programs fail with messages that say what to write here."""

import re

import numpy as np
import pytest

import overlap as ov
from overlap._common.other_programs import ATTRIBUTES, METRICS
from overlap.evaluate._segmentation.metrics import chosen_metrics

RESULTS = [{"image_id": 1, "category_id": 1, "bbox": [0, 0, 2, 2], "score": 0.5}]
RLE = {"size": [2, 2], "counts": [1, 3]}
LABELS = np.zeros((2, 8, 8, 6), np.uint8)
LABELS[:, 2:5, 2:5, 1:4] = 1
ONE_HOT = np.stack([LABELS == 0, LABELS == 1], 1).astype(np.float32)


def _segmentation(values, **options):
    return ov.evaluate.segmentation(truth=values, found=values, **options)


@pytest.mark.parametrize(
    ("attempt", "advice"),
    [
        (lambda: ov.box_iou, "write overlap.iou.pairwise(overlap.Boxes(found), overlap.Boxes("),
        (lambda: ov.COCOeval, "write overlap.evaluate.detection(truth=annotations, found=results)"),
        (lambda: ov.evaluate.mean_average_precision, "its evaluators are detection, temporal"),
        (lambda: ov.iou(RESULTS, RESULTS), "Boxes.from_xywh([one['bbox'] for one in rows])"),
        (lambda: ov.Boxes(RESULTS), "Boxes.from_xywh([one['bbox'] for one in rows])"),
        (lambda: ov.Boxes.from_xywh(RESULTS), "Boxes.from_xywh([one['bbox'] for one in rows])"),
        (lambda: ov.Boxes([0, 0, 2, 2]), "put one region into a list"),
        (lambda: ov.Intervals([0, 2]), "put one region into a list"),
        (lambda: ov.Boxes(np.zeros((2, 3, 4))), "values.reshape(-1, 4)"),
        (lambda: ov.iou([RLE], [RLE]), "Masks.from_rle(rles)"),
        (lambda: ov.Masks([RLE]), "Masks.from_rle takes a list of run lengths"),
        (lambda: ov.Masks.from_rle([{"segmentation": RLE}]), "give its 'segmentation'"),
        (lambda: ov.Masks.from_rle([[[0, 0, 4, 0, 4, 4]]]), "Polygons.from_coco"),
        (lambda: ov.dice(ONE_HOT, ONE_HOT), "overlap.evaluate.segmentation"),
        (lambda: _segmentation(ONE_HOT), "array.argmax(axis=1)"),
        (lambda: _segmentation(LABELS[:, None]), "leave out axis 1, which has one layer: array[:,"),
        (lambda: _segmentation(LABELS), "give the cases of a batch as list(array)"),
        (lambda: _segmentation(list(LABELS), spacing=2.0), "spacing = 2.0; wanted positive"),
        (lambda: ov.surface_distances(LABELS[0], LABELS[0], spacing=2.0), "one per axis"),
        (lambda: _segmentation(list(LABELS), metrics="hausdorff95"), "here it is 'hd95'"),
    ],
)
def test_advice(attempt, advice):
    with pytest.raises((AttributeError, TypeError, ValueError), match=re.escape(advice)):
        attempt()


def test_shapely():
    shapely = pytest.importorskip("shapely")
    with pytest.raises(TypeError, match=r"Polygons.from_shapely\(geometries\) takes it"):
        ov.Polygons([shapely.box(0, 0, 1, 1)])


def test_all_names_in_advice_are_names_of_the_package():
    for name, text in ATTRIBUTES.items():
        assert not hasattr(ov, name)
        for path in re.findall(r"\boverlap\.([\w.]+)", text):
            thing = ov
            for part in path.rstrip(".").split("."):
                if part == "interop":  # imported by its own name, and needs torch
                    break
                thing = getattr(thing, part)
    assert chosen_metrics(set(METRICS.values()))
