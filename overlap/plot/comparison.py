"""Pictures of comparisons: the podium, how stable ranks are, and who beats whom."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from overlap.plot.figures import caption, legend_entry, new_figure, plain, save, short_caption

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "draw_beats",
    "draw_comparison",
    "draw_podium",
    "draw_ranking",
    "draw_stability",
]

_GRAY = "#444444"


class _Scores(Protocol):
    """Values of reports by label and case."""

    @property
    def names(self) -> tuple[str, ...]: ...

    @property
    def values(self) -> NDArray[np.float64]: ...

    @property
    def higher_is_better(self) -> bool: ...


class _Compared(Protocol):
    """Rows of reports, of pairs of them and of ranks in draws, the best report first."""

    @property
    def metric(self) -> str: ...

    @property
    def settings(self) -> dict[str, Any]: ...

    @property
    def table_rows(self) -> Sequence[dict[str, Any]]: ...

    @property
    def pair_rows(self) -> Sequence[dict[str, Any]]: ...

    @property
    def stability_rows(self) -> Sequence[dict[str, Any]]: ...

    @property
    def agreement_rows(self) -> Sequence[dict[str, Any]]: ...

    @property
    def scores(self) -> _Scores | None: ...

    def beats(self) -> Any: ...


def draw_comparison(comparison: _Compared, *, path: str | Path | None = None) -> Figure:
    """Draw all that the comparison has.

    Parameters
    ----------
    comparison : Comparison
        Result of `overlap.evaluate.compare`.
    path : str or Path, optional
        File to write, all or nothing; the suffix is the format.

    Returns
    -------
    matplotlib.figure.Figure
        With numbers per case: the podium on the left, the stability of ranks and the
        significant differences on the right. Without: the stability alone.

    Raises
    ------
    ImportError
        matplotlib is not installed.
    ValueError
        `path` has no known suffix.
    """
    count = len(comparison.table_rows)
    side = max(3.2, 0.45 * count + 1.8)
    if comparison.scores is None:
        figure = new_figure((side + 1.6, side))
        draw_stability(comparison, figure.subplots())
    else:
        tested = "significant" in comparison.pair_rows[0]
        figure = new_figure((max(6.4, 1.5 * count + 2.4) + side, (2 if tested else 1.4) * side))
        grid = figure.add_gridspec(1, 2, width_ratios=(max(6.4, 1.5 * count + 2.4), side))
        left = grid[0].subgridspec(2, 1, height_ratios=(1.0, 0.32), hspace=0.02)
        draw_podium(comparison, figure.add_subplot(left[0]), bars=figure.add_subplot(left[1]))
        right = grid[1].subgridspec(2 if tested else 1, 1)
        draw_stability(comparison, figure.add_subplot(right[0]))
        if tested:
            draw_beats(comparison, figure.add_subplot(right[1]))
    save(figure, path)
    return figure


def draw_ranking(comparison: _Compared, ax: Axes) -> None:
    """Draw the number of each report with its interval, the best on top.

    Parameters
    ----------
    comparison : Comparison
        Result of `overlap.evaluate.compare`.
    ax : matplotlib.axes.Axes
        Where to draw.
    """
    rows = comparison.table_rows
    places = np.arange(len(rows))
    percent = comparison.settings.get("unit", "") in ("", "1")
    scale = 100.0 if percent else 1.0
    colors = _colors(len(rows))
    for place, row, color in zip(places, rows, colors, strict=True):
        ax.hlines(place, scale * row["low"], scale * row["high"], color=color, lw=2.5, alpha=0.5)
        ax.plot([scale * row[comparison.metric]], [place], "o", color=color, ms=7)
    ax.set_yticks(places, [short_caption(row["name"]) for row in rows], fontsize="small")
    ax.set_ylim(len(rows) - 0.5, -0.5)
    ax.set_xlabel(_metric_words(comparison) + (", %" if percent else ""))
    plain(ax)


def draw_podium(comparison: _Compared, ax: Axes, *, bars: Axes | None = None) -> None:
    """Draw the value of each report in each case at the place that it took there.

    Parameters
    ----------
    comparison : Comparison
        With numbers per case.
    ax : matplotlib.axes.Axes
        For the dots, one per report, case and label; those of one case are joined.
    bars : matplotlib.axes.Axes, optional
        For how often each report took each place.

    Notes
    -----
    Inside a place, reports stand in the order of the table. Equal ones share the better
    place, so that nobody may be at the next. Cases that some report leaves undefined are not
    drawn (Eugster et al., Technical Report 30, LMU Munich, 2008).
    """
    names = [row["name"] for row in comparison.table_rows]
    values, places = _cells(comparison)
    colors = _colors(len(names))
    count = len(names)
    offset = (np.arange(count) + 0.5) / (count + 0.6) + 0.3 / (count + 0.6)
    x = places + offset[:, None]
    turn = np.argsort(x, axis=0)
    ax.plot(
        np.take_along_axis(x, turn, axis=0),
        np.take_along_axis(values, turn, axis=0),
        color=_GRAY,
        lw=0.6,
        alpha=float(np.clip(20 / max(values.shape[1], 1), 0.04, 0.35)),
        zorder=1,
    )
    for k, name in enumerate(names):
        ax.plot(x[k], values[k], "o", ms=4, mew=0, color=colors[k], alpha=0.8, zorder=2,
                label=legend_entry(name))  # fmt: skip
    ax.set_ylabel(_metric_words(comparison))
    ax.set_xlim(0, count)
    ax.set_xticks(np.arange(count + 1), [""] * (count + 1))
    ax.legend(
        fontsize="small",
        ncols=min(count, 6),
        loc="lower center",
        bbox_to_anchor=(0.5, 1.0),
        frameon=False,
        handletextpad=0.1,
    )
    labels = comparison.settings["labels"]
    of = f"{len(labels)} labels" if len(labels) > 1 else caption(labels[0])
    cases = comparison.settings["items"]
    title = f"{cases} cases, {of}: the value of each report at the place that it took"
    ax.set_title(title, fontsize="medium", pad=22 + 14 * ((count - 1) // 6))
    lowest = ax if bars is None else bars
    if bars is not None:
        for k in range(count):
            share = [(places[k] == place).sum() for place in range(count)]
            bars.bar(
                np.arange(count) + offset[k], share, width=0.92 / (count + 0.6), color=colors[k]
            )
        bars.set_ylabel("times")
        bars.set_xlim(0, count)
        bars.yaxis.get_major_locator().set_params(integer=True)  # type: ignore[call-arg]
        _upright(bars)
        bars.set_xticks(np.arange(count + 1), [""] * (count + 1))
    lowest.set_xticks(np.arange(count) + 0.5, [f"{k + 1}." for k in range(count)], minor=True)
    lowest.tick_params(axis="x", which="minor", length=0)
    lowest.set_xlabel("place in the case")
    _upright(ax)
    for axes in (ax, lowest):
        for border in range(1, count):
            axes.axvline(border, color=_GRAY, lw=0.7, ls=(0, (4, 4)), zorder=0)


def draw_stability(comparison: _Compared, ax: Axes, *, by: str = "values") -> None:
    """Draw how often each report has each rank in the draws, as areas of blobs.

    Parameters
    ----------
    comparison : Comparison
        Result of `overlap.evaluate.compare`.
    ax : matplotlib.axes.Axes
        Where to draw.
    by : {"values", "ranks"}
        Ranking of aggregated values, or of aggregated ranks of cases.

    Notes
    -----
    The line spans the middle 95 % of ranks (or what the confidence level says), the cross is
    the median.
    """
    names = [row["name"] for row in comparison.table_rows]
    count = len(names)
    place = {name: k for k, name in enumerate(names)}
    shares = np.zeros((count, count))
    for row in comparison.stability_rows:
        if row["by"] == by:
            shares[place[row["name"]], row["rank"] - 1] = row["share"]
    if not shares.any():
        raise ValueError(f"draw_stability: there is no ranking by {by!r}")
    ax.plot([0.5, count + 0.5], [0.5, count + 0.5], color="#bbbbbb", lw=0.8, ls=":", zorder=0)
    tail = (1 - comparison.settings["confidence_level"]) / 2
    for k, color in enumerate(_colors(count)):
        shown = np.flatnonzero(shares[k])
        ax.scatter(
            np.full(len(shown), k + 1),
            shown + 1,
            s=np.maximum(520 * shares[k, shown] * min(1.0, 5 / count), 2.0),
            color=color,
            lw=0,
            zorder=2,
        )
        upto = np.cumsum(shares[k])
        low, middle, high = (
            1 + int(np.searchsorted(upto, q - 1e-9)) for q in (tail, 0.5, 1 - tail)
        )
        ax.vlines(k + 1, low, high, color="black", lw=0.9, zorder=3)
        ax.plot([k + 1], [middle], "x", color="black", ms=5, zorder=3)
    _name_axis(ax, names)
    ax.set_ylabel("rank in a draw")
    ax.set_yticks(np.arange(1, count + 1))
    ax.set_ylim(count + 0.5, 0.5)
    tau = next(row["tau"] for row in comparison.agreement_rows if row["by"] == by)
    words = "" if np.isnan(tau) or count == 2 else f"\nmean Kendall's τ {tau:.2f}"
    ax.set_title(f"ranks in {comparison.settings['resamples']:,} draws{words}", fontsize="medium")
    plain(ax)


def draw_beats(comparison: _Compared, ax: Axes) -> None:
    """Draw which report is significantly better than which.

    Parameters
    ----------
    comparison : Comparison
        With a test.
    ax : matplotlib.axes.Axes
        Where to draw: rows beat columns where the square is filled; it holds the corrected p.
    """
    beats = comparison.beats()
    names = list(beats.index)
    place = {name: k for k, name in enumerate(names)}
    for row in comparison.pair_rows:
        ahead = row["favors"] or row["better"]
        behind = row["worse"] if ahead == row["better"] else row["better"]
        k, j = place[ahead], place[behind]
        filled = bool(row["significant"])
        color = "#3b6ea8" if filled else "#eeeeee"
        ax.fill([j + 0.5, j + 1.5, j + 1.5, j + 0.5], [k + 0.5, k + 0.5, k + 1.5, k + 1.5],
                color=color, lw=0)  # fmt: skip
        if len(names) <= 8:
            ink = "white" if filled else _GRAY
            text = _p_words(row["p_holm"])
            ax.text(j + 1, k + 1, text, ha="center", va="center", fontsize="x-small", color=ink)
    count = len(names)
    ax.plot([0.5, count + 0.5], [0.5, count + 0.5], color=_GRAY, lw=0.8)
    _name_axis(ax, names)
    ax.set_yticks(np.arange(1, count + 1), list(map(short_caption, names)), fontsize="small")
    ax.set_ylim(count + 0.5, 0.5)
    ax.set_title("row beats column where filled\nHolm-corrected p", fontsize="medium")
    ax.set_aspect("equal")
    ax.spines[["top", "right"]].set_visible(False)


def _cells(comparison: _Compared) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Values and places from 0, shape (K, cells), of cells that all define, in table order."""
    scores = comparison.scores
    if scores is None:
        raise ValueError("draw_podium: the comparison has no numbers per case")
    order = [scores.names.index(row["name"]) for row in comparison.table_rows]
    values = scores.values[order].reshape(len(order), -1)
    values = values[:, ~np.isnan(values).any(axis=0)]
    sign = -1.0 if scores.higher_is_better else 1.0
    places = np.stack([(sign * values < sign * row).sum(axis=0) for row in values])
    return values, places


def _metric_words(comparison: _Compared) -> str:
    unit = comparison.settings.get("unit", "")
    return caption(comparison.metric) + (f", {unit}" if unit not in ("", "1") else "")


def _p_words(p: float) -> str:
    if np.isnan(p):
        return "–"
    return "<0.001" if p < 0.001 else f"{p:.2g}" if p < 0.1 else f"{p:.2f}"


def _name_axis(ax: Axes, names: list[str]) -> None:
    long = max(map(len, names)) * len(names) > 28
    ax.set_xticks(
        np.arange(1, len(names) + 1),
        list(map(short_caption, names)),
        fontsize="small",
        rotation=35 if long else 0,
        ha="right" if long else "center",
        rotation_mode="anchor",
    )
    ax.set_xlim(0.5, len(names) + 0.5)


def _colors(count: int) -> Any:
    import matplotlib

    if count <= 10:
        return [matplotlib.colormaps["tab10"](k) for k in range(count)]
    return list(matplotlib.colormaps["turbo"](np.linspace(0.05, 0.95, count)))


def _upright(ax: Axes) -> None:
    """Leave only the grid of the vertical axis: places have borders of their own."""
    plain(ax)
    ax.grid(visible=False, axis="x")
