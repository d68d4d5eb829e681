"""A report on conformations: it gives its regions back, and writes them as GeoJSON."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from overlap.evaluate.page import Section
from overlap.evaluate.report import Report, json_text, plain
from overlap.io.region_files import regions_to_geojson
from overlap.regions.polygons import Polygons

from .compared import Compared
from .cutoffs import TITLES, Level
from .evidence import ConformationEvidence
from .sides import Side
from .sources import described

if TYPE_CHECKING:
    from overlap.plot.ramachandran import RamachandranPanel

__all__ = ["ConformationReport"]

_SCORES = {
    "iou": "IoU",
    "giou": "GIoU",
    "diou": "DIoU",
    "giou_enclosed": "enclosed",
    "mass_iou": "mass IoU",
    "density_overlap": "densities",
}
_MOST_POINTS = 4000  # more hide the regions


@dataclass(frozen=True, eq=False, repr=False)
class ConformationReport(Report):
    """A `Report` on regions of backbone angles.

    Parameters
    ----------
    numbers, table_rows, settings, sentence, evidence
        As in `Report`.
    """

    evidence: ConformationEvidence = field(repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Return settings, summary, table and islands as plain data; NaN becomes None."""
        islands = [island.row() for entry in self.evidence.compared for island in entry.islands]
        return {**super().to_dict(), "islands": plain(islands)}

    def regions(self, side: Literal["found", "truth"] = "found") -> dict[tuple[str, str], Polygons]:
        """Return the regions of a side by category and level.

        Parameters
        ----------
        side : {"found", "truth"}

        Returns
        -------
        dict from (category, level) to Polygons
            Batches of one region, on the torus of degrees.

        Raises
        ------
        ValueError
            There is no such side.
        """
        if side not in ("found", "truth"):
            raise ValueError(f"side = {side!r} is not 'found' or 'truth'")
        chosen = getattr(self.evidence, side)
        made = {
            (category, level.name): shape.region(level)
            for category, shape in chosen.shapes.items()
            for level in self.evidence.rules.levels
        }
        return {key: region for key, region in made.items() if region is not None}

    def to_geojson(
        self, path: str | Path | None = None, *, side: Literal["found", "truth"] = "found"
    ) -> str:
        """Return the regions of a side as GeoJSON; with `path`, write it there.

        Parameters
        ----------
        path : str or Path, optional
            File to write, all or nothing.
        side : {"found", "truth"}

        Returns
        -------
        str
            A FeatureCollection that `conformation` reads back. x is phi, y is psi.
        """
        content: dict[str, Any] = regions_to_geojson(self.regions(side))
        return json_text(content, path)

    # ----------------------------------------------------------------------- showing

    def headline(self) -> str:
        """Return the mean IoU of the first level."""
        name, value = self.items[0]
        count = len({row["category"] for row in self.table_rows})
        words = f"{count} categories" if count != 1 else "1 category"
        return f"conformation: {name} {_text(value)} ({words})"

    def sections(self) -> list[Section]:
        """Return the numbers by category and level, then islands without a partner."""
        sections = [self._scores(), self._sizes(), self._islands(), self._reasons()]
        return [section for section in sections if section.rows]

    def brief(self) -> list[Section]:
        """Return the same, and the inputs."""
        facts = [[role, described(self.settings[role])] for role in ("found", "truth")]
        return [*self.sections(), Section("", (), facts)]

    def _scores(self) -> Section:
        columns = ["category", "level", *_SCORES.values(), "Hausdorff, deg"]
        cells = []
        for row in self.table_rows:
            if math.isnan(row["area_a"]):
                continue  # the last section says why
            line = [row["category"], row["level"]]
            for name in _SCORES:
                text = _text(row[name])
                if f"{name}_low" in row and not math.isnan(row[f"{name}_low"]):
                    text += f" ({_text(row[f'{name}_low'], 3)} to {_text(row[f'{name}_high'], 3)})"
                line.append(text)
            cells.append([*line, _text(row["hausdorff"], 2)])
        title = "Agreement of regions"
        if self.intervals:
            title += f", with {100 * self.intervals[0].level:g} % intervals"
        return Section(title, columns, cells)

    def _sizes(self) -> Section:
        columns = [
            "category", "level", "found, deg2", "truth, deg2", "shared, deg2", "mass only found",
            "mass only truth", "islands", "missing", "spurious", "merged", "split", "residues",
        ]  # fmt: skip
        cells = []
        for row in self.table_rows:
            if math.isnan(row["area_a"]):
                continue
            line = [row["category"], row["level"]]
            line += [_text(row[name], 1) for name in ("area_a", "area_b", "intersection")]
            line += [_text(row[name]) for name in ("mass_a_only", "mass_b_only")]
            line.append(f"{row['islands_a']:.0f} / {row['islands_b']:.0f}")
            line += [f"{row[kind]:.0f}" for kind in ("missing", "spurious", "merged", "split")]
            counts = [row["residues_a"], row["residues_b"]]
            line.append(" / ".join("-" if count is None else f"{count:,}" for count in counts))
            cells.append(line)
        return Section("Sizes, found / truth", columns, cells)

    def _islands(self) -> Section:
        columns = [
            "category", "level", "island", "where", "phi", "psi", "area, deg2", "mass", "covered",
        ]  # fmt: skip
        cells = []
        for entry in self.evidence.compared:
            for island in entry.islands:
                if island.kind == "matched":
                    continue
                missing = island.kind in ("missing", "merged")
                area = island.area_b if missing else island.area_a
                mass = island.mass_b if missing else island.mass_a
                covered = island.covered_b if missing else island.covered_a
                line = [island.category, island.level, island.kind, island.abego]
                line += ["" if math.isnan(x) else f"{x:.0f}" for x in (island.phi, island.psi)]
                cells.append([*line, _text(area, 1), _text(mass), _text(covered)])
        return Section("Islands without a partner", columns, cells)

    def _reasons(self) -> Section:
        levels: dict[tuple[str, str], list[str]] = {}
        for row in self.table_rows:
            if row["reason"]:
                levels.setdefault((row["category"], row["reason"]), []).append(row["level"])
        cells = [[category, ", ".join(names), why] for (category, why), names in levels.items()]
        return Section("Remarks", ("category", "level", "reason"), cells)

    def draw(
        self,
        path: str | Path | None,
        ax: Any,
        *,
        category: str | None = None,
        points: bool = False,
        **options: Any,
    ) -> Any:
        """Draw the regions of both sides, category by category; see `plot`.

        Parameters
        ----------
        path : str or Path, optional
            File to write, all or nothing.
        ax : matplotlib.axes.Axes, optional
            Where to draw one category, and only it.
        category : str, optional
            Which; by default all, and the first on given axes.
        points : bool
            Draw the found residues too, a part of them where there are many.
        **options
            As in `overlap.plot.draw_ramachandran`.

        Raises
        ------
        ValueError
            No region of this category was compared.
        """
        from overlap.plot.ramachandran import draw_categories

        evidence = self.evidence
        defined = [one for one in evidence.compared if not math.isnan(one.values["area_a"])]
        first = {one.category: one for one in reversed(defined)}
        return draw_categories(
            {
                name: partial(self._panel, first[name], points)
                for name in evidence.found.counts
                if name in first
            },
            path, ax, category, names=("found", "truth"),
            levels=[level.name for level in evidence.rules.levels], **options,
        )  # fmt: skip

    def _panel(self, entry: Compared, points: bool) -> RamachandranPanel:
        from overlap.plot.ramachandran import RamachandranPanel

        evidence, name = self.evidence, entry.category
        return RamachandranPanel(
            title=TITLES[name],
            found=_regions(evidence.found, name, evidence.rules.levels),
            truth=_regions(evidence.truth, name, evidence.rules.levels),
            points=_points(evidence.found, name) if points else None,
            note=f"{entry.level} IoU {entry.values['iou']:.3f}",
        )


def _text(value: float | None, digits: int = 4) -> str:
    """Write a value with as many digits as are read."""
    if value is None or math.isnan(value):
        return "undefined"
    return f"{value:,.{digits}f}"


def _regions(side: Side, category: str, levels: Sequence[Level]) -> Polygons:
    """Return the regions of all levels, the smaller first; one that is not there is empty."""
    shape = side.shapes[category]
    found = [shape.region(level) for level in levels]
    known = next(region for region in found if region is not None)
    nothing = Polygons([[]], period=known.period)
    return Polygons.concat([nothing if region is None else region for region in found])


def _points(side: Side, category: str) -> Any:
    if side.table is None:
        return None
    rows = np.flatnonzero(side.table.category == category)
    rows = rows[:: -(-len(rows) // _MOST_POINTS)]
    return np.stack([side.table.phi[rows], side.table.psi[rows]], axis=1)
