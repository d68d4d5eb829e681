"""Small inputs of the families of temporal scoring and of detection, and their reports."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

import overlap as ov
from overlap import evaluate

NAMES = "abcdef"


def highlight_sides() -> tuple[Any, Any]:
    """Three queries with windows of all lengths, of which some have equal scores, and clips."""
    truth, found = [], []
    for qid, (window, scores) in enumerate(
        (([0, 8], [0.5, 0.5]), ([4, 30], [0.25, 0.75]), ([10, 60], [0.5, 0.25]))
    ):
        start, stop = window
        truth.append({
            "qid": qid, "vid": "v", "duration": 60, "relevant_windows": [window, [50, 54]],
            "relevant_clip_ids": [start // 2, start // 2 + 1],
            "saliency_scores": [[2, 3, 4], [4, 1, 3]],
        })  # fmt: skip
        found.append({
            "qid": qid, "pred_relevant_windows": [[start + 1, stop, scores[0]],
                                                  [50, 53 + qid, scores[1]]],
            "pred_saliency_scores": [float((3 * k + qid) % 7) for k in range(30)],
        })  # fmt: skip
    return truth, found


def highlights() -> Any:
    """Report of moments and highlights."""
    truth, found = highlight_sides()
    return evaluate.temporal(truth=truth, found=found, protocol="qvhighlights", bootstrap=0)


def frame_sides() -> tuple[Any, Any]:
    """Labels of the frames of six videos, and predictions whose ends are moved."""
    rng = np.random.default_rng(5)
    truth, found = {}, {}
    for video in NAMES:
        labels = rng.choice(["background", "pour", "stir", "take"], 8)
        length = rng.integers(3, 9, 8)
        truth[video] = np.repeat(labels, length).tolist()
        moved = np.roll(truth[video], rng.integers(-2, 3))
        found[video] = np.where(rng.random(len(moved)) < 0.1, "take", moved).tolist()
    return truth, found


def frames(**options: Any) -> Any:
    """Report of action segmentation."""
    truth, found = frame_sides()
    return evaluate.temporal(truth=truth, found=found, protocol="action_segmentation", **options)


def sound_sides() -> tuple[Any, Any]:
    """Events of three classes in six recordings, and predictions at multiples of 1/4 s."""
    rng = np.random.default_rng(6)
    truth, found = [], []
    for name in NAMES:
        for label in ("cat", "dog", "horn"):
            for start in range(0, 40, 8):
                stop = start + int(rng.integers(8, 25)) / 4
                truth.append((name, float(start), stop, label, 1.0))
                shift = rng.integers(-3, 4, 2) / 4
                row = (name, max(0.0, start + shift[0]), min(start + 7.0, stop + shift[1]), label)
                if rng.random() < 0.8:
                    found.append((*row, int(rng.integers(1, 9)) / 8))
    columns = ["video", "start", "stop", "label", "score"]
    sides = pd.DataFrame(truth, columns=columns), pd.DataFrame(found, columns=columns)
    return sides[0].drop(columns="score"), sides[1]


def sounds(protocol: str, **options: Any) -> Any:
    """Report of sound events, or of segments."""
    truth, found = sound_sides()
    return evaluate.temporal(truth=truth, found=found, protocol=protocol, **options)


def spotting_sides() -> tuple[Any, Any]:
    """Actions of three classes in six videos of 90 s, found some frames early or late."""
    rng = np.random.default_rng(7)
    truth, found = [], []
    for name in NAMES:
        for second in range(4, 88, 7):
            label = str(rng.choice(["Corner", "Foul", "Goal"]))
            truth.append((name, float(second), label))
            if rng.random() < 0.8:
                shift = int(rng.integers(-6, 7)) / 4
                found.append((name, second + shift, label, int(rng.integers(1, 9)) / 8))
            if rng.random() < 0.3:
                found.append((name, second + 3.5, "Foul", int(rng.integers(1, 5)) / 8))
    columns = ["video", "time", "label", "score"]
    return pd.DataFrame(truth, columns=columns[:3]), pd.DataFrame(found, columns=columns)


def spotting(protocol: str, **options: Any) -> Any:
    """Report of spotting."""
    truth, found = spotting_sides()
    return evaluate.temporal(truth=truth, found=found, protocol=protocol, **options)


def speaker_sides() -> tuple[Any, Any]:
    """Turns of three speakers in six recordings, and turns whose ends are moved."""
    rng = np.random.default_rng(8)
    truth, found = [], []
    for name in NAMES:
        at = 0.0
        for who in rng.choice(["Ann", "Ben", "Cem"], 10):
            stop = at + int(rng.integers(4, 24)) / 4
            truth.append((name, at, stop, str(who)))
            shift = rng.integers(-1, 2, 2) / 4
            said = str(rng.choice(["x", "y"])) if rng.random() < 0.15 else f"spk_{who}"
            found.append((name, max(0.0, at + shift[0]), stop + shift[1], said))
            at = stop + int(rng.integers(-2, 4)) / 4
    columns = ["video", "start", "stop", "label"]
    return pd.DataFrame(truth, columns=columns), pd.DataFrame(found, columns=columns)


def speakers(protocol: str, **options: Any) -> Any:
    """Report of diarization."""
    truth, found = speaker_sides()
    return evaluate.temporal(truth=truth, found=found, protocol=protocol, **options)


def tube_sides() -> tuple[Any, Any]:
    """Tubes of two classes in six videos, found a little beside and some frames later."""
    rng = np.random.default_rng(9)
    truth, found = [], []
    for name in NAMES:
        for tube in range(3):
            label, first = str(rng.choice(["dive", "vault"])), int(rng.integers(1, 9))
            corner, side = rng.integers(0, 40, 2) * 4, rng.integers(6, 20, 2) * 4
            late, shift = int(rng.integers(0, 3)), rng.integers(-4, 5, 2) * 2
            score = int(rng.integers(1, 9)) / 8
            for frame in range(first, first + int(rng.integers(4, 12))):
                box = (*corner, *(corner + side))
                truth.append((name, label, 1.0, tube, frame, *box))
                moved = (*(corner + shift), *(corner + side + shift))
                found.append((name, label, score, tube, frame + late, *moved))
    columns = ["video", "label", "score", "tube", "frame", "x1", "y1", "x2", "y2"]
    tables = [
        pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(columns[5:], float))
        for rows in (truth, found)
    ]
    return tables[0].drop(columns="score"), tables[1]


def tubes(protocol: str, **options: Any) -> Any:
    """Report of tubes."""
    truth, found = tube_sides()
    return evaluate.temporal(truth=truth, found=found, protocol=protocol, **options)


def detection(protocol: str, **options: Any) -> Any:
    """Boxes of three classes in twelve images, found a little off, some with the wrong class."""
    rng = np.random.default_rng(10)
    size = 90
    corner, side = rng.integers(0, 8, (size, 2)) * 40.0, rng.integers(10, 120, (size, 2))
    images, labels = rng.integers(0, 12, size), rng.choice(["bicycle", "car", "person"], size)
    shift = rng.integers(-6, 7, (size, 2))
    said = np.where(rng.random(size) < 0.1, "car", labels)
    truth, found = (
        ov.Boxes(np.concatenate([low, low + side], axis=1)) for low in (corner, corner + shift)
    )
    return evaluate.detection(
        truth=evaluate.Detections.of(images, labels, truth, crowd=rng.random(size) < 0.05),
        found=evaluate.Detections.of(images, said, found, rng.integers(1, 33, size) / 32),
        protocol=protocol, **options,
    )  # fmt: skip
