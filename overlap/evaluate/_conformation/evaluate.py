"""`overlap.evaluate.conformation`: regions of backbone angles against others."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

import numpy as np

from overlap.evaluate.bootstrap import Bootstrap, Seed
from overlap.evaluate.numbers import Number
from overlap.evaluate.runner import run
from overlap.evaluate.study import Study
from overlap.evaluate.task import Description, Inputs, Task
from overlap.io.conformations import Conformations
from overlap.io.rama_grids import RamaGrids
from overlap.io.structures import StructureRules

from . import wording
from .compared import Rules, compare_category
from .cutoffs import as_cutoffs, read_levels
from .draws import Drawn, DrawnSide
from .evidence import ConformationEvidence
from .parts import RECORDS, Part
from .reader import Order, Reader
from .report import ConformationReport
from .sides import Estimator, as_side, shared_categories
from .sources import in_same_categories, is_four
from .units import units_of

__all__ = ["conformation", "conformation_study"]

_STEP, _WIDEST_STEP = 2.0, 5.0  # degrees: nodes farther apart are none for a density
_METHODS = ("normal", "percentile", "basic")


@dataclass(frozen=True)
class Conformation(Task):
    """Rules by which both sides are read and compared; fields are those of `conformation`."""

    reader: Reader
    levels: Any
    level_by: Literal["points", "mass"]
    kappa: float | Literal["likelihood"]
    step: float | None
    favored: float | None
    allowed: Any
    mass: Literal["truth", "found"]
    min_residues: int
    tolerance: float | None
    resample: str | None
    name, unit = "conformation", "files"
    records, report = RECORDS, ConformationReport

    def __post_init__(self) -> None:
        as_cutoffs(self.favored, self.allowed)  # a bad one is an error before files are read
        _one_of(self.level_by, "level_by", ("points", "mass"))
        _one_of(self.mass, "mass", ("truth", "found"))
        fields: dict[str, Any] = {
            "levels": _several(self.levels),
            "min_residues": _whole(self.min_residues, "min_residues", 1),
        }
        for name in ("step", "tolerance"):
            if getattr(self, name) is not None:
                fields[name] = _positive(getattr(self, name), name)
        for name, value in fields.items():
            object.__setattr__(self, name, value)

    def items(self, pieces: int, **inputs: Any) -> Inputs:
        """Return the files and objects of both sides."""
        return self.reader.items(**inputs)

    def measure(self, key: Any, item: Any) -> Part:
        """Read a file or object."""
        return self.reader.measure(item)

    def holds(self, key: Any, part: Part, item: Any) -> bool:
        """Whether a file is still the one that was read."""
        return self.reader.holds(part, item)

    def keeps(self, part: Part) -> bool:
        """Whether a file could be read; others are tried again."""
        return not part.failed

    def rules(self) -> dict[str, Any]:
        """Return the rules of reading."""
        return self.reader.rules()

    def finish(self, parts: Mapping[Any, Part], about: Order | None) -> ConformationEvidence:
        """Make the regions of both sides, and compare them."""
        read = [self.reader.joined(parts, role, about) for role in ("found", "truth")]
        inputs, said = in_same_categories(read)
        cutoffs = as_cutoffs(self.favored, self.allowed, four=any(map(is_four, inputs)))
        rules = Rules(
            read_levels(self.levels, cutoffs), self.mass, self.min_residues, self.tolerance
        )
        estimator = Estimator(self.kappa, _step(self.step, inputs), self.level_by)
        first, second = (
            as_side(role, source, estimator, rules.least)
            for role, source in zip(("found", "truth"), inputs, strict=True)
        )
        categories, notes = shared_categories(first, second)
        compared = [
            entry
            for category in categories
            for entry in compare_category(category, first, second, rules)
        ]
        both = [name for name in categories if name in first.shapes and name in second.shapes]
        found, truth = (
            DrawnSide(side, None if side.table is None else units_of(side.table, self.resample))
            for side in (first, second)
        )
        drawn = Drawn(found, truth, both, rules.levels)
        return ConformationEvidence(
            first, second, tuple(compared), rules, drawn, estimator, cutoffs, (*said, *notes)
        )

    def describe(
        self, evidence: ConformationEvidence, numbers: Sequence[Number], bootstrap: Bootstrap
    ) -> Description:
        """Return settings, contract, notes and findings."""
        return wording.description(evidence)

    def sentence(self, evidence: ConformationEvidence, settings: Mapping[str, Any]) -> str:
        """Return the sentence for a paper."""
        return wording.sentence(evidence, settings)


def conformation(
    *,
    found: Any,
    truth: Any,
    levels: Any = ("favored", "allowed"),
    level_by: Literal["points", "mass"] = "points",
    kappa: float | Literal["likelihood"] = 50.0,
    step: float | None = None,
    favored: float | None = None,
    allowed: Any = None,
    category: str | None = None,
    mass: Literal["truth", "found"] = "truth",
    min_residues: int = 200,
    tolerance: float | None = 0.05,
    models: Any = "first",
    conformer: Any = "first",
    bond_limit: float = 2.0,
    cis_limit: float = 90.0,
    max_resolution: float | None = None,
    max_b_factor: float | None = None,
    min_occupancy: float | None = None,
    unit: Any = None,
    resample: str | None = None,
    bootstrap: int = 0,
    confidence_level: float = 0.95,
    interval: Literal["normal", "percentile", "basic"] = "normal",
    rng: Seed = 0,
    workers: int = 1,
    resume: str | os.PathLike[str] | None = None,
    progress: bool | None = None,
) -> ConformationReport:
    """Compare regions of (phi, psi), by category of residue and level.

    Parameters
    ----------
    found, truth : path, list of paths, DataFrame, mapping, PeriodicGrid or Polygons
        Structures in PDB or mmCIF format (a file, folder, pattern or list); a table of angles with
        the columns ``phi`` and ``psi``; grids, such as a folder of ``rama8000-*.data`` files; or
        polygons, such as GeoJSON. See `overlap.io.read_conformations`.
    levels : str or sequence of (str or float)
        ``"favored"``, ``"allowed"``, and fractions that regions are to hold, such as 0.5.
    level_by : {"points", "mass"}
        Whether the region of a level holds that fraction of the residues, as the tables of
        validation programs do, or of the smoothed density, which makes it larger.
    kappa : float or "likelihood"
        Concentration of the von Mises kernel by which angles become a density; see
        `overlap.PeriodicGrid.from_angles`.
    step : float, optional
        Degrees between the nodes of densities: by default those of the other side's grids, where
        these are at most 5; else 2.
    favored, allowed : float, optional
        What the levels leave out: by default 0.02, and the values of cctbx by category, or of
        Lovell et al. (2003) where a side is a library of four categories. `allowed` may be a
        mapping from category.
    category : str, optional
        Category of inputs that do not say one.
    mass : {"truth", "found"}
        By whose density regions are weighed.
    min_residues : int
        Categories with fewer residues on a side made of angles are undefined.
    tolerance : float, optional
        Error that the Hausdorff distance may have, in degrees. None leaves that distance out, which
        has the largest kernel: the first run ever is then a third shorter.
    models, conformer, bond_limit, cis_limit, max_resolution, max_b_factor, min_occupancy
        How structures are read; see `overlap.io.StructureRules`.
    unit : {"degrees", "radians"} or mapping from side, optional
        Of tables of angles; by default it is told. ``{"found": "radians"}`` says it of one side.
    resample : {"structure", "chain", "residue"}, optional
        What the bootstrap draws: by default chains where a side has at least five, else residues.
    bootstrap : int
        Number of resamples; 0 for no intervals. Sides of grids or polygons stay as they are.
    confidence_level : float
        Of the intervals, in (0, 1).
    interval : {"normal", "percentile", "basic"}
        How the intervals are made of the draws; see `overlap.evaluate.bootstrap`. Regions of
        draws agree less than those of the data: ``"normal"`` takes this bias away. For a few
        hundred residues a side no method reaches its level; the documentation has measured
        coverages.
    rng : int, Generator, SeedSequence or None
        Source of randomness of the bootstrap.
    workers : int
        Number of processes, which read a file at a time; -1 for all processors. No number
        depends on it.
    resume : path, optional
        Folder for the contents of files, so that a run that was interrupted continues.
    progress : bool, optional
        Show a bar; by default on a terminal only.

    Returns
    -------
    ConformationReport
        Its table has a row per category and level, where ``a`` is found and ``b`` the truth: areas
        and intersection in squared degrees; IoU, GIoU and DIoU on the torus; the share of each
        region covered by the other; masses, under the density of the truth; the overlap of the
        densities; the Hausdorff distance in degrees with the bound of its error; numbers of
        islands. In its summary ``iou[general favored]`` is one of them and ``iou[favored]`` the
        mean over categories. `matches` has a row per island.

    Raises
    ------
    ValueError
        An input or argument is bad, or the sides have no category in common.
    OSError
        A file is missing or unreadable.
    TypeError
        An input is none of those above.

    Notes
    -----
    The enclosure of GIoU and DIoU is the smallest box on the torus. It punishes regions of several
    islands even where both are equal; ``giou_enclosed``, which is ``iou - enclosed_gap``, is 1
    exactly where they are.

    Examples
    --------
    >>> import numpy as np
    >>> import overlap as ov
    >>> rng = np.random.default_rng(0)
    >>> def helix(n, psi):
    ...     return {"phi": rng.normal(-63, 8, n), "psi": rng.normal(psi, 9, n)}
    >>> report = ov.evaluate.conformation(
    ...     found=helix(500, -42), truth=helix(800, -40), levels="favored"
    ... )
    >>> bool(report.summary["iou[favored]"] > 0.75)
    True
    >>> report.matches["kind"].tolist(), report.matches["abego"].tolist()
    (['matched'], ['A'])
    """
    reading = StructureRules(
        models, conformer, bond_limit, cis_limit, max_resolution, max_b_factor, min_occupancy
    )
    task = Conformation(
        Reader(reading, category, unit), levels, level_by, kappa, step, favored, allowed, mass,
        min_residues, tolerance, resample,
    )  # fmt: skip
    method = _one_of(interval, "interval", _METHODS)
    report = run(
        task,
        {"found": found, "truth": truth},
        bootstrap=Bootstrap(bootstrap, confidence_level, rng, method, progress),
        workers=workers,
        resume=resume,
        progress=progress,
    )
    return cast(ConformationReport, report)


def conformation_study(
    *,
    levels: Any = ("favored", "allowed"),
    level_by: Literal["points", "mass"] = "points",
    kappa: float | Literal["likelihood"] = 50.0,
    step: float | None = None,
    favored: float | None = None,
    allowed: Any = None,
    category: str | None = None,
    mass: Literal["truth", "found"] = "truth",
    min_residues: int = 200,
    tolerance: float | None = 0.05,
    models: Any = "first",
    conformer: Any = "first",
    bond_limit: float = 2.0,
    cis_limit: float = 90.0,
    max_resolution: float | None = None,
    max_b_factor: float | None = None,
    min_occupancy: float | None = None,
    unit: Any = None,
    resample: str | None = None,
    bootstrap: int = 0,
    confidence_level: float = 0.95,
    interval: Literal["normal", "percentile", "basic"] = "normal",
    rng: Seed = 0,
) -> Study:
    """Start a study of conformations: inputs of both sides are added one by one, anywhere.

    Parameters
    ----------
    levels, level_by, kappa, step, favored, allowed, category, mass, min_residues, tolerance
        As in `conformation`.
    models, conformer, bond_limit, cis_limit, max_resolution, max_b_factor, min_occupancy
        How structures are read; see `overlap.io.StructureRules`.
    unit, resample, bootstrap, confidence_level, interval, rng
        As in `conformation`.

    Returns
    -------
    Study
        Its items are inputs: ``update(name, found=...)``, ``update(name, truth=...)``, or both.
        Files of a side stand in the order of their names.

    Examples
    --------
    >>> import numpy as np
    >>> import overlap as ov
    >>> rng = np.random.default_rng(0)
    >>> def helix(n, psi):
    ...     return {"phi": rng.normal(-63, 8, n), "psi": rng.normal(psi, 9, n)}
    >>> study = ov.evaluate.conformation_study(levels="favored")
    >>> _ = study.update("a", found=helix(500, -42)).update("b", truth=helix(400, -40))
    >>> _ = study.update("c", truth=helix(400, -40))
    >>> bool(study.compute().summary["iou[favored]"] > 0.75)
    True
    """
    reading = StructureRules(
        models, conformer, bond_limit, cis_limit, max_resolution, max_b_factor, min_occupancy
    )
    task = Conformation(
        Reader(reading, category, unit), levels, level_by, kappa, step, favored, allowed, mass,
        min_residues, tolerance, resample,
    )  # fmt: skip
    method = _one_of(interval, "interval", _METHODS)
    return Study(task, Bootstrap(bootstrap, confidence_level, rng, method))


def _several(levels: Any) -> Any:
    return levels if isinstance(levels, str | float | int) else tuple(levels)


def _step(step: float | None, inputs: Sequence[Conformations]) -> float:
    """Return degrees between nodes: as given, or those of grids on either side."""
    if step is not None:
        return step
    steps = {
        side
        for source in inputs
        if isinstance(source, RamaGrids)
        for grid in source.grids.values()
        for side in grid.step
    }
    return min(steps) if len(steps) == 1 and min(steps) <= _WIDEST_STEP else _STEP


def _one_of(value: Any, name: str, known: tuple[str, ...]) -> Any:
    if value not in known:
        raise ValueError(f"{name} = {value!r} is not one of {', '.join(known)}")
    return value


def _whole(value: Any, name: str, least: int) -> int:
    if isinstance(value, bool) or int(value) != value or value < least:
        raise ValueError(f"{name} = {value!r}; wanted a whole number, {least} or more")
    return int(value)


def _positive(value: Any, name: str) -> float:
    if isinstance(value, bool) or not 0.0 < float(value) < np.inf:
        raise ValueError(f"{name} = {value!r}; wanted a positive number of degrees")
    return float(value)
