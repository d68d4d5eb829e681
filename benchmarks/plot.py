"""The picture of all ratios: for each section and each other program a line with a dot per job."""

from __future__ import annotations

import math
from collections.abc import Iterator
from xml.sax.saxutils import escape

from benchmarks.results import Results
from benchmarks.sections import SECTIONS

__all__ = ["draw", "seen"]

# In pixels; the picture is not wider than the page of a phone needs it to stay readable.
_WIDTH, _LEFT, _RIGHT, _TOP = 500, 186, 14, 52
_LINE, _TITLE, _GAP = 19, 20, 5
_LEAST, _MOST = 0.25, 4000.0
_TICKS = (0.5, 1, 2, 5, 10, 100, 1000)

# Its own ground, so that it can be read on any page; dark where the reader's system is.
_STYLE = """
text {
  font: 13px system-ui, sans-serif; fill: #1c2733;
  paint-order: stroke; stroke: #ffffff; stroke-width: 5px;
}
.ground { fill: #ffffff }
.title { font-weight: 600 }
.tick { fill: #4a5663; font-size: 12px }
.grid { stroke: #d5dbe1 }
.even { stroke: #1c2733; stroke-width: 1.5 }
.line { stroke: #d5dbe1; stroke-dasharray: 1 3 }
.ahead { fill: #1a6196; fill-opacity: .75 }
.behind { fill: #ffffff; stroke: #b3400f; stroke-width: 2 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6ebf0; stroke: #14181e }
  .ground { fill: #14181e }
  .tick { fill: #aab4be }
  .grid, .line { stroke: #3a434d }
  .even { stroke: #e6ebf0 }
  .ahead { fill: #7cc0f0 }
  .behind { fill: #14181e; stroke: #ff9a66 }
}
"""

Dots = list[tuple[str, float]]


def _lines(results: Results) -> Iterator[tuple[str, dict[str, Dots]]]:
    """Yield titles of sections with the jobs and ratios of every other program."""
    for name, title in SECTIONS.items():
        lines: dict[str, Dots] = {}
        for race in results.sections[name].races if name in results.sections else ():
            for peer, ratio in race.ranked():
                lines.setdefault(peer, []).append((race.name, ratio))
        if lines:
            yield title, dict(sorted(lines.items(), key=lambda pair: _middle(pair[1])))


def _middle(dots: Dots) -> float:
    return math.prod(ratio for _, ratio in dots) ** (1.0 / len(dots))


def seen(results: Results) -> str:
    """Return what the picture shows, for those who cannot see it."""
    ratios = [ratio for _, lines in _lines(results) for dots in lines.values() for _, ratio in dots]
    best = [
        race.ranked()[0][1] for s in results.sections.values() for race in s.races if race.peers
    ]
    fastest = sum(ratio >= 1.0 for ratio in best)
    return (
        f"{len(ratios)} ratios of times to ours, by area and program, on a logarithmic axis: "
        f"overlap is the fastest in {fastest} of {len(best)} jobs"
    )


def _x(ratio: float) -> float:
    share = math.log(min(max(ratio, _LEAST), _MOST) / _LEAST) / math.log(_MOST / _LEAST)
    return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)


def draw(results: Results) -> str:
    """Return the picture as SVG."""
    y = float(_TOP)
    marks = []
    for title, lines in _lines(results):
        y += _TITLE + _GAP
        marks.append(f'<text class="title" x="8" y="{y - 5:g}">{escape(title)}</text>')
        for peer, dots in lines.items():
            y += _LINE
            marks.append(f'<text x="20" y="{y - 5:g}">{escape(peer)}</text>')
            middle = y - 0.5 * _LINE
            marks.append(
                f'<path class="line" d="M{_LEFT} {middle:g}H{_WIDTH - _RIGHT}" fill="none"/>'
            )
            marks += [_dot(job, ratio, middle) for job, ratio in dots]
    bottom = y + 8
    grid = []
    for tick in _TICKS:
        x = _x(tick)
        kind = "even" if tick == 1 else "grid"
        grid.append(f'<path class="{kind}" d="M{x:.1f} {_TOP - 4}V{bottom - 4:g}" fill="none"/>')
        label = (
            f'<text class="tick" x="{x:.1f}" y="{_TOP - 10}" text-anchor="middle">{tick:,}</text>'
        )
        grid.append(label)
    ends = (
        f'<text x="{_x(1) - 6:.1f}" y="18" text-anchor="end">overlap is slower</text>',
        f'<text x="{_x(1) + 6:.1f}" y="18">overlap is faster, so many times</text>',
    )
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{bottom:g}" '
            f'viewBox="0 0 {_WIDTH} {bottom:g}" role="img">',
            f"<title>{escape(seen(results))}</title>",
            f"<style>{_STYLE}</style>",
            f'<rect class="ground" width="{_WIDTH}" height="{bottom:g}" rx="6"/>',
            *ends,
            *grid,
            *marks,
            "</svg>\n",
        )
    )


def _dot(job: str, ratio: float, y: float) -> str:
    kind, radius = ("ahead", 4.5) if ratio >= 1.0 else ("behind", 4)
    return (
        f'<circle class="{kind}" cx="{_x(ratio):.1f}" cy="{y:g}" r="{radius}">'
        f"<title>{escape(job)}: {ratio:.3g}</title></circle>"
    )
