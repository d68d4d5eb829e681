"""A report on possession: it has the sets of intervals and the scores behind them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from overlap._common.frames import frame
from overlap.evaluate.number_texts import fixed_text, interval_text, level_text, span_text
from overlap.evaluate.numbers import Number, not_as_stored
from overlap.evaluate.page import Picture, Result, Section, input_name
from overlap.evaluate.report import Report
from overlap.io.printable import number_of
from overlap.regions.interval_sets import IntervalSets

from .counts import Counts
from .evidence import PossessionEvidence

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["PossessionReport", "stored_report"]

#: Columns of players on the screen, and most rows.
_BRIEF = ("possession", "spells", "truth_possession", "truth_spells", "iou")
_MOST_ROWS = 20
_SECONDS = {"possession", "truth_possession", "longest", "seen", "shared"}
_COUNTS = {"spells", "truth_spells"}
_DECIMALS = {"s": 2, "count": 0, "1": 4}
_TOLD = ("iou", "time_precision", "time_recall", "possession")
_MATCHED = {
    "F1": "Harmonic mean of precision and recall of spells",
    "precision": "Share of the found spells that match an annotated one",
    "recall": "Share of the annotated spells that match a found one",
    "tp": "Number of the found spells that match an annotated one",
}
_TERMS = {
    "iou": "Seconds in which found and annotated possession agree, over those in which either "
    "says that a player has the ball.",
    "mean_iou": "Mean of the IoU of the players.",
    "time_precision": "Share of the found seconds that are annotated.",
    "time_recall": "Share of the annotated seconds that are found.",
    "possession": "Seconds in which the player has the ball.",
    "truth_possession": "Seconds in which the player has the ball by annotation.",
    "spells": "Number of found intervals with the ball.",
    "truth_spells": "Number of annotated intervals with the ball.",
    "longest": "Seconds of the longest spell of the player.",
    "seen": "Seconds in which both the player and the ball were seen.",
    "shared": "Seconds that are found and annotated.",
    "simultaneous": "Seconds in which two or more players have the ball.",
    "player": "Track, with its video where there are several.",
    "value": "The number itself.",
}


@dataclass(frozen=True, eq=False, repr=False)
class PossessionReport(Report):
    """A `Report` on possession: who has the ball, and when.

    Its parameters are those of `Report`.
    """

    evidence: PossessionEvidence = field(repr=False)

    @property
    def tracks(self) -> tuple[str, ...]:
        """Player of every set in `found` and `truth`, with the video where there are several."""
        return self.evidence.players.labels

    @property
    def found(self) -> IntervalSets:
        """When each player has the ball, in seconds; one set per player."""
        return self.evidence.found

    @property
    def truth(self) -> IntervalSets | None:
        """When each player has it by annotation; None without annotations."""
        return self.evidence.truth

    @cached_property
    def frames(self) -> pd.DataFrame:
        """Every scored frame: video, track, frame, time in seconds, score, and possession.

        The last column says whether the frame is in the player's set.
        """
        evidence = self.evidence
        return frame(
            {
                **evidence.players.columns(evidence.row),
                "frame": evidence.frame,
                "time": evidence.frame / evidence.fps,
                "score": evidence.score,
                "possession": evidence.inside,
            }
        )

    def scores(self, row: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return the scored frames of a player, and their scores.

        Parameters
        ----------
        row : int
            Place in `tracks`.
        """
        own = self.evidence.row == row
        return self.evidence.frame[own], self.evidence.score[own]

    # ----------------------------------------------------------------------- showing

    def headline(self) -> str:
        """Return the first number and how many players there are."""
        number = self.numbers[0]
        value = _text(number.value, number.unit)
        return f"possession: {number.name} {value} ({number_of(len(self.tracks), 'player')})"

    def kind(self) -> str:
        """Return what was done."""
        return "Possession"

    def title(self) -> str:
        """Return the names of the players' file, and of the annotations'."""
        players = input_name(self.settings["players"], "players")
        truth = "" if self.truth is None else input_name(self.settings.get("truth"), "truth")
        return f"{players} against {truth}" if truth else players

    def results(self) -> list[Result]:
        """Return the first numbers, with intervals and counts."""
        counts = f"{number_of(len(self.tracks), 'player')} in {self._videos}"
        shown = [number for number in self.numbers if number.metric in _TOLD]
        return [
            Result(
                number.name,
                _text(number.value, number.unit),
                "; ".join(filter(None, [_span(number), counts])),
            )
            for number in shown
        ]

    def pictures(self) -> list[Picture]:
        """Return the spells of all players, and the scores of the one with most possession."""
        from overlap.plot.figures import panel
        from overlap.plot.possession import draw_scores, draw_spells, shown_rows

        if not self.tracks:
            return []
        seconds = ", ".join(
            f"{label} {value:.4g} s"
            for label, value in zip(self.tracks[:8], self.found.measure().tolist(), strict=False)
        )
        most = self.tracks[int(np.argmax(self.found.measure()))]
        return [
            Picture(
                "Spells of the players",
                partial(panel, partial(draw_spells, self), 1.2 + 0.3 * max(shown_rows(self), 2)),
                f"Bars along the time for when each player has the ball: {seconds}.",
                "Blue: found. Orange, below: annotated. Of many players, those with most seconds.",
            ),
            Picture(
                f"Score of player {most}",
                partial(panel, partial(draw_scores, self), 3.2),
                f"The score of ball and player {most} by time, with the thresholds.",
                "The player with most possession. The player has the ball from a frame at or above "
                "the threshold on, until the score falls below the release.",
            ),
        ]

    def terms(self) -> Mapping[str, str]:
        """Return definitions of the numbers."""
        levels = {row["metric"].partition("@")[2] for row in self.table_rows} - {""}
        matched = {
            f"{name}@{level}": f"{text} at a temporal IoU of {level} or more."
            for level in levels
            for name, text in _MATCHED.items()
        }
        return {**_TERMS, **matched}

    def sections(self) -> list[Section]:
        """Return the summary, and a line for every player."""
        return [self._summary("Summary"), self._players()]

    def brief(self) -> list[Section]:
        """Return the summary, the seconds of every player, and counts of the inputs."""
        players = self._players(_BRIEF)
        if len(players.rows) > _MOST_ROWS:
            title = f"The first {_MOST_ROWS} of {len(players.rows):,} players"
            players = replace(players, title=title, rows=players.rows[:_MOST_ROWS])
        facts = [["players", f"{self.settings['players']['rows']:,} regions of "
                             f"{len(self.tracks):,} players in {self._videos}"],
                 ["ball", f"{self.settings['ball']['rows']:,} regions, "
                          f"{self.settings['scored_frames']:,} scores"]]  # fmt: skip
        if self.truth is not None:
            facts.append(["truth", f"{self.settings['truth']['spells']:,} spells"])
        return [self._summary(""), players, Section("", (), facts)]

    def _summary(self, title: str) -> Section:
        level = next((level_text(one.level) for one in self.intervals), None)
        rows = []
        for number in self.numbers:
            row = [number.name, _text(number.value, number.unit)]
            if level is not None:
                ends = number.interval
                write = partial(_number, unit=number.unit)
                row.append("" if ends is None else span_text(ends.low, ends.high, write))
            rows.append(row)
        return Section(title, ("", "value", *([] if level is None else [level])), rows, keys=1)

    def _players(self, chosen: Sequence[str] = ()) -> Section:
        lines: dict[str, dict[str, float]] = {}
        for row in self.table_rows:
            label = "/".join(row[name] for name in ("video", "track") if name in row)
            lines.setdefault(label, {})[row["metric"]] = row["value"]
        metrics = list(dict.fromkeys(row["metric"] for row in self.table_rows))
        metrics = [name for name in metrics if not chosen or name in chosen]
        units = [_unit(name) for name in metrics]
        cells = [
            [label, *("" if math.isnan(line[name]) else _number(line[name], unit)
                      for name, unit in zip(metrics, units, strict=True))]
            for label, line in lines.items()
        ]  # fmt: skip
        heads = (f"{name}, s" * (unit == "s") or name
                 for name, unit in zip(metrics, units, strict=True))  # fmt: skip
        return Section("Players", ("player", *heads), cells, keys=1)

    def draw(self, path: str | Path | None, ax: Any, **options: Any) -> Any:
        """Draw scores, thresholds and spells along the time; see `plot`."""
        from overlap.plot.possession import draw_possession

        return draw_possession(self, path=path, ax=ax, **options)

    @property
    def _videos(self) -> str:
        return number_of(self.settings["videos"], "video")

    @property
    def fps(self) -> float:
        """Frames per second."""
        return self.evidence.fps

    @property
    def limits(self) -> tuple[float, float]:
        """Scores at which a player gets and loses the ball."""
        return self.settings["threshold"], self.settings["release"]


def _unit(metric: str) -> str:
    """Return the unit of a number of a player: seconds, a count, or 1 for a share."""
    if metric in _SECONDS:
        return "s"
    return "count" if metric in _COUNTS or metric.startswith("tp@") else "1"


def _number(value: float, unit: str) -> str:
    """Write a number with the decimals of its unit, so that columns are even."""
    digits = _DECIMALS[unit]
    return fixed_text(value, digits) if unit == "1" else f"{value:,.{digits}f}"


def _span(number: Number) -> str:
    """Write the interval of a number."""
    return interval_text(number.interval, partial(_number, unit=number.unit))


def _text(value: float, unit: str) -> str:
    return _number(value, unit) + " s" * (unit == "s")


def stored_report(payload: Mapping[str, Any]) -> Report:
    """Make a report that can be compared of the content of its file.

    Parameters
    ----------
    payload : mapping
        Settings, summary and table.

    Raises
    ------
    KeyError, ValueError
        The table lacks a number, or rows of a video; or the summary does not follow from it.
    """
    settings, summary, rows = (payload[name] for name in ("settings", "summary", "table"))
    counts = Counts.of_rows(rows, settings["iou"])
    if len(counts.players.videos) != settings["videos"]:
        raise ValueError(
            f"its table has rows of {len(counts.players.videos)} of its {settings['videos']} "
            "videos; compare the reports in Python, with overlap.evaluate.compare"
        )
    values = counts.statistics(np.ones((1, len(counts.items))))
    made = {name: float(value[0]) for name, value in values.items()}
    for name in not_as_stored(made, summary):
        raise ValueError(
            f"its table gives {name} = {made[name]!r}, its summary says {summary.get(name)!r}; "
            "one of them was changed"
        )
    numbers = tuple(
        Number(name, math.nan if value is None else float(value)) for name, value in summary.items()
    )
    return Report(numbers, tuple(map(dict, rows)), dict(settings), "", counts)
