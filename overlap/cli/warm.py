"""The command ``overlap warm``."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import click

from overlap.cli.options import Choice

__all__ = ["warm_command"]


def _temporal() -> None:
    from overlap.evaluate import PROTOCOLS, temporal
    from overlap.io import sample_path

    truth, found = sample_path("temporal_truth"), sample_path("temporal_found")
    for protocol in PROTOCOLS:
        temporal(truth=truth, found=found, protocol=protocol, bootstrap=50, progress=False)


def _detection() -> None:
    from overlap.evaluate import detection
    from overlap.io import sample_path

    detection(truth=sample_path("detection_truth"), found=sample_path("detection_found"))


def _segmentation_surfaces() -> None:
    import numpy as np

    import overlap as ov

    plates = np.zeros((2, 64, 40, 40), bool)
    plates[0, 0] = plates[1, 63] = True  # so far apart that both ways of searching are taken
    ov.surface_distances(plates[0], plates[1])


def _segmentation() -> None:
    from overlap.evaluate import segmentation
    from overlap.io import sample_path

    segmentation(
        truth=sample_path("volumes_truth"), found=sample_path("volumes_found"), progress=False
    )


def _conformation() -> None:
    from overlap.evaluate import conformation
    from overlap.io import sample_path

    found, truth = sample_path("angles_found"), sample_path("angles_truth")
    conformation(found=found, truth=truth, progress=False)


def _scores() -> None:
    import overlap as ov

    for batch in (ov.Intervals([[0.0, 2.0]]), ov.Boxes([[0.0, 0.0, 2.0, 2.0]])):
        for score in (ov.iou, ov.giou, ov.diou, ov.ciou):
            score(batch, batch)
            score.pairwise(batch, batch)
            score.value_and_grad(batch, batch)


#: Jobs that compile what a command needs, and what scores of intervals and boxes do.
JOBS: dict[str, tuple[Callable[[], None], ...]] = {
    "temporal": (_temporal,),
    "detection": (_detection,),
    "segmentation": (_segmentation, _segmentation_surfaces),
    "ramachandran": (_conformation,),
    "scores": (_scores,),
}


@click.command("warm")
@click.argument("commands", nargs=-1, type=Choice(tuple(JOBS)))
@click.option(
    "--dry-run",
    is_flag=True,
    help="List the kernels, with the seconds that those on disk took, and compile nothing.",
)
@click.option("--quiet", is_flag=True, help="Show nothing.")
def warm_command(commands: Sequence[str], dry_run: bool, quiet: bool) -> None:
    """Compile the kernels of COMMANDS now, by default of all, so that the next run starts fast.

    What is compiled is kept on disk. Shown is what had to be compiled, with its seconds.
    Without it, commands run small files in plain Python, which gives the same numbers.
    """
    total = 0.0
    for name in commands or tuple(JOBS):
        if dry_run:
            lines = _listed(name, _needed(JOBS[name]))
        else:
            compiled, seconds = _run(JOBS[name])
            total += seconds
            lines = [f"{name}: {_said(compiled)} ({seconds:.1f} s)"]
        if not quiet:
            click.echo("\n".join(lines))
    if not (quiet or dry_run):
        click.echo(f"kernels are compiled ({total:.1f} s)")


def _needed(jobs: Sequence[Callable[[], None]]) -> list[tuple[str, float | None]]:
    """Run jobs in plain Python; return names and seconds of the kernels that they call."""
    from overlap._kernels.plain import none_compiled

    with none_compiled() as kernels:
        for job in jobs:
            job()
    return [(name.rpartition("_")[0], seconds) for (name, _), seconds in kernels.items()]


def _listed(command: str, kernels: Sequence[tuple[str, float | None]]) -> list[str]:
    known = [seconds for _, seconds in kernels if seconds is not None]
    there = f", {len(known)} of them on disk ({sum(known):.1f} s)" if known else ""
    lines = [f"{command}: {len(kernels)} kernels{there}"]
    for name, seconds in sorted(kernels, key=lambda kernel: -(kernel[1] or 0.0)):
        lines.append(f"  {name}: {'not compiled yet' if seconds is None else f'{seconds:.1f} s'}")
    return lines


def _run(jobs: Sequence[Callable[[], None]]) -> tuple[list[tuple[str, float]], float]:
    """Run jobs; return names and seconds of the kernels that they compiled, and all seconds."""
    from numba.core.event import install_recorder

    from overlap._kernels.jit import interpreted
    from overlap._kernels.plain import all_compiled

    begin = time.perf_counter()
    with install_recorder("numba:compile") as recorder, all_compiled():
        for job in jobs:
            job()
    kernels: list[tuple[str, float]] = []
    depth, begun = 0, 0.0
    for at, event in recorder.buffer:
        if event.is_start:
            begun = at if depth == 0 else begun
            depth += 1
        elif event.is_end:
            depth -= 1
            if depth == 0 and not interpreted():
                kernels.append((event.data["dispatcher"].py_func.__name__, at - begun))
    return kernels, time.perf_counter() - begin


def _said(kernels: Sequence[tuple[str, float]]) -> str:
    if not kernels:
        return "nothing to compile"
    shown = ", ".join(f"{name} {seconds:.1f}" for name, seconds in kernels)
    return f"{len(kernels)} kernels compiled: {shown}"
