"""The command ``overlap ramachandran``."""

from __future__ import annotations

from typing import Any

import click
from click.core import ParameterSource

from overlap.cli.options import Choice, Shared, evaluating, shown_failures

__all__ = ["ramachandran_command"]


@click.command("ramachandran")
@click.argument("found", metavar="A", required=False)
@click.argument("truth", metavar="B", required=False)
@click.option(
    "--sample", is_flag=True, help="Compare the sample angles that come with the package."
)
@click.option("--classify/--regions", "classify", default=None,
              help="Score the residues of A by the grids of B, or compare regions; by default "
                   "residues, where A is structures and B grids.")  # fmt: skip
@click.option("--levels", default="favored,allowed", show_default=True, metavar="A,B,...",
              help="Regions to compare: favored, allowed, or fractions held.")  # fmt: skip
@click.option("--level-by", default="points", show_default=True,
              type=Choice(["points", "mass"]),
              help="What a region holds a fraction of: residues, or smoothed density.")  # fmt: skip
@click.option("--favored", type=float, metavar="X", help="Cutoff of favored, by default 0.02.")
@click.option("--allowed", metavar="X|NAME=X,...",
              help="Cutoffs of allowed, for all categories or by name: "
                   "general=0.0005,glycine=0.002.")  # fmt: skip
@click.option("--category", metavar="NAME",
              help="Category of angles and grids that name none.")  # fmt: skip
@click.option("--kappa", default="50", show_default=True, metavar="K",
              help="Concentration of the kernel for densities; likelihood chooses it.")  # fmt: skip
@click.option("--step", type=float, metavar="DEG",
              help="Between the nodes of densities, by default 2 degrees.")  # fmt: skip
@click.option("--mass", default="B", show_default=True, type=Choice(["A", "B"]),
              help="By whose density regions are weighed.")  # fmt: skip
@click.option("--min-residues", default=200, show_default=True, type=click.IntRange(min=1),
              help="Categories with fewer have no region.")  # fmt: skip
@click.option("--tolerance", default="0.05", show_default=True, metavar="DEG|none",
              help="Error that the Hausdorff distance may have; none leaves it out.")  # fmt: skip
@click.option("--models", default="first", show_default=True, metavar="first|all|N",
              help="Models of structures with several.")  # fmt: skip
@click.option("--conformer", default="first", show_default=True, metavar="NAME",
              help="Of atoms with several places: first, highest, all, or a letter.")  # fmt: skip
@click.option("--bond-limit", default=2.0, show_default=True, metavar="Å",
              help="Atoms of the backbone farther apart are not bonded.")  # fmt: skip
@click.option("--cis-limit", default=90.0, show_default=True, metavar="DEG",
              help="Prolines are cis below this omega.")  # fmt: skip
@click.option("--max-resolution", type=float, metavar="Å", help="Leave coarser structures out.")
@click.option("--max-b-factor", type=float, metavar="B", help="Leave residues above it out.")
@click.option("--min-occupancy", type=float, metavar="X", help="Leave residues below it out.")
@click.option("--unit", metavar="UNIT|A=UNIT,B=UNIT",
              help="Of tables of angles, degrees or radians; by default it is told.")  # fmt: skip
@click.option("--resample", type=Choice(["structure", "chain", "residue"]),
              help="What is drawn; by default chains, if there are five.")  # fmt: skip
@click.option("--interval", default="normal", show_default=True,
              type=Choice(["normal", "percentile", "basic"]),
              help="How intervals of regions are made of the draws.")  # fmt: skip
@click.option("--residues", metavar="FILE", help="Write all scored residues as .csv.")
@click.option("--geojson", metavar="FILE", help="Write the regions of A as .geojson.")
@evaluating("residues or chains", "Draw the plots")
def ramachandran_command(
    found: str | None,
    truth: str | None,
    sample: bool,
    classify: bool | None,
    levels: str,
    level_by: Any,
    favored: float | None,
    allowed: str | None,
    category: str | None,
    kappa: str,
    step: float | None,
    mass: str,
    min_residues: int,
    tolerance: str,
    models: str,
    conformer: Any,
    bond_limit: float,
    cis_limit: float,
    max_resolution: float | None,
    max_b_factor: float | None,
    min_occupancy: float | None,
    unit: str | None,
    resample: str | None,
    interval: Any,
    residues: str | None,
    geojson: str | None,
    shared: Shared,
) -> int:
    """Compare the backbone angles of A with those of B, on the torus of phi and psi.

    Both are structures (PDB or mmCIF: a file, folder or pattern), a CSV table with the columns phi
    and psi, Ramachandran grids (a folder or file), or regions in GeoJSON. Residues of structures
    are scored by grids; all else is compared as regions. Exits with 1 if some structures could
    not be read.
    """
    if sample:
        if found is not None:
            raise click.UsageError("--sample brings its own files; leave A and B out")
        from overlap.io import sample_path

        found, truth = str(sample_path("angles_found")), str(sample_path("angles_truth"))
    if found is None or truth is None:
        raise click.UsageError(f"{'A and B' if found is None else 'B'} missing; give two inputs")
    shared.check(
        [found, truth],
        more_files=[("--residues", residues, ".csv"), ("--geojson", geojson, ".geojson")],
    )  # fmt: skip
    from overlap import evaluate
    from overlap.io.conformations import kind_of
    from overlap.io.residue_categories import as_category

    if category is not None:
        category = as_category(category)
    if classify is None:
        classify = kind_of(found) == "structures" and kind_of(truth) == "grids"
    common: dict[str, Any] = {
        "found": found, "truth": truth, "favored": favored, "allowed": _allowed(allowed),
        "category": category, "models": _models(models), "conformer": conformer,
        "bond_limit": bond_limit, "cis_limit": cis_limit, "max_resolution": max_resolution,
        "max_b_factor": max_b_factor, "min_occupancy": min_occupancy, "unit": _unit(unit),
        "resample": resample, **shared.options(),
    }  # fmt: skip
    report: Any
    if classify:
        _refuse_options_of_regions()
        report = evaluate.ramachandran(**common)
        others = [(residues, report.residues_to_csv)]
    else:
        if residues is not None:
            raise click.UsageError("--residues needs residues to be scored; give --classify, too")
        report = evaluate.conformation(
            **common, levels=levels, level_by=level_by, kappa=_kappa(kappa), step=step,
            mass="found" if mass == "A" else "truth", min_residues=min_residues,
            tolerance=_tolerance(tolerance), interval=interval,
        )  # fmt: skip
        others = [(geojson, report.to_geojson)]
    unwritten = shared.finish(report, others)
    failures = [
        (failure["source"], failure["reason"])
        for side in ("found", "truth")
        for failure in report.settings[side].get("failures", ())
    ]
    shown_failures(failures, "files")
    return 2 if unwritten else int(bool(failures))


_OF_REGIONS = (
    "levels", "level_by", "kappa", "step", "mass", "min_residues", "tolerance", "interval",
    "geojson",
)  # fmt: skip


def _refuse_options_of_regions() -> None:
    """Raise if an option was given that only a comparison of regions looks at."""
    context = click.get_current_context()
    for name in _OF_REGIONS:
        if context.get_parameter_source(name) == ParameterSource.COMMANDLINE:
            raise click.UsageError(
                f"--{name.replace('_', '-')} needs regions to be compared, and here residues are "
                "scored; give --regions, too"
            )


def _allowed(text: str | None) -> Any:
    """One number, or numbers by category."""
    if text is None:
        return None
    try:
        if "=" not in text:
            return float(text)
        pairs = [part.partition("=") for part in text.split(",")]
        return {name.strip(): float(value) for name, _, value in pairs}
    except ValueError:
        raise click.UsageError(
            f"--allowed {text}: wanted a number, or NAME=NUMBER separated by commas"
        ) from None


def _unit(text: str | None) -> Any:
    """One unit for both sides, or units by side."""
    known = ("degrees", "radians")
    if text is None or text in known:
        return text
    units = {}
    for part in text.split(","):
        side, equals, unit = (word.strip() for word in part.partition("="))
        if side not in ("A", "B") or not equals or unit not in known or side in units:
            raise click.UsageError(
                f"--unit {text}: wanted degrees or radians, or these by side, as A=radians"
            )
        units[side] = unit
    return {"found" if side == "A" else "truth": unit for side, unit in units.items()}


def _models(word: str) -> Any:
    if word.lower() in ("first", "all"):
        return word.lower()
    try:
        return int(word)
    except ValueError:
        raise click.UsageError(f"--models {word}: wanted first, all or a number") from None


def _kappa(word: str) -> Any:
    if word.lower() == "likelihood":
        return "likelihood"
    try:
        return float(word)
    except ValueError:
        raise click.UsageError(f"--kappa {word}: wanted a number, or likelihood") from None


def _tolerance(word: str) -> float | None:
    if word.lower() == "none":
        return None
    try:
        return float(word)
    except ValueError:
        raise click.UsageError(f"--tolerance {word}: wanted degrees, or none") from None
