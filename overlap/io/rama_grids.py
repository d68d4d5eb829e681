"""Ramachandran grids, as MolProbity and cctbx keep them in their reference data.

Two layouts are read, plain or gzipped. ``rama8000-*.data`` has a header with the axes and lines of
phi, psi and value; the value is the fraction of reference residues at this density or below it, and
lines with the value 0 are left out. ``*.rama.combined.data`` has no header and lines of value, phi
and psi, of a smooth score that is no fraction. ``rama500-*.data`` and ``pref_*.data`` are as
the first, for four categories instead of six.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from overlap._common.limits import MOST_NODES
from overlap._common.values import ByValue, ReadOnly
from overlap.io._source import Source, read_source
from overlap.io.boundary import reads_file
from overlap.io.printable import brief
from overlap.io.residue_categories import (
    ALLOWED_CUTOFFS,
    CATEGORIES,
    EVERYTHING,
    FOUR_CATEGORIES,
    as_category,
)
from overlap.torus import PeriodicGrid

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["RamaGrids", "read_rama_grids"]

_FOLDER = re.compile(r"(?:rama\d+-|pref_)([a-z]+)[-a-z]*\.data(\.gz)?", re.IGNORECASE)
_FILE = re.compile(
    r"(?:rama\d+-|pref_)?([a-z]+)(?:-[a-z]+)*(\.rama\.combined)?\.data", re.IGNORECASE
)
_FOUR = re.compile(r"rama500-|pref_", re.IGNORECASE)  # begins the names of four categories
_AXIS = re.compile(r"#\s*x(\d+):\s*(\S+)\s+(\S+)\s+(\d+)\s+(true|false)\s*", re.IGNORECASE)
#: Categories that a grid of the combined layout is for, by the name of the file.
_BROADER = {"ala": "general", "pro": "transpro"}
_LEAST_TOP = 0.5  # of ranks: that of the node with the highest density is nearly 1
_ROUNDED = 1e-3  # of a step: coordinates are printed with few digits


@dataclass(frozen=True, eq=False)
class RamaGrids(ByValue):
    """Grids by category of residue, and where they come from.

    Attributes
    ----------
    grids : mapping of str to PeriodicGrid
        In the order of `overlap.io.residue_categories.ALLOWED_CUTOFFS`.
    files : mapping of str to str
        Path of each category's file.
    titles : mapping of str to str
        Title of the table in each header; empty without one.
    digests : mapping of str to str
        SHA-256 of each file as stored.
    ignored : tuple of str
        Names in the folder that were not read.
    """

    grids: Mapping[str, PeriodicGrid]
    files: Mapping[str, str]
    titles: Mapping[str, str]
    digests: Mapping[str, str]
    ignored: tuple[str, ...]

    @property
    def four(self) -> bool:
        """Whether there are four categories, where general holds isoleucine and valine.

        Told by a grid of all prolines, or by the names of files.
        """
        names = [Path(file).name for file in self.files.values()]
        return "proline" in self.grids or any(map(_FOUR.match, names))

    @property
    def missing(self) -> tuple[str, ...]:
        """The categories without a grid."""
        known = FOUR_CATEGORIES if self.four else CATEGORIES
        return tuple(name for name in known if name not in self.grids)

    def __post_init__(self) -> None:
        known = {*FOUR_CATEGORIES, EVERYTHING}
        other = [name for name in self.grids if name not in known]
        if self.four and other:
            raise ValueError(
                f"the grids are of four categories ({', '.join(FOUR_CATEGORIES)}), and of six: "
                f"{', '.join(other)}; give those of one library"
            )


@reads_file
def read_rama_grids(
    path: str | os.PathLike,
    *,
    category: str | None = None,
    quantity: Literal["rank", "density", "other"] | None = None,
) -> RamaGrids:
    r"""Read a grid, or all grids of a folder.

    Parameters
    ----------
    path : path-like
        A file, plain or gzipped; or a folder, whose files ``rama8000-*.data``,
        ``rama500-*.data`` or ``pref_*.data`` (or these with ``.gz``) are read and the others are
        listed in `RamaGrids.ignored`.
    category : str, optional
        Category of residues of a file; by default it is told by the name.
    quantity : {"rank", "density", "other"}, optional
        Meaning of the values (see `overlap.PeriodicGrid`). By default ranks where all of them are
        in [0, 1], and otherwise ``"other"``. Ranks of which the highest is far from 1 are an error.

    Returns
    -------
    RamaGrids
        With one grid for a file, and up to six for a folder.

    Raises
    ------
    OSError
        The file is missing or unreadable.
    ValueError
        No grid in the folder, or two of one category; a category that is not known or cannot be
        told; a line that is not three numbers, is off the nodes, is there twice, or has a value
        that the quantity cannot have; an axis that is not periodic. The message names the line.

    Notes
    -----
    Nodes without a line are 0. The header's bounds are the edges of cells, and values are at the
    middles of cells: -179, -177 and so on. Without a header, the step is the least difference of
    coordinates, and it has to divide 360.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from overlap.io import read_rama_grids
    >>> text = "# x1: -180 180 4 true\n# x2: -180 180 4 true\n-45 -45 1.0\n-45 45 0.25\n"
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "rama8000-cispro.data"
    ...     _ = path.write_text(text)
    ...     library = read_rama_grids(path)
    >>> library.grids["cispro"].values[1].tolist()
    [0.0, 1.0, 0.25, 0.0]
    >>> library.missing
    ('general', 'glycine', 'transpro', 'prepro', 'ileval')
    """
    place = Path(path)
    if not place.is_dir():
        source = read_source(place)
        return _library({_category_of(source, category): source}, quantity, ())
    if category is not None:
        raise ValueError(f"{path}: is a folder; category = {category!r} is for one file")
    sources: dict[str, Source] = {}
    ignored = []
    for entry in sorted(place.iterdir()):
        match = _FOLDER.fullmatch(entry.name)
        if match is None or entry.is_dir():
            ignored.append(entry.name)
            continue
        source = read_source(entry)
        name = _category_of(source, None)
        if name in sources:
            raise ValueError(
                f"{source.name}: {sources[name].name} is another grid of the category {name}; "
                "keep one of them"
            )
        sources[name] = source
    if not sources:
        names = ", ".join(ignored[:4]) + (", ..." if len(ignored) > 4 else "")
        raise ValueError(
            f"{path}: holds no file rama8000-*.data, rama500-*.data or pref_*.data "
            f"({names or 'empty'}); give such a folder, or one file"
        )
    return _library(sources, quantity, tuple(ignored))


def _category_of(source: Source, category: str | None) -> str:
    if category is not None:
        return as_category(category)
    name = Path(source.name).name
    name = name[:-3] if name.lower().endswith(".gz") else name
    match = _FILE.fullmatch(name)
    if match is None:
        raise ValueError(
            f"{source.name}: its name does not tell a category, as rama8000-cispro.data does; "
            "say category="
        )
    word = match[1].lower()
    try:
        return as_category(_BROADER.get(word, word) if match[2] else word)
    except ValueError as error:
        raise ValueError(f"{source.name}: {error}") from None


def _library(
    sources: Mapping[str, Source], quantity: str | None, ignored: tuple[str, ...]
) -> RamaGrids:
    grids, titles = {}, {}
    order = [*ALLOWED_CUTOFFS, *sources]
    for name in sorted(sources, key=order.index):
        grids[name], titles[name] = _read(sources[name], quantity)
    return RamaGrids(
        ReadOnly(grids),
        ReadOnly({name: sources[name].name for name in grids}),
        ReadOnly(titles),
        ReadOnly({name: sources[name].sha256 for name in grids}),
        ignored,
    )


@dataclass(frozen=True)
class _Lines:
    """Lines of a file: a header, and three numbers on each other line."""

    name: str
    lines: list[str]

    @property
    def header(self) -> list[str]:
        return [line for line in self.lines[:50] if line.lstrip().startswith("#")]

    def numbered(self) -> list[tuple[int, list[str]]]:
        """Return the cells of all lines that have some, with the number of the line."""
        cells = ((k, line.partition("#")[0].split()) for k, line in enumerate(self.lines, 1))
        return [(k, row) for k, row in cells if row]

    def table(self) -> NDArray[np.float64]:
        """Return all numbers, shape (N, 3), or say which line has something else."""
        rows = [line for line in self.lines if line and line[0] != "#"]
        try:
            text = " ".join(rows)
            cells = np.array(list(map(float, [] if "_" in text else text.split())))
            if len(cells) and len(cells) == 3 * len(rows):
                return cells.reshape(-1, 3)
        except ValueError:
            pass
        found = self.numbered()
        if not found:
            raise ValueError(f"{self.name}: holds no lines of phi, psi and value")
        self.check_cells()
        return np.array([[float(cell) for cell in row] for _, row in found])

    def check_cells(self) -> None:
        for k, row in self.numbered():
            try:
                good = len([float(cell) for cell in row if "_" not in cell]) == 3 == len(row)
            except ValueError:
                good = False
            if not good:
                text = brief(self.lines[k - 1].strip())
                raise ValueError(f"{self.name}, line {k}: {text} is not three numbers")

    def refuse(self, bad: NDArray[np.bool_], what: Callable[[int], str]) -> None:
        """Raise an error about the first bad row, if there is one."""
        if bad.any():
            self.check_cells()  # numbers that only together make up whole rows
            row = int(np.argmax(bad))
            raise ValueError(f"{self.name}, line {self.line_of(row)}: {what(row)}")

    def line_of(self, row: int) -> int:
        return self.numbered()[row][0]


def _read(source: Source, quantity: str | None) -> tuple[PeriodicGrid, str]:
    """Return the grid of a file and its title."""
    try:
        lines = _Lines(source.name, source.data.decode("ascii").splitlines())
    except UnicodeDecodeError:
        raise ValueError(f"{source.name}: is not a text file; give a .data file") from None
    table = lines.table()
    axes, places, values = _axes_and_columns(lines, table)
    kind = quantity or ("rank" if values.min() >= 0.0 and values.max() <= 1.0 else "other")
    lowest, highest, wanted = {
        "rank": (0.0, 1.0, "in [0, 1], as a rank has to be"),
        "density": (0.0, np.inf, "a finite number >= 0, as a density has to be"),
    }.get(kind, (-np.inf, np.inf, "a finite number"))
    lines.refuse(
        ~(np.isfinite(values) & (values >= lowest) & (values <= highest)),
        lambda row: f"the value {values[row]:g} is not {wanted}",
    )
    if kind == "rank" and quantity is None and values.max() < _LEAST_TOP:
        raise ValueError(
            f"{source.name}: its highest value is {values.max():g}, and the highest rank of a "
            "table is 1; give the whole table, or in Python say quantity='density' if these are "
            "densities"
        )
    if axes[0].nodes * axes[1].nodes > MOST_NODES:
        raise ValueError(
            f"{source.name}: is a grid of {axes[0].nodes:,} x {axes[1].nodes:,} nodes, at most "
            f"{MOST_NODES:,} in all are read; give one with larger steps"
        )
    node = _nodes(lines, axes, places)
    shape = axes[0].nodes, axes[1].nodes
    if kind == "other" and len(node) < shape[0] * shape[1]:
        raise ValueError(
            f"{source.name}: has {len(node)} of {shape[0] * shape[1]} nodes; only grids of ranks "
            "or densities may leave out lines, which are 0"
        )
    grid = np.zeros(shape)
    grid.ravel()[node] = values
    result = PeriodicGrid(
        grid,
        origin=[axis.lower + 0.5 * axis.step for axis in axes],
        quantity=kind,  # type: ignore[arg-type]
    )
    return result, _title(lines.header)


class _Axis(NamedTuple):
    """Nodes of an axis: lower edge of the first cell, distance and number."""

    lower: float
    step: float
    nodes: int


def _axes_and_columns(
    lines: _Lines, table: NDArray[np.float64]
) -> tuple[list[_Axis], NDArray[np.float64], NDArray[np.float64]]:
    """Return the axes, the columns of phi and psi, and that of the values."""
    axes = _axes_of_header(lines.name, lines.header)
    if axes is not None:
        return axes, table[:, :2], table[:, 2]
    readings = []
    for first in (0, 1):
        found = _axes_of(table[:, first : first + 2])
        if found is not None:
            readings.append((found[0].nodes * found[1].nodes, first, found))
    if not readings:
        raise ValueError(
            f"{lines.name}: neither the first nor the last two columns are nodes of a grid with a "
            "step that divides 360; wanted phi, psi, value or value, phi, psi"
        )
    # Values with few digits look like nodes of a very fine grid.
    _, first, axes = min(readings)
    return axes, table[:, first : first + 2], table[:, 2 - 2 * first]


def _nodes(lines: _Lines, axes: list[_Axis], places: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return the flat index of every row's node, or say which row has none of its own."""
    nodes = np.empty(places.shape, np.intp)
    for k, (name, axis) in enumerate(zip(("phi", "psi"), axes, strict=True)):
        first = axis.lower + 0.5 * axis.step
        steps = (places[:, k] - first) / axis.step
        known = abs(steps) < 2.0 * axis.nodes  # not NaN, and no overflow
        nodes[:, k] = np.rint(np.where(known, steps, 0.0))
        inside = known & (nodes[:, k] >= 0) & (nodes[:, k] < axis.nodes)
        lines.refuse(
            ~(inside & (abs(steps - nodes[:, k]) < _ROUNDED)),
            lambda row, k=k, name=name, axis=axis, first=first: (  # type: ignore[misc]
                f"{name} = {places[row, k]:g} is none of the {axis.nodes} nodes {first:g}, "
                f"{first + axis.step:g} ... {first + 360.0 - axis.step:g}"
            ),
        )
    flat = nodes[:, 0] * axes[1].nodes + nodes[:, 1]
    _, first_rows, which = np.unique(flat, return_index=True, return_inverse=True)
    lines.refuse(
        first_rows[which] != np.arange(len(flat)),
        lambda row: (
            f"phi = {places[row, 0]:g}, psi = {places[row, 1]:g} is there a second time, after "
            f"line {lines.line_of(int(first_rows[which[row]]))}"
        ),
    )
    return flat


def _axes_of_header(name: str, header: list[str]) -> list[_Axis] | None:
    """Return lower bound, step and number of nodes per axis, or None without a header."""
    found: dict[str, _Axis] = {}
    for line in header:
        match = _AXIS.fullmatch(line.strip())
        if match is None:
            continue
        try:
            lower, upper, count = float(match[2]), float(match[3]), int(match[4])
        except ValueError:
            raise ValueError(f"{name}: its header says {brief(line.strip())}") from None
        if match[5].lower() != "true":
            raise ValueError(f"{name}: its header says that x{match[1]} does not wrap; angles do")
        if not 2 <= count <= MOST_NODES or not abs(upper - lower - 360.0) < 1e-6:
            raise ValueError(
                f"{name}: its header says {brief(line.strip())}; wanted a range of 360 degrees in "
                f"2 to {MOST_NODES:,} bins"
            )
        found[match[1]] = _Axis(lower, (upper - lower) / count, count)
    if not found:
        return None
    if sorted(found) != ["1", "2"]:
        raise ValueError(
            f"{name}: its header has the axes {sorted(found)}; wanted 1 and 2, phi and psi"
        )
    return [found["1"], found["2"]]


def _axes_of(coordinates: NDArray[np.float64]) -> list[_Axis] | None:
    """Return lower bound, step and number of nodes per axis, or None for other columns."""
    axes = []
    for values in coordinates.T:
        places = np.unique(values)
        if len(places) < 2 or not (np.abs(places) < 1e6).all():
            return None
        step = float(np.diff(places).min())
        if step < 360.0 / MOST_NODES * (1 - 1e-9):
            return None
        count = round(360.0 / step)
        offsets = (places - places[0]) / step
        if abs(count * step - 360.0) > 1e-6 or abs(offsets - np.rint(offsets)).max() > _ROUNDED:
            return None
        lower = (places[0] + 180.0) % step - 180.0 - 0.5 * step
        lower += step if lower < -180.0 - 1e-9 else 0.0
        if round(offsets[-1]) >= count or places[0] < lower:
            return None
        axes.append(_Axis(float(lower), 360.0 / count, count))
    return axes


def _title(header: list[str]) -> str:
    for line in header:
        before, colon, title = line.partition("description:")
        if colon and "name" in before:
            return title.strip().strip('"')
    return ""
