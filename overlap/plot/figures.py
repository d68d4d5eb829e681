"""What all pictures share: a frame to draw in, plain axes, saving."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from overlap.io.printable import printable, width

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "Frame",
    "caption",
    "figure_of",
    "frame_of",
    "legend_entry",
    "new_figure",
    "panel",
    "plain",
    "save",
    "short_caption",
]

_SMALLEST = 10.0  # points of a text, which are 11 px on a phone
_LONGEST = 28  # columns of a name beside an axis


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


def short_caption(name: str) -> str:
    """Return a name as the text of a picture; of a long one, the middle is left out.

    Parameters
    ----------
    name : str

    Examples
    --------
    >>> short_caption("left atrium"), short_caption("posterior wall of the left ventricle")
    ('left atrium', 'posterior wall…left ventricle')
    """
    text = printable(name)
    if width(text) > _LONGEST:
        half = _LONGEST // 2
        text = f"{_upto(text, half)}\N{HORIZONTAL ELLIPSIS}{_upto(text[::-1], half)[::-1]}"
    return caption(text)


def _upto(text: str, columns: int) -> str:
    """Return as much of the beginning of a text as stands in so many columns."""
    while width(text) > columns:
        text = text[: min(len(text) - 1, columns)]
    return text


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

    No text is smaller than 10 points.

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
    _enlarge(figure)
    _make_room(figure, axes)
    return figure


def _enlarge(figure: Figure) -> None:
    """Give small texts the size that can be read."""
    from matplotlib.text import Text

    for text in figure.findobj(Text):
        if isinstance(text, Text):
            text.set_fontsize(max(text.get_fontsize(), _SMALLEST))


def _make_room(figure: Figure, axes: Axes) -> None:
    """Lay a figure out for names in wide letters, which matplotlib's font does not have.

    The page shows them in a font of the reader, about as wide as they are high. So is a W.
    """
    for axis in (axes.xaxis, axes.yaxis):
        names = [text.get_text() for text in axis.get_ticklabels()]
        wide = ["".join("W" * (width(letter) - 1) or letter for letter in name) for name in names]
        if wide != names:
            axis.set_ticklabels(wide)
            figure.draw_without_rendering()
            figure.set_layout_engine("none")
            axis.set_ticklabels(names)


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


@dataclass(frozen=True)
class Frame:
    """The only axes that a picture is drawn on.

    Attributes
    ----------
    axes : matplotlib.axes.Axes
    figure : matplotlib.figure.Figure
        Theirs.
    is_new : bool
        Whether both were made for the picture.
    """

    axes: Axes
    figure: Figure
    is_new: bool

    def saved(self, path: str | Path | None) -> Axes | Figure:
        """Write the figure, and return what the caller gets: a new figure, or the given axes.

        Parameters
        ----------
        path : str or Path, optional
            The suffix is the format; nothing is written without it.
        """
        save(self.figure, path)
        return self.figure if self.is_new else self.axes


def frame_of(ax: Axes | None, size: tuple[float, float], caller: str) -> Frame:
    """Return axes to draw on: those that are given, or those of a new figure.

    Parameters
    ----------
    ax : matplotlib.axes.Axes, optional
    size : tuple of float
        Width and height of a new figure, in inches.
    caller : str
        Name for the message.

    Raises
    ------
    ImportError
        matplotlib is not installed.
    ValueError
        `ax` belongs to no figure.
    """
    if ax is not None:
        return Frame(ax, figure_of(ax, caller), is_new=False)
    figure = new_figure(size)
    return Frame(figure.subplots(), figure, is_new=True)


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
