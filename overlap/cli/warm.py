"""The command ``overlap warm``."""

from __future__ import annotations

import time

import click

__all__ = ["warm_command"]


@click.command("warm")
def warm_command() -> None:
    """Compile the kernels of the common jobs now, so that the next command starts fast."""
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
    click.echo(f"kernels are compiled ({time.perf_counter() - begin:.1f} s)")
