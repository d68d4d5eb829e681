"""What all pictures share: a figure, plain axes, saving."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from overlap.io.printable import printable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["caption", "figure_of", "legend_entry", "new_figure", "panel", "plain", "save"]


def caption(name: str, *, keep: str = "") -> str:
    r"""Return a name as the text of a picture: a dollar sign is one, and begins no formula.

    Parameters
    ----------
    name : str
    keep : str
        Of `overlap.io.printable`: a line break, in a title that may have several lines.

    Examples
    --------
    >>> print(caption("win $x_1$"))
    win \$x_1\$
    """
    return printable(name, keep=keep).replace("$", r"\$")


def legend_entry(name: str) -> str:
    """Return a name as an entry of a legend, which would leave out those that begin with ``_``.

    Parameters
    ----------
    name : str
    """
    text = caption(name)
    return f"\N{ZERO WIDTH SPACE}{text}" if text.startswith("_") else text


def new_figure(size: tuple[float, float]) -> Figure:
    """Return an empty figure.

    Parameters
    ----------
    size : tuple of float
        Width and height in inches.

    Raises
    ------
    ImportError
        matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError(
            "drawing needs matplotlib: pip install 'overlap-metrics[plot]'"
        ) from error
    return Figure(figsize=size, layout="constrained")


def panel(draw: Callable[[Axes], Any], height: float = 3.5, width: float = 4.6) -> Figure:
    """Draw on the only axes of a new figure, narrow enough to be read on a phone.

    Parameters
    ----------
    draw : callable
        Takes the axes. Their title is left out: it stands above the picture.
    height, width : float
        Size in inches.
    """
    figure = new_figure((width, height))
    axes = figure.subplots()
    draw(axes)
    for side in ("left", "center", "right"):
        axes.set_title("", loc=side)
    return figure


def figure_of(ax: Axes, caller: str) -> Figure:
    """Return the figure that axes belong to.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    caller : str
        Name for the message.

    Raises
    ------
    ValueError
        They belong to none.
    """
    figure = ax.get_figure(root=True)
    if figure is None:
        raise ValueError(f"{caller}: ax belongs to no figure; draw on axes that have one")
    return figure


def plain(ax: Axes) -> None:
    """Leave only the axes that carry numbers, and a faint grid."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(alpha=0.25, lw=0.6)
    ax.set_axisbelow(True)


def save(figure: Figure, path: str | Path | None) -> None:
    """Write a figure, all or nothing.

    Parameters
    ----------
    figure : Figure
    path : str or Path, optional
        The suffix is the format; nothing is written without it.
    """
    if path is not None:
        from overlap.io import atomic_path

        with atomic_path(path) as temporary:
            figure.savefig(temporary, dpi=150)
