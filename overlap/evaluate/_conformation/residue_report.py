"""A report on the residues of structures: it knows their outliers, in the columns of ramalyze."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from overlap._common.frames import frame
from overlap.evaluate.number_texts import level_text, percent_text, span_text
from overlap.evaluate.page import Picture, Result, Section
from overlap.evaluate.report import Report, csv_text, plain
from overlap.io.printable import number_of
from overlap.io.residues import Failure
from overlap.regions.polygons import Polygons

from .cutoffs import TITLES, Level, read_levels
from .glossary import residue_terms
from .goals import SOURCE, Goal, goals_of, is_top8000, met_by
from .naming import in_words_of, library_name, names_of, sides_of
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
_PLURAL = {"favored": "favored", "allowed": "allowed", "outlier": "outliers"}
_FEW, _MOST = 20, 500  # rows of a table on the screen, and on a page
_NAMED = 5  # outliers in the text of a picture
_RAMALYZE_VERDICTS = {"favored": "Favored", "allowed": "Allowed", "outlier": "OUTLIER"}


@dataclass(frozen=True, eq=False, repr=False)
class RamachandranReport(Report):
    """A `Report` on residues that were classified by a library.

    Parameters
    ----------
    numbers, table_rows, settings, sentence, evidence, recipe
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

    def kind(self) -> str:
        """Return what was done."""
        return "Ramachandran validation"

    def title(self) -> str:
        """Return the names of the model and of the library."""
        model, library = self._names
        return f"{model} against {library}"

    def headline(self) -> str:
        """Return the shares, the number of residues, and that of files that could not be read."""
        summary = dict(self.items)
        said = (
            f"{_percent(summary['favored'])} % favored, {_percent(summary['outlier'])} % outliers "
            f"({number_of(int(summary['n']), 'residue')})"
        )
        if self.failed:
            said += f"; {number_of(len(self.failed), 'file')} could not be read"
        return said

    def _total(self) -> str:
        """Return the number of residues, and their shares."""
        summary = dict(self.items)
        return (
            f"{number_of(int(summary['n']), 'residue')}: {_percent(summary['favored'])} % favored, "
            f"{_percent(summary['outlier'])} % outliers"
        )

    def results(self) -> list[Result]:
        """Return the shares of favored residues and of outliers, and the number of structures."""
        results = []
        for row in self._shares():
            if row.verdict != "allowed":
                note = f"{row.count:,} of {row.total:,} residues"
                note += f"; {row.interval}" if row.interval else ""
                note += f"; goal {row.goal}: {row.met}" if row.goal else ""
                results.append(Result(_PLURAL[row.verdict], f"{row.percent} %", note))
        counts = self.settings["found"].get("counts", {})
        structures = self.structure_rows()
        if counts or len(structures) > 1:
            notes = [number_of(counts["chains"], "chain")] if counts else []
            if self._goals:
                count = sum(self._goals_met(row) == "both" for row in structures)
                notes.append(f"{count:,} {'meets' if count == 1 else 'meet'} both goals")
            if self.failed:
                notes.append(f"{number_of(len(self.failed), 'file')} could not be read")
            results.append(Result("structures", f"{len(structures):,}", "; ".join(notes)))
        return results

    def sections(self) -> list[Section]:
        """Return the tables of the page: shares, outliers, categories, structures, failures."""
        sections = [
            self._summary(), self._listed_outliers(), self._categories(), self._structures(_MOST),
            self._failures(),
        ]  # fmt: skip
        return [section for section in sections if section.rows]

    def brief(self) -> list[Section]:
        """Return fewer rows for the screen; failures are said elsewhere."""
        facts = [[word, described(self.settings[role])] for role, word in self._words.items()]
        if self._goals:
            said = [
                f"{_PLURAL[row.verdict]} {row.goal}: {row.met}"
                for row in self._shares()
                if row.goal
            ]
            facts.append(["goals", f"{'; '.join(said)} (as MolProbity states them for Top8000)"])
        tables = [self._categories(), self._outliers(), self._structures(_FEW)]
        return [*(section for section in tables if section.rows), Section("", (), facts)]

    def notes(self) -> tuple[str, ...]:
        """Return the notes, with the names of the sides."""
        return tuple(in_words_of(self._words, note) for note in super().notes())

    @property
    def findings(self) -> tuple[str, ...]:
        """Messages that must not be missed."""
        return tuple(in_words_of(self._words, finding) for finding in super().findings)

    def terms(self) -> Mapping[str, str]:
        """Return definitions of columns."""
        return residue_terms(self.evidence.library, self.evidence.cutoffs, self._goals)

    @property
    def _words(self) -> dict[str, str]:
        """Names of the sides, for readers."""
        return sides_of(self.settings)

    @cached_property
    def _goals(self) -> Mapping[str, Goal]:
        return goals_of(self.evidence.library, self.evidence.cutoffs)

    @cached_property
    def _names(self) -> tuple[str, str]:
        evidence = self.evidence
        model, _ = names_of(evidence.source, evidence.library)
        library = library_name(evidence.library, is_top8000(evidence.library))
        return model or self._words["found"], library

    def _goals_met(self, row: Mapping[str, Any]) -> str:
        """Say which goals a structure meets."""
        shares = {verdict: row[f"{verdict}_share"] for verdict in self._goals}
        return met_by(self._goals, shares)

    def _shares(self) -> list[_Share]:
        row = self.table_rows[-1]  # of all residues
        result = []
        for verdict in VERDICTS[::-1]:
            interval, goal, share = "", self._goals.get(verdict), row[f"{verdict}_share"]
            if f"{verdict}_low" in row:
                span = span_text(row[f"{verdict}_low"], row[f"{verdict}_high"], _percent)
                interval = f"{span} % ({level_text(self.intervals[0].level)})" if span else ""
            met = ("met" if goal.met(share) else "not met") if goal else ""
            said = "" if goal is None else str(goal)
            result.append(
                _Share(verdict, row[verdict], row["residues"], _percent(share), interval, said, met)
            )
        return result

    def _summary(self) -> Section:
        """Return the shares of all residues, with the goals."""
        columns = ["verdict", "count", "% of residues", "interval", "goal", "goal met"]
        rows = [
            [
                _PLURAL[x.verdict],
                f"{x.count:,} of {x.total:,}",
                x.percent,
                x.interval,
                x.goal,
                x.met,
            ]
            for x in self._shares()
        ]
        note = f"The goals are those of {SOURCE}."
        if not self._goals:
            cuts = is_top8000(self.evidence.library)
            other = "the cutoffs are other ones" if cuts else "this is another library"
            note = f"No goals: they are stated in {SOURCE}, and {other}."
        kept = [k for k in range(len(columns)) if any(row[k] for row in rows)]
        return Section(
            "All residues", [columns[k] for k in kept], [[row[k] for k in kept] for row in rows],
            keys=1, note=note,
        )  # fmt: skip

    def _categories(self) -> Section:
        columns = ["category", *_COUNTS]
        rows = []
        for row in self.table_rows:
            cells = [row["category"], *(f"{row[name]:,}" for name in _COUNTED)]
            for name in ("favored", "outlier"):
                cell = _percent(row[f"{name}_share"])
                if f"{name}_low" in row:
                    span = span_text(row[f"{name}_low"], row[f"{name}_high"], _percent)
                    cell += f" ({span})" if span else ""
                cells.append(cell)
            rows.append(cells)
        title = "Residues by category"
        if not self.intervals:
            return Section(title, columns, rows, keys=1)
        title += f", with {level_text(self.intervals[0].level)}s"
        return Section(title, columns, rows)

    def _outliers(self) -> Section:
        """Return the first outliers in the columns of ramalyze, for the screen."""
        listed = self.residue_rows("outlier")
        columns = ["residue", "score%", "phi", "psi", "evaluation", "type"]
        rows = []
        for row in listed[:_FEW]:
            numbers = (f"{row[name]:.2f}" for name in ("score%", "phi", "psi"))
            cells = [row["residue"], *numbers, row["evaluation"], row["type"]]
            several = self._several
            rows.append([row["structure"], str(row["model"]), *cells] if several else cells)
        columns = [*["structure", "model"] * self._several, *columns]
        if len(listed) <= _FEW:
            return Section("Outliers", columns, rows, keys=1)
        return Section(f"The first {_FEW} of {len(listed):,} outliers", columns, rows)

    @cached_property
    def _several(self) -> bool:
        """Whether there are residues of several structures, or models."""
        table = self.evidence.table
        return len(set(zip(table.structure.tolist(), table.model.tolist(), strict=True))) > 1

    def _listed_outliers(self) -> Section:
        """Return the outliers for the page, each with the picture of its category."""
        table, evidence = self.evidence.table, self.evidence
        places = np.flatnonzero(evidence.verdict == 0).tolist()
        models = len(set(table.model.tolist())) > 1
        rows, links = [], []
        for i in places[:_MOST]:
            number = f"{table.seqid[i]}{table.icode[i]}".strip()
            residue = f"{number} {table.resname[i]}".strip()
            residue += f" (conformer {table.altloc[i]})" if table.altloc[i].strip() else ""
            category = str(table.category[i])
            cells = [str(table.chain[i]), residue, category]
            cells += [f"{table.phi[i]:.1f}", f"{table.psi[i]:.1f}"]
            cells.append(f"{100 * evidence.score[i]:.3f}")
            model = [str(table.model[i])] * models
            rows.append([str(table.structure[i]), *model, *cells] if self._several else cells)
            links.append(f"category-{category}")
        columns = [
            *["structure"] * self._several, *["model"] * (self._several and models),
            "chain", "residue", "category", "phi", "psi", "score %",
        ]  # fmt: skip
        title, note = "Outliers", "In the order of the files."
        if len(places) > _MOST:
            title = f"The first {_MOST:,} of {len(places):,} outliers"
            note += " The report as .json and the table of --residues have all."
        return Section(title, columns, rows, note=note, links=links)

    def _structures(self, most: int) -> Section:
        listed = self.structure_rows()
        rows = []
        for row in listed[:most]:
            cells = [row["structure"], *(f"{row[name]:,}" for name in _COUNTED)]
            cells += [_percent(row["favored_share"]), _percent(row["outlier_share"])]
            rows.append([*cells, *[self._goals_met(row)] * bool(self._goals and most > _FEW)])
        columns = ["structure", *_COUNTS, *["goals met"] * bool(self._goals and most > _FEW)]
        title = "Structures, most outliers first"
        if len(listed) <= most:
            return Section(title, columns, rows if len(listed) > 1 else [], keys=1)
        return Section(f"{title} (the first {most} of {len(listed):,})", columns, rows)

    def _failures(self) -> Section:
        rows = [[failure.source, failure.reason] for failure in self.failed[:_MOST]]
        count = len(self.failed)
        first = f" (the first {_MOST:,} of {count:,})" if count > _MOST else ""
        return Section(f"Files that could not be read{first}", ("source", "reason"), rows)

    def pictures(self) -> list[Picture]:
        """Return the Ramachandran plot of each category."""
        return [
            Picture(
                title=TITLES[name],
                draw=partial(self.draw, None, None, category=name),
                alt=self._seen(name),
                note=(
                    "Outliers are named as chain, number and residue; the table of outliers has "
                    "all of them."
                ) if self._counts(name)[0] else "",
                key=f"category-{name}",
            )
            for name in self.evidence.categories
        ]  # fmt: skip

    def _counts(self, category: str) -> list[int]:
        """Return the numbers of outliers, allowed and favored residues of a category."""
        rows = self.evidence.table.category == category
        return np.bincount(self.evidence.verdict[rows], minlength=3).tolist()

    def _seen(self, category: str) -> str:
        """Describe the picture of a category."""
        outlier, allowed, favored = self._counts(category)
        table = self.evidence.table
        rows = np.flatnonzero((table.category == category) & (self.evidence.verdict == 0))
        named = [
            f"{self._label(i)} at phi {table.phi[i]:.0f}, psi {table.psi[i]:.0f}"
            for i in rows[:_NAMED].tolist()
        ]
        text = (
            f"Ramachandran plot of phi and psi, category {TITLES[category]}: the favored and the "
            f"allowed region of {self._names[1]}, and the residues, of which {favored:,} are "
            f"favored, {allowed:,} allowed and {outlier:,} outliers"
        )
        if not named:
            return text + "."
        more = f", and {outlier - _NAMED:,} more" if outlier > _NAMED else ""
        return f"{text}: {'; '.join(named)}{more}."

    def _label(self, row: int) -> str:
        """Return the name of a residue in a picture."""
        table = self.evidence.table
        number = f"{table.seqid[row]}{table.icode[row]}".strip()
        return f"{table.chain[row]} {number} {table.resname[row]}".strip()

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

        categories = self.evidence.categories
        chosen = (category,) if category in categories else categories
        shown: dict[str, Any] = {
            "heading": (self.title(), self._total()),
            "names": ("", self._names[1]),
            "levels": [
                f"{level.name}: {_held(level.cutoffs[name] for name in chosen)} of its residues"
                for level in self._levels
            ],
            "dots": "residues, favored or allowed",
        }
        return draw_categories(
            {name: partial(self._panel, name) for name in categories},
            path, ax, category, **{**shown, **options},
        )  # fmt: skip

    @property
    def _levels(self) -> tuple[Level, ...]:
        return read_levels(("favored", "allowed"), self.evidence.cutoffs)

    def _panel(self, category: str) -> RamachandranPanel:
        from overlap.plot.ramachandran import RamachandranPanel, dot_area

        evidence, table = self.evidence, self.evidence.table
        rows = np.flatnonzero(table.category == category)
        shape = GridShape(category, evidence.grids[category])
        outlier, allowed, favored = self._counts(category)
        most = max(sum(self._counts(name)) for name in evidence.categories)
        return RamachandranPanel(
            title=f"{TITLES[category]}: {number_of(len(rows), 'residue')}",
            truth=Polygons.concat([shape.region(level) for level in self._levels]),
            points=np.stack([table.phi[rows], table.psi[rows]], axis=1),
            outliers=evidence.verdict[rows] == 0,
            labels=[self._label(i) for i in rows.tolist()],
            note=f"{favored:,} favored, {allowed:,} allowed, {number_of(outlier, 'outlier')}",
            dot=dot_area(most),
        )


@dataclass(frozen=True)
class _Share:
    """The share of a verdict in all residues, as it is written."""

    verdict: str
    count: int
    total: int
    percent: str
    interval: str
    goal: str
    met: str


def _held(cutoffs: Iterable[float]) -> str:
    """Write the share of residues that regions hold, as a percentage or a range of it."""
    held = sorted({round(100.0 * (1.0 - cutoff), 6) for cutoff in cutoffs})
    ends = dict.fromkeys((held[0], held[-1])) if held else ()
    return f"{' to '.join(f'{end:g}' for end in ends)} %"


def _percent(share: float) -> str:
    return percent_text(share, "undefined")
