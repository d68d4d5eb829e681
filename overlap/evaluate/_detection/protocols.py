"""The evaluators of detections that are known by name.

A new one is one more `DetectionProtocol` in `DETECTION_PROTOCOLS`.
"""

from __future__ import annotations

from overlap.evaluate._ranking.strata import Range, Stratum
from overlap.io.name_match import closest

from .protocol import Area, DetectionProtocol

__all__ = ["DETECTION_PROTOCOLS", "MODES", "get_detection_protocol", "in_mode"]


def _linspace(first: float, last: float, count: int) -> tuple[float, ...]:
    # numpy.linspace's own arithmetic: the evaluators use its unrounded values
    step = (last - first) / (count - 1)
    return (*(k * step + first for k in range(count - 1)), last)


_AREAS = (
    Area("all", 0.0, 1e10),
    Area("small", 0.0, 32.0**2),
    Area("medium", 32.0**2, 96.0**2),
    Area("large", 96.0**2, 1e10),
)


def _difficulty(name: str, height: float, occlusion: int, truncation: float) -> Stratum:
    """Return a difficulty of KITTI: sizes of truths and detections in the image."""
    truths = (
        Range("occlusion", most=occlusion),
        Range("truncation", most=truncation),
        Range("height", least=height, closed="neither"),
    )
    return Stratum(name, truths, (Range("height", least=height),))


def _kitti(name: str, description: str, recalls: tuple[float, ...]) -> DetectionProtocol:
    return DetectionProtocol(
        name=name,
        description=description,
        thresholds=(0.5, 0.7),
        comparison=">",
        interpolation="sampled",
        recalls=recalls,
        strata=(
            _difficulty("easy", 40.0, 0, 0.15),
            _difficulty("moderate", 25.0, 1, 0.3),
            _difficulty("hard", 25.0, 2, 0.5),
        ),
        class_without_truth="zero",
        classes=("Car", "Pedestrian", "Cyclist"),
        neighbors=(("Car", "Van"), ("Pedestrian", "Person_sitting")),
        class_thresholds=(("Car", 0.7), ("Pedestrian", 0.5), ("Cyclist", 0.5)),
        summary="classes",
    )


def _dota(name: str, description: str, measure: str) -> DetectionProtocol:
    return DetectionProtocol(
        name=name,
        description=description,
        thresholds=(0.5,),
        measure=measure,
        comparison=">",
        fallback=False,
        ignored=("difficult",),
        ignored_truths="best",
        interpolation="grid",
        recalls=tuple(k * 0.1 for k in range(11)),
        tie_rule="argsort_negated",
        class_without_truth="zero",
    )


DETECTION_PROTOCOLS: dict[str, DetectionProtocol] = {
    protocol.name: protocol
    for protocol in (
        DetectionProtocol(
            name="coco",
            description="COCO's evaluator, pycocotools",
            thresholds=_linspace(0.5, 0.95, 10),
            ceiling=1 - 1e-10,
            of_equal="last",
            ignored=("crowd",),
            crowds="coverage",
            interpolation="grid",
            recalls=_linspace(0.0, 1.0, 101),
            spacing=2.0**-52,
            tie_rule="item",
            max_detections=(1, 10, 100),
            areas=_AREAS,
            summary="coco",
        ),
        DetectionProtocol(
            name="lvis",
            description="LVIS' evaluator: federated, 300 detections for each image",
            thresholds=_linspace(0.5, 0.95, 10),
            ceiling=1 - 1e-10,
            of_equal="last",
            ignored=("ignore",),
            interpolation="grid",
            recalls=_linspace(0.0, 1.0, 101),
            spacing=2.0**-52,
            tie_rule="item",
            max_detections=(300,),
            limit="item",
            areas=_AREAS,
            federated=True,
            groups=("rare", "common", "frequent"),
            summary="coco",
        ),
        DetectionProtocol(
            name="f1",
            description="precision, recall, F1 and mean IoU by optimal matching, no confidences",
            thresholds=(0.5,),
            matching="optimal",
            ignored=("crowd", "ignore", "difficult"),
            crowds="coverage",
            summary="f1",
        ),
        DetectionProtocol(
            name="voc2007",
            description="PASCAL VOC 2007's development kit (MATLAB), 11-point AP",
            thresholds=(0.5,),
            measure="pixel_iou",
            fallback=False,
            ignored=("difficult",),
            ignored_truths="best",
            interpolation="grid",
            recalls=tuple(k * 0.1 for k in range(6)) + tuple(1 - k * 0.1 for k in range(4, -1, -1)),
            class_without_truth="zero",
        ),
        DetectionProtocol(
            name="voc2012",
            description="PASCAL VOC 2010 to 2012's development kit (MATLAB), all points",
            thresholds=(0.5,),
            measure="pixel_iou",
            fallback=False,
            ignored=("difficult",),
            ignored_truths="best",
            class_without_truth="zero",
        ),
        _dota("dota", "DOTA's development kit, task 1 (oriented boxes)", "iou"),
        _dota("dota_task2", "DOTA's development kit, task 2 (upright boxes)", "pixel_iou"),
        DetectionProtocol(
            name="openimages",
            description="Open Images' V2 metric of the TensorFlow models: groups are ignored",
            thresholds=(0.5,),
            fallback=False,
            ignored=("difficult", "crowd"),
            ignored_truths="best",
            crowds="coverage",
            tie_rule="argsort_reversed",
        ),
        _kitti(
            "kitti_r11",
            "KITTI's evaluation of objects to 2019, 11 recalls",
            tuple(k / 10 for k in range(11)),
        ),
        _kitti(
            "kitti_r40",
            "KITTI's evaluation of objects from 2019, 40 recalls",
            tuple(k / 40 for k in range(1, 41)),
        ),
        DetectionProtocol(
            name="nuscenes",
            description="the mAP of nuScenes' detection task: distance of centers",
            thresholds=(0.5, 1.0, 2.0, 4.0),
            measure="center_distance",
            comparison=">",
            interpolation="linear",
            recalls=_linspace(0.0, 1.0, 101)[11:],
            least_precision=0.1,
            tie_rule="file_reversed",
            class_without_truth="zero",
        ),
    )
}


#: Fields with which a protocol repeats known faults of its program, too.
_FAULTS: dict[str, dict[str, str]] = {
    "coco": {"zero_ids": "lost"},
    "lvis": {"zero_ids": "lost"},
}

MODES = ("corrected", "strict")


def in_mode(protocol: DetectionProtocol, mode: str) -> DetectionProtocol:
    """Return a protocol with or without the known faults of its program.

    Parameters
    ----------
    protocol : DetectionProtocol
    mode : {"corrected", "strict"}
        ``"strict"`` repeats them.
    """
    if mode not in MODES:
        raise ValueError(f"mode = {mode!r} is not one of {', '.join(map(repr, MODES))}")
    faults = _FAULTS.get(protocol.name.partition("[")[0], {})
    return protocol.with_fields(**faults) if mode == "strict" else protocol


def get_detection_protocol(name: str | DetectionProtocol) -> DetectionProtocol:
    """Return a protocol by name, or the protocol itself.

    Raises
    ------
    ValueError
        There is no such protocol; the message lists those there are.
    """
    if isinstance(name, DetectionProtocol):
        return name
    if name not in DETECTION_PROTOCOLS:
        raise ValueError(
            f"there is no protocol {name!r}{closest(name, DETECTION_PROTOCOLS)}; known are "
            f"{', '.join(DETECTION_PROTOCOLS)}"
        )
    return DETECTION_PROTOCOLS[name]
