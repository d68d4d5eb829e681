"""A report on conformations: it gives its regions back, and writes them as GeoJSON."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from overlap.evaluate.number_texts import fixed_text, interval_text, level_text, span_text
from overlap.evaluate.page import Picture, Result, Section
from overlap.evaluate.report import Report, json_text, plain
from overlap.io.printable import number_of
from overlap.io.region_files import regions_to_geojson
from overlap.regions.polygons import Polygons

from .compared import Compared
from .cutoffs import TITLES, Level
from .evidence import ConformationEvidence
from .glossary import comparison_terms
from .naming import LETTERS, in_words_of, names_of, titled
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
_MOST_ROWS = 500  # of a table on a page
_NAMED = 6  # places in the text of a picture


@dataclass(frozen=True, eq=False, repr=False)
class ConformationReport(Report):
    """A `Report` on regions of backbone angles.

    Parameters
    ----------
    numbers, table_rows, settings, sentence, evidence, recipe
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

    def kind(self) -> str:
        """Return what was done."""
        return "Comparison of backbone conformations"

    def title(self) -> str:
        """Return the names of both inputs."""
        return " and ".join(name or LETTERS[role] for role, name in self._names.items())

    def headline(self) -> str:
        """Return the mean IoU of the first level, and the number of failures."""
        level = self.evidence.rules.levels[0].name
        said = f"IoU {_text(self.items[0][1])}, {level} ({self._mean_of(level)})"
        count = len(self._failed())
        return said + (f"; {number_of(count, 'file')} could not be read" if count else "")

    def results(self) -> list[Result]:
        """Return the means of the first level, and the numbers of residues."""
        level = self.evidence.rules.levels[0].name
        results = []
        for number in self.numbers:
            if number.where == {"level": level} and number.metric in ("iou", "density_overlap"):
                note = self._mean_of(level)
                note = f"{level}; {note}" if number.metric == "iou" else note
                interval = interval_text(number.interval, _end)
                note += f"; {interval}" if interval else ""
                results.append(Result(_SCORES[number.metric], _text(number.value), note))
        counts = [self._residues(role) for role in LETTERS]
        if any(counts):
            notes = [
                f"{LETTERS[role]}: {text}"
                for role in LETTERS
                if (text := _counted(self.settings[role]))
            ]
            values = " / ".join(f"{count:,}" if count else "-" for count in counts)
            results.append(Result("residues", values, "; ".join(notes)))
        return results

    def content(self) -> list[Section | Picture]:
        """Return the tables of the page, and the pictures after the first."""
        tables = [
            self._scores(), self._sizes(), self._island_counts(), self._islands(),
            self._reasons(), self._failures(),
        ]  # fmt: skip
        first, *others = [table for table in tables if table.rows]
        return [first, *self.pictures(), *others]

    def sections(self) -> list[Section]:
        """Return the numbers by category and level, then islands without a partner."""
        tables = [
            self._scores(), self._sizes(), self._island_counts(), self._lone_islands(),
            self._reasons(),
        ]  # fmt: skip
        return [section for section in tables if section.rows]

    def brief(self) -> list[Section]:
        """Return the same, and the inputs."""
        facts = [[LETTERS[role], described(self.settings[role])] for role in LETTERS]
        return [*self.sections(), Section("", (), facts)]

    def notes(self) -> tuple[str, ...]:
        """Return the notes, with the sides called A and B."""
        return tuple(in_words_of(LETTERS, note) for note in super().notes())

    @property
    def findings(self) -> tuple[str, ...]:
        """Messages that must not be missed."""
        return tuple(in_words_of(LETTERS, finding) for finding in super().findings)

    def terms(self) -> Mapping[str, str]:
        """Return definitions of columns."""
        evidence = self.evidence
        mass = LETTERS[evidence.rules.mass]
        return comparison_terms(evidence.rules.levels, mass, evidence.estimator.by)

    @cached_property
    def _names(self) -> dict[str, str]:
        """Short names of the inputs by role; empty for one that is no file."""
        sides = [side.source for side in self.evidence.sides]
        return dict(zip(LETTERS, names_of(*sides), strict=True))

    @property
    def _who(self) -> str:
        """Say which input is A and which is B."""
        named = [f"{LETTERS[role]} is {name}" for role, name in self._names.items() if name]
        return f"{'; '.join(named)}." if named else ""

    def _residues(self, role: str) -> int | None:
        counts = getattr(self.evidence, role).counts.values()
        return sum(count for count in counts if count is not None) or None

    def _mean_of(self, level: str) -> str:
        """Say of how many categories a number is the mean."""
        rows = [row for row in self.table_rows if row["level"] == level]
        known = [row["category"] for row in rows if not math.isnan(row["area_a"])]
        if len(rows) == 1:
            return f"category {rows[0]['category']}"
        return f"mean of {len(known)} of {len(rows)} categories"

    def _failed(self) -> list[tuple[str, str, str]]:
        """Return letter, file and reason of inputs that could not be read."""
        return [
            (LETTERS[role], failure["source"], failure["reason"])
            for role in LETTERS
            for failure in self.settings[role].get("failures", ())
        ]

    def _scores(self) -> Section:
        distance = [] if self.evidence.rules.tolerance is None else ["Hausdorff, deg"]
        columns = ["category", "level", *_SCORES.values(), *distance]
        cells = []
        for row in self._defined_rows():
            line = [row["category"], row["level"]]
            for name in _SCORES:
                line.append(
                    _text(row[name]) + _ends(row.get(f"{name}_low"), row.get(f"{name}_high"))
                )
            cells.append([*line, *[_text(row["hausdorff"], 2)] * len(distance)])
        if len({row[0] for row in cells}) > 1:
            cells += [
                self._mean(level.name)[: len(columns)] for level in self.evidence.rules.levels
            ]
        title = "Agreement of regions"
        if self.intervals:
            title += f", with {level_text(self.intervals[0].level)}s"
        return Section(title, columns, cells, note=self._who)

    def _mean(self, level: str) -> list[str]:
        """Return the row of the means over categories."""
        means = {n.metric: n for n in self.numbers if n.where == {"level": level}}
        line = ["mean", level]
        for name in _SCORES:
            ends = means[name].interval
            low, high = (None, None) if ends is None else (ends.low, ends.high)
            line.append(_text(means[name].value) + _ends(low, high))
        return [*line, _text(means["hausdorff"].value, 2)]

    def _sizes(self) -> Section:
        columns = [
            "category", "level", "A, deg2", "B, deg2", "shared, deg2", "covered A", "covered B",
            "mass only A", "mass only B", "residues",
        ]  # fmt: skip
        cells = []
        for row in self._defined_rows():
            line = [row["category"], row["level"]]
            line += [_text(row[name], 1) for name in ("area_a", "area_b", "intersection")]
            line += [_text(row[name]) for name in ("covered_a", "covered_b")]
            line += [_text(row[name]) for name in ("mass_a_only", "mass_b_only")]
            counts = [row["residues_a"], row["residues_b"]]
            line.append(" / ".join("-" if count is None else f"{count:,}" for count in counts))
            cells.append(line)
        return Section("Sizes, A / B", columns, cells, note=self._who)

    def _island_counts(self) -> Section:
        kinds = ("matched", "missing", "spurious", "merged", "split")
        cells = [
            [
                row["category"],
                row["level"],
                f"{row['islands_a']:.0f} / {row['islands_b']:.0f}",
                *(f"{row[kind]:.0f}" for kind in kinds),
            ]
            for row in self._defined_rows()
        ]
        columns = ["category", "level", "islands", *kinds]
        return Section("Numbers of islands, A / B", columns, cells, note=self._who)

    def _defined_rows(self) -> list[dict[str, Any]]:
        """Return the rows with numbers; of the others, a remark says why they have none."""
        return [row for row in self.table_rows if not math.isnan(row["area_a"])]

    def _islands(self) -> Section:
        """Return all islands, alone or in pairs."""
        columns = [
            "category", "level", "island", "where", "phi", "psi", "A, deg2", "B, deg2", "IoU",
            "covered A", "covered B", "mass A", "mass B",
        ]  # fmt: skip
        cells, links = [], []
        islands = [island for entry in self.evidence.compared for island in entry.islands]
        for island in islands[:_MOST_ROWS]:
            line = [island.category, island.level, island.kind, island.abego]
            line += ["" if math.isnan(x) else f"{x:.0f}" for x in (island.phi, island.psi)]
            line += [_cell(x, 1) for x in (island.area_a, island.area_b)]
            line.append(_text(island.iou) if island.kind == "matched" else "")
            line += [_cell(x) for x in (island.covered_a, island.covered_b)]
            line += [_cell(x) for x in (island.mass_a, island.mass_b)]
            cells.append(line)
            links.append(f"category-{island.category}")
        title = "Islands: connected parts of the regions"
        if len(islands) > _MOST_ROWS:
            title += f" (the first {_MOST_ROWS:,} of {len(islands):,})"
        return Section(title, columns, cells, note=self._who, links=links)

    def _lone_islands(self) -> Section:
        """Return the islands without a partner, for the screen."""
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
        cells = [
            [category, ", ".join(names), in_words_of(LETTERS, why)]
            for (category, why), names in levels.items()
        ]
        return Section("Remarks", ("category", "level", "reason"), cells)

    def _failures(self) -> Section:
        failed = self._failed()
        title = "Files that could not be read"
        if len(failed) > _MOST_ROWS:
            title += f" (the first {_MOST_ROWS:,} of {len(failed):,})"
        rows = [[source, letter, reason] for letter, source, reason in failed[:_MOST_ROWS]]
        return Section(title, ("source", "input", "reason"), rows)

    def pictures(self) -> list[Picture]:
        """Return the regions of each category that was compared."""
        return [
            Picture(
                title=TITLES[name],
                draw=partial(self.draw, None, None, category=name),
                alt=self._seen(name),
                key=f"category-{name}",
            )
            for name in self._compared
        ]

    @property
    def _compared(self) -> dict[str, list[Compared]]:
        """Numbers by category, of those that have any."""
        defined: dict[str, list[Compared]] = {name: [] for name in self.evidence.found.counts}
        for one in self.evidence.compared:
            if not math.isnan(one.values["area_a"]):
                defined[one.category].append(one)
        return {name: entries for name, entries in defined.items() if entries}

    def _seen(self, category: str) -> str:
        """Describe the picture of a category."""
        first, *_ = self._compared[category]
        values = first.values
        text = (
            f"Regions of phi and psi, category {TITLES[category]}. {first.level}: A has "
            f"{values['area_a']:,.0f} and B {values['area_b']:,.0f} squared degrees, they share "
            f"{values['intersection']:,.0f}; IoU {_text(values['iou'], 3)}."
        )
        for name, kinds in (
            ("Both have", ("matched",)), ("only A has", ("spurious", "split")),
            ("only B has", ("missing", "merged")),
        ):  # fmt: skip
            places = [
                f"phi {island.phi:.0f}, psi {island.psi:.0f}"
                for island in first.islands
                if island.kind in kinds and not math.isnan(island.phi)
            ]
            if places:
                said = name if text.endswith(".") else name.lower()
                more = f" and {len(places) - _NAMED:,} more" if len(places) > _NAMED else ""
                said = said[0].upper() + said[1:]
                text += f" {said} an island at {'; '.join(places[:_NAMED])}{more}."
        return text

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
        heading = [titled(LETTERS[role], name) for role, name in self._names.items()]
        counts = [self._residues(role) for role in LETTERS]
        shown: dict[str, Any] = {
            "heading": [
                f"{name}, {number_of(count, 'residue')}" if count else name
                for name, count in zip(heading, counts, strict=True)
            ],
            "names": tuple(LETTERS.values()),
            "levels": [level.name for level in evidence.rules.levels],
            "dots": "residues of A",
        }
        compared = self._compared
        return draw_categories(
            {name: partial(self._panel, name, points) for name in compared},
            path, ax, category, **{**shown, **options},
        )  # fmt: skip

    def _panel(self, name: str, points: bool) -> RamachandranPanel:
        from overlap.plot.ramachandran import RamachandranPanel, dot_area

        evidence, entries = self.evidence, self._compared[name]
        counts = [side.counts[name] for side in evidence.sides]
        title = TITLES[name]
        if any(counts):
            words = [
                f"{letter} {count:,}"
                for letter, count in zip(LETTERS.values(), counts, strict=True)
                if count
            ]
            title += f": residues {', '.join(words)}"
        most = max(min(evidence.found.counts[one] or 0, _MOST_POINTS) for one in self._compared)
        return RamachandranPanel(
            title=title,
            found=_regions(evidence.found, name, evidence.rules.levels),
            truth=_regions(evidence.truth, name, evidence.rules.levels),
            points=_points(evidence.found, name) if points else None,
            note="IoU " + ", ".join(f"{one.values['iou']:.3f} ({one.level})" for one in entries),
            dot=dot_area(most),
        )


def _counted(entry: Mapping[str, Any]) -> str:
    """Write the number of residues of an input, and of its files and chains."""
    if "counted" not in entry:
        return ""
    text = f"{entry['counted']:,} of {number_of(entry['residues'], 'residue')}"
    counts = entry.get("counts", {})
    for key, noun in (("files", "file"), ("chains", "chain")):
        if key in counts:
            text += f", {number_of(counts[key], noun)}"
    return text


def _cell(value: float, digits: int = 4) -> str:
    """Write a value; of a side without the island there is none."""
    return "" if math.isnan(value) else _text(value, digits)


def _ends(low: float | None, high: float | None) -> str:
    """Write the interval behind a value; nothing without one."""
    span = span_text(low, high, _end)
    return f" ({span})" if span else ""


def _end(value: float) -> str:
    """Write an end of an interval."""
    return _text(value, 3)


def _text(value: float | None, digits: int = 4) -> str:
    """Write a value with as many digits as are read."""
    if value is None or math.isnan(value):
        return "undefined"
    return fixed_text(value, digits) if digits > 2 else f"{value:,.{digits}f}"


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
