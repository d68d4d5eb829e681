"""The result of an evaluation: numbers, their parts, and how they came about."""

from __future__ import annotations

import csv
import io
import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property, partial
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from numpy.typing import NDArray

from overlap._common.frames import frame, series
from overlap._common.values import ByValue
from overlap.io import write_text
from overlap.io._atomic import atomic_path
from overlap.io.name_match import closest

from .number_texts import interval_text, short_text
from .numbers import Interval, Number, summary_of
from .page import Page, Picture, Result, Section, title_of
from .recipe import Recipe

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Evidence", "Report", "csv_text", "json_text", "package_versions", "plain"]


class Evidence(Protocol):
    """Whatever a report keeps so that its numbers can be computed again."""

    @property
    def items(self) -> tuple[str, ...]:
        """Names of the items that can be drawn or left out."""

    def statistics(self, weights: NDArray[Any]) -> dict[str, NDArray[Any]]:
        """Every number of the summary for each row of `weights` (B, items)."""

    def columns(self) -> Mapping[str, Any]:
        """One entry per thing that was counted, by column."""


def _working_folder() -> str:
    try:
        return os.getcwd()
    except FileNotFoundError:  # somebody removed it
        return ""


def _seen_from(folder: str, path: str | Path) -> str:
    """Name a folder as it is seen from the folder of a file; on another drive, absolutely."""
    here = os.path.dirname(os.path.realpath(path))
    try:
        return Path(os.path.relpath(os.path.realpath(folder), here)).as_posix()
    except ValueError:
        return folder


@dataclass(frozen=True, eq=False)
class Report(ByValue):
    """Numbers of one evaluation.

    Reports are made by the functions of `overlap.evaluate`. Tables are pandas objects that
    are made when asked for; `summary_items` and `rows` give the same without pandas.

    Parameters
    ----------
    numbers : tuple of Number
        Numbers of the summary, with their places, intervals and ranges.
    table_rows : tuple of dict
        Rows of the table.
    settings : dict
        Everything that the numbers depend on.
    sentence : str
        The text of `methods`.
    evidence : Evidence
        What is needed to recompute the numbers.
    recipe : Recipe, optional
        What they were computed from, to compute them by other rules.
    """

    numbers: tuple[Number, ...]
    table_rows: tuple[dict[str, Any], ...]
    settings: dict[str, Any]
    sentence: str
    evidence: Evidence = field(repr=False)
    recipe: Recipe | None = field(default=None, repr=False, compare=False, kw_only=True)
    # from where relative names of inputs are meant
    _folder: str = field(init=False, repr=False, compare=False, default_factory=_working_folder)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.headline()}>"

    @cached_property
    def items(self) -> tuple[tuple[str, float], ...]:
        """Names and values of the summary: numbers, ends of intervals and ranges of ties."""
        return tuple(summary_of(self.numbers))

    @property
    def intervals(self) -> tuple[Interval, ...]:
        """Bootstrap intervals, if asked for."""
        return tuple(number.interval for number in self.numbers if number.interval is not None)

    def headline(self) -> str:
        """Return one line that says what came out."""
        said = f"{self.settings.get('evaluation', 'report')}:"
        return f"{said} {self.items[0][0]} {self.items[0][1]:.4g}" if self.items else said

    def kind(self) -> str:
        """Return the kind of evaluation, for the head of the page."""
        return str(self.settings.get("evaluation", "report")).capitalize()

    def title(self) -> str:
        """Return the names of both inputs."""
        return title_of(self.settings.get("found"), self.settings.get("truth"))

    def results(self) -> list[Result]:
        """Return the main numbers, for large type at the head of the page."""
        return [
            Result(number.name, short_text(number.value), interval_text(number.interval))
            for number in self.numbers[:1]
        ]

    def pictures(self) -> list[Picture]:
        """Return the pictures of the page."""
        from overlap.plot.figures import panel

        height = 1.0 + 0.3 * len(self.numbers)
        drawn = partial(panel, partial(self.draw, None), height)
        return [Picture("Numbers", drawn, f"Picture of the numbers: {self.headline()}")]

    def terms(self) -> Mapping[str, str]:
        """Return definitions of columns, metrics and other words of the page."""
        return {}

    def content(self) -> list[Section | Picture]:
        """Return the tables and pictures of the page: the first table, the pictures, the others."""
        sections = self.sections()
        return [*sections[:1], *self.pictures(), *sections[1:]]

    def sections(self) -> list[Section]:
        """Return the tables of the page, the most telling first."""
        rows = [[name, f"{value:.6g}"] for name, value in self.items]
        return [Section("Summary", ["", "value"], rows)]

    def brief(self) -> list[Section]:
        """Return the tables of the screen; one without columns is a list of facts."""
        return self.sections()

    def notes(self) -> Sequence[str]:
        """Return the notes that belong to the numbers, for the page."""
        return self.settings.get("notes", ())

    def remarks(self) -> Sequence[str]:
        """Return the notes that the screen shows below its tables."""
        return self.notes()

    def draw(self, path: str | Path | None, ax: Any, **options: Any) -> Any:
        """Draw the report; see `plot`."""
        from overlap.plot.numbers import draw_numbers

        ends = {one.name: (one.low, one.high) for one in self.intervals}
        values = {number.name: number.value for number in self.numbers}
        return draw_numbers(values, ends, path=path, ax=ax, **options)

    @cached_property
    def summary(self) -> pd.Series[float]:
        """The main numbers by name (pandas Series, float64)."""
        return series(dict(self.items))

    @cached_property
    def table(self) -> pd.DataFrame:
        """All numbers, one row per class, threshold and metric, with counts."""
        return frame(list(self.table_rows))

    @cached_property
    def matches(self) -> pd.DataFrame:
        """One row per thing that was counted, from which the numbers follow.

        In localization a prediction, with what it was matched to at each threshold; in
        segmentation a label of a case, with its voxels.
        """
        return frame(self.evidence.columns())

    @property
    def findings(self) -> tuple[str, ...]:
        """Messages that must not be missed, such as names that do not match.

        They are shown above everything else on the page, and last on the screen.
        """
        return tuple(self.settings.get("findings", ()))

    def summary_items(self) -> list[tuple[str, float]]:
        """Return the summary as pairs of name and number."""
        return list(self.items)

    def rows(self) -> list[dict[str, Any]]:
        """Return the rows of the table."""
        return [dict(row) for row in self.table_rows]

    def methods(self) -> str:
        """Return the sentence for a paper: rules, counts, versions and input digests."""
        return self.sentence

    def influence(self, metric: str | None = None) -> pd.DataFrame:
        """Name the items that move a number most.

        Parameters
        ----------
        metric : str, optional
            A name of the summary; by default its first.

        Returns
        -------
        pandas.DataFrame
            Columns ``item``, ``without`` (the number when the item is left out, its
            matches unchanged) and ``influence`` (the number minus that), largest first.

        Raises
        ------
        ValueError
            If there is no such number.
        """
        import numpy as np

        metric = self.items[0][0] if metric is None else metric
        count = len(self.evidence.items)
        blocks = np.array_split(np.arange(count), 1 + count // 256)
        parts = [self.evidence.statistics(_without(block, count)) for block in blocks]
        left_out = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        if metric not in left_out:
            raise ValueError(
                f"there is no metric {metric!r}{closest(metric, left_out)}; there are "
                f"{', '.join(left_out)}"
            )
        without = left_out[metric]
        change = dict(self.items)[metric] - without
        order = np.argsort(-np.nan_to_num(np.abs(change)), kind="stable")
        return frame(
            {
                "item": np.array(self.evidence.items, dtype=object)[order],
                "without": without[order],
                "influence": change[order],
            }
        )

    def to_dict(self) -> dict[str, Any]:
        """Return settings, summary and table as plain data; NaN becomes None."""
        return plain({"settings": self.settings, "summary": dict(self.items), "table": self.rows()})

    def to_json(self, path: str | Path | None = None) -> str:
        """Return the report as JSON; with `path`, write it there (whole or not at all).

        A file also has ``folder``: where the relative names of inputs in it are meant from, seen
        from the file. So the file can be moved together with its inputs.
        """
        if path is None:
            return json_text(self.to_dict(), None)
        return json_text({**self.to_dict(), "folder": _seen_from(self._folder, path)}, path)

    def to_csv(self, path: str | Path | None = None) -> str:
        """Return the table as CSV; with `path`, write it there (whole or not at all)."""
        return csv_text(self.table_rows, path)

    def to_parquet(self, path: str | Path) -> None:
        """Write the table as a Parquet file, whole or not at all.

        Settings and summary are in the metadata of the file, which `pandas.read_parquet` gives as
        ``attrs``.

        Raises
        ------
        ImportError
            pyarrow is not installed.
        """
        if find_spec("pyarrow") is None:
            raise ImportError("Parquet files need pyarrow: pip install 'overlap-metrics[report]'")
        table = self.table.copy()
        table.attrs = {key: entry for key, entry in self.to_dict().items() if key != "table"}
        with atomic_path(path) as temporary:
            table.to_parquet(temporary, engine="pyarrow", index=False)

    def to_html(self, path: str | Path | None = None) -> str:
        """Return the report as one HTML page with its pictures; with `path`, write it there.

        Raises
        ------
        ImportError
            jinja2 is not installed.
        """
        return self._page_of(self.content(), path)

    def _page_of(self, content: Sequence[Section | Picture], path: str | Path | None) -> str:
        """Return the page with these tables and pictures; with `path`, write it there."""
        text = Page(
            kind=self.kind(),
            title=self.title(),
            headline=self.headline(),
            results=self.results(),
            findings=self.findings,
            content=content,
            notes=self.notes(),
            methods=self.methods(),
            terms=self.terms(),
            rows=self.rows(),
            settings=self.to_dict()["settings"],
        ).html()
        if path is not None:
            write_text(path, text)
        return text

    def plot(self, path: str | Path | None = None, ax: Any = None, **options: Any) -> Any:
        """Draw the report.

        Parameters
        ----------
        path : str or Path, optional
            File to write, all or nothing; the suffix is the format.
        ax : matplotlib.axes.Axes, optional
            Where to draw the main panel, and only it; by default a new figure with all.
        **options
            Of `overlap.plot.draw_report` (localization) or `overlap.plot.draw_values`
            (segmentation).

        Returns
        -------
        matplotlib.axes.Axes or matplotlib.figure.Figure
            `ax` if it was given, else the figure.
        """
        return self.draw(path, ax, **options)


def json_text(content: dict[str, Any], path: str | Path | None) -> str:
    """Return plain data as JSON; with `path`, write it there (whole or not at all).

    Parameters
    ----------
    content : dict
        Without NaN and NumPy values.
    path : str or Path, optional
    """
    text = json.dumps(content, indent=1, allow_nan=False) + "\n"
    if path is not None:
        write_text(path, text)
    return text


def csv_text(rows: Sequence[dict[str, Any]], path: str | Path | None) -> str:
    """Return rows as CSV; with `path`, write it there (whole or not at all).

    Parameters
    ----------
    rows : sequence of dict
        Columns are all names that occur, in the order of their first rows. A text that a
        spreadsheet would run as a formula (``=cmd``) gets an apostrophe in front.
    path : str or Path, optional
    """
    stream = io.StringIO()
    names = list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.DictWriter(stream, names, lineterminator="\n", restval="")
    writer.writerow({name: _no_formula(name) for name in names})
    for row in plain(list(rows)):
        writer.writerow({name: _no_formula(value) for name, value in row.items()})
    if path is not None:
        write_text(path, stream.getvalue())
    return stream.getvalue()


def _no_formula(value: Any) -> Any:
    """Put an apostrophe before a text that spreadsheets would run as a formula."""
    if not isinstance(value, str) or value[:1] not in ("=", "+", "-", "@", "\t", "\r"):
        return value
    try:
        float(value)  # a name such as -1 is a number, and harmless
    except ValueError:
        return f"'{value}"
    return value


def package_versions() -> dict[str, str]:
    """Return the versions of the packages that numbers depend on, for the settings."""
    return {package: _version(package) for package in ("overlap-metrics", "numpy", "numba")}


@cache  # reading it takes as long as scoring a small data set
def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "unknown"


def _without(rows: NDArray, count: int) -> NDArray:
    """Weights that leave out one item each."""
    import numpy as np

    weights = np.ones((len(rows), count))
    weights[np.arange(len(rows)), rows] = 0.0
    return weights


def plain(value: Any) -> Any:
    """Make a value JSON: no NaN, no NumPy, no tuples.

    Parameters
    ----------
    value : Any
    """
    if isinstance(value, dict):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [plain(entry) for entry in value]
    if hasattr(value, "item") and callable(value.item):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
