"""Pictures of reports on conformations: a Ramachandran plot for each category."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from overlap.io.printable import number_of
from overlap.regions.polygons import Polygons

from .cutoffs import Level, read_levels
from .shapes import GridShape

if TYPE_CHECKING:
    from overlap.plot.ramachandran import RamachandranPanel

    from .classified import ClassifiedResidues
    from .evidence import ConformationEvidence
    from .sides import Side

__all__ = ["TITLES", "draw_regions", "draw_residues"]

#: What the categories are called on plots.
TITLES = {
    "general": "General",
    "glycine": "Glycine",
    "cispro": "cis-Proline",
    "transpro": "trans-Proline",
    "proline": "Proline",
    "prepro": "Before proline",
    "ileval": "Isoleucine, valine",
    "all": "All residues",
}
_MOST_POINTS = 4000  # more hide the regions


def draw_regions(
    evidence: ConformationEvidence,
    path: str | Path | None = None,
    ax: Any = None,
    *,
    category: str | None = None,
    points: bool = False,
) -> Any:
    """Draw the regions of both sides, category by category.

    Parameters
    ----------
    evidence : ConformationEvidence
    path : str or Path, optional
        File to write, all or nothing.
    ax : matplotlib.axes.Axes, optional
        Where to draw one category, and only it.
    category : str, optional
        Which; by default all, and the first on given axes.
    points : bool
        Draw the found residues too, a part of them where there are many.

    Returns
    -------
    matplotlib.axes.Axes or matplotlib.figure.Figure

    Raises
    ------
    ValueError
        No region of this category was compared.
    """
    levels = evidence.rules.levels
    drawn = {
        entry.category: entry for entry in reversed(evidence.compared) if not _undefined(entry)
    }
    names = [name for name in evidence.found.counts if name in drawn]

    def panel(name: str) -> RamachandranPanel:
        from overlap.plot.ramachandran import RamachandranPanel

        entry = drawn[name]
        return RamachandranPanel(
            title=TITLES[name],
            found=_regions(evidence.found, name, levels),
            truth=_regions(evidence.truth, name, levels),
            points=_points(evidence.found, name) if points else None,
            note=f"{entry.level} IoU {entry.values['iou']:.3f}",
        )

    titles = [level.name for level in levels]
    return _draw(names, panel, path, ax, category, names=("found", "truth"), levels=titles)


def draw_residues(
    evidence: ClassifiedResidues,
    path: str | Path | None = None,
    ax: Any = None,
    *,
    category: str | None = None,
) -> Any:
    """Draw residues over the favored and allowed regions of their category.

    Parameters
    ----------
    evidence : ClassifiedResidues
    path : str or Path, optional
        File to write, all or nothing.
    ax : matplotlib.axes.Axes, optional
        Where to draw one category, and only it.
    category : str, optional
        Which; by default all that have residues, and the first on given axes.

    Returns
    -------
    matplotlib.axes.Axes or matplotlib.figure.Figure

    Raises
    ------
    ValueError
        There are no residues of this category.
    """
    levels = read_levels(("favored", "allowed"), evidence.cutoffs)
    table = evidence.table

    def panel(name: str) -> RamachandranPanel:
        from overlap.plot.ramachandran import RamachandranPanel

        rows = np.flatnonzero(table.category == name)
        shape = GridShape(name, evidence.grids[name])
        counts = np.bincount(evidence.verdict[rows], minlength=3)
        return RamachandranPanel(
            title=TITLES[name],
            truth=Polygons.concat([shape.region(level) for level in levels]),
            points=np.stack([table.phi[rows], table.psi[rows]], axis=1),
            outliers=evidence.verdict[rows] == 0,
            labels=[
                f"{table.chain[i]} {table.seqid[i]}{table.icode[i]} {table.resname[i]}".strip()
                for i in rows.tolist()
            ],
            note=f"{counts[2]} favored, {counts[1]} allowed, {number_of(counts[0], 'outlier')}",
        )

    return _draw(
        list(evidence.categories), panel, path, ax, category,
        names=("residues", "library"), levels=("favored", "allowed"),
    )  # fmt: skip


def _undefined(entry: Any) -> bool:
    return entry.values["area_a"] != entry.values["area_a"]


def _regions(side: Side, category: str, levels: Sequence[Level]) -> Polygons:
    """Regions of all levels, the smaller first; one that is not there is empty."""
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


def _draw(
    categories: Sequence[str],
    panel: Callable[[str], RamachandranPanel],
    path: str | Path | None,
    ax: Any,
    category: str | None,
    **options: Any,
) -> Any:
    from overlap.plot.figures import figure_of, save
    from overlap.plot.ramachandran import draw_panel, draw_ramachandran

    if category is not None and category not in categories:
        raise ValueError(
            f"there is no picture of {category!r}; there are {', '.join(categories) or 'none'}"
        )
    if not categories:
        raise ValueError("there is nothing to draw: no category has regions on both sides")
    if ax is not None:
        draw_panel(panel(category or categories[0]), ax)
        save(figure_of(ax, "plot"), path)
        return ax
    chosen = categories if category is None else [category]
    return draw_ramachandran([panel(name) for name in chosen], path=path, **options)
