"""A report on the residues of structures: it knows their outliers, in the columns of ramalyze."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from overlap._common.frames import frame
from overlap.evaluate.page import Section
from overlap.evaluate.report import Report, csv_text, plain
from overlap.io.printable import number_of
from overlap.io.residues import Failure
from overlap.regions.polygons import Polygons

from .cutoffs import TITLES, read_levels
from .residues import VERDICTS, ClassifiedResidues
from .sides import GridShape
from .sources import described

if TYPE_CHECKING:
    import pandas as pd

    from overlap.plot.ramachandran import RamachandranPanel

__all__ = ["RAMALYZE_TYPES", "RamachandranReport"]

#: What ramalyze calls the categories.
RAMALYZE_TYPES = {
    "general": "General",
    "glycine": "Glycine",
    "cispro": "Cis-proline",
    "transpro": "Trans-proline",
    "proline": "Proline",
    "prepro": "Pre-proline",
    "ileval": "Isoleucine or valine",
    "all": "All",
}
_COUNTED = ("residues", "favored", "allowed", "outlier")
_COUNTS = ("residues", "favored", "allowed", "outliers", "favored %", "outliers %")
_FAILED = "Files that could not be read"
_MOST = 20  # rows of a table
_RAMALYZE_VERDICTS = {"favored": "Favored", "allowed": "Allowed", "outlier": "OUTLIER"}


@dataclass(frozen=True, eq=False, repr=False)
class RamachandranReport(Report):
    """A `Report` on residues that were classified by a library.

    Parameters
    ----------
    numbers, table_rows, settings, sentence, evidence
        As in `Report`.
    failed : tuple of Failure
        Structures that could not be read.
    """

    evidence: ClassifiedResidues = field(repr=False)
    failed: tuple[Failure, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return settings, summary, table, outliers and structures; NaN becomes None."""
        rows = {"outliers": self.residue_rows("outlier"), "structures": self.structure_rows()}
        return {**super().to_dict(), **plain(rows)}

    def residues_to_csv(self, path: str | Path | None = None) -> str:
        """Return all residues in the columns of ramalyze as CSV; with `path`, write it there.

        Parameters
        ----------
        path : str or Path, optional
            File to write, all or nothing.
        """
        return csv_text(self.residue_rows(), path)

    def residue_rows(self, verdict: str | None = None) -> list[dict[str, Any]]:
        """Return residues in the columns of ramalyze, in file order.

        Parameters
        ----------
        verdict : {"outlier", "allowed", "favored"}, optional
            By default all.

        Returns
        -------
        list of dict
            residue (chain, number, insertion code, alternate location and name, in columns of
            fixed width), ``score%``, phi, psi, evaluation and type; and before them structure and
            model.

        Raises
        ------
        ValueError
            There is no such verdict.
        """
        if verdict is not None and verdict not in VERDICTS:
            raise ValueError(f"verdict = {verdict!r} is not one of {', '.join(VERDICTS)}")
        table = self.evidence.table
        wanted = range(len(VERDICTS)) if verdict is None else [VERDICTS.index(verdict)]
        rows = []
        for i in np.flatnonzero(np.isin(self.evidence.verdict, list(wanted))).tolist():
            names = (
                f"{table.chain[i]:>2}{table.seqid[i]:4d}{table.icode[i]:1}{table.altloc[i]:1}"
                f"{table.resname[i]:>3}"
            )
            rows.append(
                {
                    "structure": table.structure[i],
                    "model": int(table.model[i]),
                    "residue": names,
                    "score%": 100.0 * float(self.evidence.score[i]),
                    "phi": float(table.phi[i]),
                    "psi": float(table.psi[i]),
                    "evaluation": _RAMALYZE_VERDICTS[VERDICTS[self.evidence.verdict[i]]],
                    "type": RAMALYZE_TYPES[table.category[i]],
                }
            )
        return rows

    @cached_property
    def outliers(self) -> pd.DataFrame:
        """The outliers in the columns of ramalyze; see `residue_rows`."""
        columns = ["structure", "model", "residue", "score%", "phi", "psi", "evaluation", "type"]
        return frame(self.residue_rows("outlier"), columns=columns)

    def structure_rows(self) -> list[dict[str, Any]]:
        """Return the counts of every structure, those with most outliers first.

        Returns
        -------
        list of dict
            structure; numbers of rows: residues, favored, allowed, outlier; and the shares of
            favored and outlier, by weight.
        """
        table, verdict = self.evidence.table, self.evidence.verdict
        index, names = table.groups("structure")
        counts = np.zeros((len(names), len(VERDICTS)), dtype=np.int64)
        sums = np.zeros((len(names), len(VERDICTS)))
        np.add.at(counts, (index, verdict), 1)
        np.add.at(sums, (index, verdict), table.weight)
        total = counts.sum(axis=1)
        share = sums / sums.sum(axis=1, keepdims=True)
        order = np.lexsort((np.arange(len(names)), share[:, 2], -share[:, 0]))
        return [
            {
                "structure": names[k],
                "residues": int(total[k]),
                **{VERDICTS[v]: int(counts[k, v]) for v in (2, 1, 0)},
                "favored_share": float(share[k, 2]),
                "outlier_share": float(share[k, 0]),
            }
            for k in order.tolist()
        ]

    @cached_property
    def by_structure(self) -> pd.DataFrame:
        """Counts of every structure; see `structure_rows`."""
        return frame(self.structure_rows())

    @cached_property
    def failures(self) -> pd.DataFrame:
        """Structures that could not be read: columns source and reason."""
        rows = [(failure.source, failure.reason) for failure in self.failed]
        return frame(rows, columns=["source", "reason"])

    # ----------------------------------------------------------------------- showing

    def headline(self) -> str:
        """Return the shares and the number of residues."""
        summary = dict(self.items)
        count = int(summary["n"])
        return (
            f"Ramachandran: {_percent(summary['favored'])} % favored, "
            f"{_percent(summary['outlier'])} % outliers ({count:,} residue{'s' * (count != 1)})"
        )

    def sections(self) -> list[Section]:
        """Return counts by category, outliers, counts by structure, and failures."""
        failures = [[failure.source, failure.reason] for failure in self.failed]
        sections = [*self._tables(), Section(_FAILED, ("source", "reason"), failures)]
        return [section for section in sections if section.rows]

    def brief(self) -> list[Section]:
        """Return the same but for failures, which are said elsewhere, and the inputs."""
        facts = [[role, described(self.settings[role])] for role in ("found", "truth")]
        tables = [section for section in self._tables() if section.rows]
        return [*tables, Section("", (), facts)]

    def _tables(self) -> list[Section]:
        return [self._categories(), self._outliers(), self._structures()]

    def _categories(self) -> Section:
        columns = ["category", *_COUNTS]
        rows = []
        for row in self.table_rows:
            cells = [row["category"], *(f"{row[name]:,}" for name in _COUNTED)]
            for name in ("favored", "outlier"):
                cell = _percent(row[f"{name}_share"])
                if f"{name}_low" in row:
                    low, high = _percent(row[f"{name}_low"]), _percent(row[f"{name}_high"])
                    cell += f" ({low} to {high})"
                cells.append(cell)
            rows.append(cells)
        title = "Residues by category"
        if not self.intervals:
            return Section(title, columns, rows, keys=1)
        title += f", with {100 * self.intervals[0].level:g} % intervals"
        return Section(title, columns, rows)

    def _outliers(self) -> Section:
        listed = self.residue_rows("outlier")
        several = len({(row["structure"], row["model"]) for row in self.residue_rows()}) > 1
        columns = ["residue", "score%", "phi", "psi", "evaluation", "type"]
        rows = []
        for row in listed[:_MOST]:
            numbers = (f"{row[name]:.2f}" for name in ("score%", "phi", "psi"))
            cells = [row["residue"], *numbers, row["evaluation"], row["type"]]
            rows.append([row["structure"], str(row["model"]), *cells] if several else cells)
        columns = [*["structure", "model"] * several, *columns]
        if len(listed) <= _MOST:
            return Section("Outliers", columns, rows, keys=1)
        return Section(f"The first {_MOST} of {len(listed):,} outliers", columns, rows)

    def _structures(self) -> Section:
        listed = self.structure_rows()
        rows = [
            [
                row["structure"],
                *(f"{row[name]:,}" for name in _COUNTED),
                _percent(row["favored_share"]),
                _percent(row["outlier_share"]),
            ]
            for row in listed[:_MOST]
        ]
        columns = ["structure", *_COUNTS]
        title = "Structures, most outliers first"
        if len(listed) <= _MOST:
            return Section(title, columns, rows if len(listed) > 1 else [], keys=1)
        return Section(f"{title} (the first {_MOST} of {len(listed):,})", columns, rows)

    def draw(
        self, path: str | Path | None, ax: Any, *, category: str | None = None, **options: Any
    ) -> Any:
        """Draw residues over the favored and allowed regions of their category; see `plot`.

        Parameters
        ----------
        path : str or Path, optional
            File to write, all or nothing.
        ax : matplotlib.axes.Axes, optional
            Where to draw one category, and only it.
        category : str, optional
            Which; by default all that have residues, and the first on given axes.
        **options
            As in `overlap.plot.draw_ramachandran`.

        Raises
        ------
        ValueError
            There are no residues of this category.
        """
        from overlap.plot.ramachandran import draw_categories

        return draw_categories(
            {name: partial(self._panel, name) for name in self.evidence.categories},
            path, ax, category, names=("residues", "library"), levels=("favored", "allowed"),
            **options,
        )  # fmt: skip

    def _panel(self, category: str) -> RamachandranPanel:
        from overlap.plot.ramachandran import RamachandranPanel

        evidence, table = self.evidence, self.evidence.table
        rows = np.flatnonzero(table.category == category)
        shape = GridShape(category, evidence.grids[category])
        counts = np.bincount(evidence.verdict[rows], minlength=3)
        levels = read_levels(("favored", "allowed"), evidence.cutoffs)
        return RamachandranPanel(
            title=TITLES[category],
            truth=Polygons.concat([shape.region(level) for level in levels]),
            points=np.stack([table.phi[rows], table.psi[rows]], axis=1),
            outliers=evidence.verdict[rows] == 0,
            labels=[
                f"{table.chain[i]} {table.seqid[i]}{table.icode[i]} {table.resname[i]}".strip()
                for i in rows.tolist()
            ],
            note=f"{counts[2]} favored, {counts[1]} allowed, {number_of(counts[0], 'outlier')}",
        )


def _percent(share: float) -> str:
    return "undefined" if math.isnan(share) else f"{100 * share:.2f}"
