"""Stripes of labelled segments over frames: truth above predictions, one pair for each video."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from .figures import plain, short_caption

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_stripes"]

_MOST_NAMED = 8
_HEIGHT = 0.38


def draw_stripes(
    stripes: Sequence[tuple[str, str, Sequence[tuple[float, float, str]]]],
    ax: Axes,
    *,
    blank: Collection[str] = (),
) -> None:
    """Draw two stripes for each video, as parts of its length.

    Parameters
    ----------
    stripes : sequence of (str, str, sequence of (float, float, str))
        Name of the video, ``"truth"`` or ``"found"``, and start, end and label of its segments.
    ax : matplotlib.axes.Axes
    blank : collection of str
        Labels that are left white.
    """
    from matplotlib import colormaps
    from matplotlib.patches import Patch

    time: dict[str, float] = {}
    for _, _, spans in stripes:
        for start, stop, label in spans:
            if label not in blank:
                time[label] = time.get(label, 0.0) + stop - start
    order = sorted(time, key=lambda label: -time[label])
    colors = colormaps["tab20"].colors  # type: ignore[attr-defined]
    # dark shades first, so that neighbours in the legend differ most
    shades = [*colors[::2], *colors[1::2]]
    color = {label: shades[k % len(shades)] for k, label in enumerate(order)}
    videos = list(dict.fromkeys(video for video, _, _ in stripes))
    length = {
        video: max((stop for name, _, spans in stripes if name == video for _, stop, _ in spans),
                   default=1.0)
        for video in videos
    }  # fmt: skip
    for video, side, spans in stripes:
        low = videos.index(video) + (0.04 if side == "found" else -_HEIGHT - 0.04)
        shown = [(start, stop, label) for start, stop, label in spans if label not in blank]
        ax.broken_barh(
            [(start / length[video], (stop - start) / length[video]) for start, stop, _ in shown],
            (low, _HEIGHT),
            facecolors=[color[label] for _, _, label in shown],
        )
    ax.set_yticks(range(len(videos)), [short_caption(video) for video in videos])
    ax.set_ylim(len(videos) - 0.45, -0.55)
    ax.set_xlim(0, 1)
    ax.set_xlabel("part of the video")
    named = order[:_MOST_NAMED]
    handles = [Patch(color=color[label], label=short_caption(label)) for label in named]
    if len(order) > len(named):
        handles.append(Patch(alpha=0, label=f"and {len(order) - len(named)} more"))
    if handles:
        ax.figure.legend(handles=handles, loc="outside lower center", ncols=3, frameon=False)
    plain(ax)
