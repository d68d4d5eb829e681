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


def score_rows() -> list[list[str]]:
    """Name, parameters and meaning of each public score."""
    import overlap

    rows = []
    for name in sorted(dir(overlap)):
        score = getattr(overlap, name)
        if not isinstance(score, overlap.Score):
            continue
        meaning = score.doc.partition("\n")[0].replace("`", "").rstrip(".")
        if len(score.parts) > 1:
            rows.append([name, f"{score.expression} ({meaning.partition(':')[0]})"])
            continue
        component = score.parts[0].component
        parameters = ", ".join(
            f"{key}=" if math.isnan(value) else f"{key}={value:g}"  # NaN: it must be given
            for key, value in component.parameters
        )
        rows.append([f"{name}({parameters})" if parameters else name, meaning])
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
        ov.evaluate.temporal(truth=truth, found=found, protocol=protocol, bootstrap=50)
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
