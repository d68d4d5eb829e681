"""What `overlap list` shows, and what `overlap warm` compiles."""

from __future__ import annotations

import math
import time

__all__ = [
    "kind_rows",
    "metric_rows",
    "protocol_rows",
    "residue_rows",
    "score_rows",
    "warm_kernels",
]

#: Meaning of each component that scores are made of.
_MEANINGS = {
    "iou": "intersection / union (Jaccard)",
    "dice": "2 intersection / sum of measures (Sorensen)",
    "tversky": "intersection / (intersection + alpha |found - truth| + beta |truth - found|)",
    "f_score": "weighted harmonic mean of precision and recall",
    "coverage": "intersection / measure of the first set",
    "overlap_coefficient": "intersection / smaller measure",
    "volumetric_similarity": "1 - |difference of measures| / sum of measures",
    "enclosure_gap": "penalty: part of the enclosure outside the union",
    "center_gap": "penalty: squared distance of centers / squared diameter of the enclosure",
    "aspect_gap": "penalty: difference of aspect ratios",
    "sides_gap": "penalty: squared differences of sides / sides of the enclosure",
    "enclosed_gap": "penalty: part of the enclosure outside both sets' own enclosures",
    "direction_gap": "penalty: distance of centers along each axis, more along an axis (SIoU)",
    "shape_gap": "penalty: relative differences of sides (SIoU)",
    "corner_gap": "penalty: squared distances of corners / squared diagonal of the image",
    "kfiou": "Gaussians: size of the Kalman product / (sum of sizes - it), at most 1/3",
    "nwd": "Gaussians: exp(-Wasserstein distance / scale)",
    "gwd": "Gaussians: 1 / (1 + ln(1 + normalized Wasserstein distance))",
    "kld": "Gaussians: 1 / (1 + ln(1 + KL(truth || found)))",
    "jd": "Gaussians: 1 / (1 + ln(1 + Jeffreys divergence))",
    "probiou": "Gaussians: 1 - Hellinger distance",
}


def score_rows() -> list[list[str]]:
    """Name, parameters and meaning of each public score."""
    import overlap

    rows = []
    for name in sorted(dir(overlap)):
        score = getattr(overlap, name)
        if not isinstance(score, overlap.Score):
            continue
        if len(score.parts) > 1:
            rows.append([name, score.expression])
            continue
        component = score.parts[0].component
        parameters = ", ".join(
            f"{key}=" if math.isnan(value) else f"{key}={value:g}"  # NaN: it must be given
            for key, value in component.parameters
        )
        rows.append([f"{name}({parameters})" if parameters else name, _MEANINGS[name]])
    return rows


def protocol_rows() -> list[list[str]]:
    """Name, thresholds and description of each protocol."""
    from overlap.evaluate import PROTOCOLS

    return [
        [
            name,
            f"IoU {protocol.thresholds[0]:g} to {protocol.thresholds[-1]:g}",
            protocol.description,
        ]
        for name, protocol in PROTOCOLS.items()
    ]


def metric_rows() -> list[list[str]]:
    """Name, direction and meaning of each metric of segmentation."""
    from overlap.evaluate import METRICS

    words = {"zero": "best near 0", "": ""}
    return [
        [metric.name, words.get(metric.better, f"{metric.better} is better"), metric.meaning]
        for metric in METRICS.values()
    ]


def kind_rows() -> list[list[str]]:
    """Name and description of each kind of region."""
    import overlap

    rows = []
    for name in sorted(dir(overlap)):
        kind = getattr(overlap, name)
        if isinstance(kind, type) and issubclass(kind, overlap.Regions) and kind != overlap.Regions:
            rows.append([name, (kind.__doc__ or "").strip().partition("\n")[0]])
    return rows


def residue_rows() -> list[list[str]]:
    """Name, cutoffs and meaning of each category of residue."""
    from overlap.io.residue_categories import (
        ALLOWED_CUTOFFS,
        CATEGORIES,
        FAVORED_CUTOFF,
        FOUR_ALLOWED_CUTOFFS,
        FOUR_CATEGORIES,
    )

    libraries = [
        ("", CATEGORIES, ALLOWED_CUTOFFS),
        ("in libraries of four: ", FOUR_CATEGORIES, FOUR_ALLOWED_CUTOFFS),
    ]
    return [
        [name, f"favored {FAVORED_CUTOFF:g}", f"allowed {cutoffs[name]:g}", said + meaning]
        for said, categories, cutoffs in libraries
        for name, meaning in categories.items()
    ]


def warm_kernels() -> float:
    """Compile the kernels of the commands and of common scores; return seconds."""
    begin = time.perf_counter()
    import numpy as np

    import overlap as ov
    from overlap.io import as_segments, sample_path

    truth = as_segments(sample_path("temporal_truth"), role="truth")
    found = as_segments(sample_path("temporal_found"), role="found")
    for protocol in ov.evaluate.PROTOCOLS:
        ov.evaluate.temporal(truth=truth, found=found, protocol=protocol, bootstrap=2)
    volumes = sample_path("volumes_truth"), sample_path("volumes_found")
    ov.evaluate.segmentation(truth=volumes[0], found=volumes[1], progress=False)
    ov.evaluate.conformation(
        found=sample_path("angles_found"), truth=sample_path("angles_truth"), progress=False
    )
    plates = np.zeros((2, 64, 40, 40), bool)
    plates[0, 0] = plates[1, 63] = True  # so far apart that both ways of searching are taken
    ov.surface_distances(plates[0], plates[1])
    for batch in (ov.Intervals([[0.0, 2.0]]), ov.Boxes([[0.0, 0.0, 2.0, 2.0]])):
        for score in (ov.iou, ov.giou, ov.diou, ov.ciou):
            score(batch, batch)
            score.pairwise(batch, batch)
            score.value_and_grad(batch, batch)
    return time.perf_counter() - begin
