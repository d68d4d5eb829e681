"""Evidence of a report on possession: measured videos, and the spells in them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import inf
from typing import TYPE_CHECKING, Any

import numpy as np

from overlap._common.values import ByValue
from overlap.evaluate.bootstrap import LEAST_ITEMS, Bootstrap, too_few
from overlap.evaluate.numbers import Intervals as NumberIntervals
from overlap.evaluate.numbers import Number
from overlap.evaluate.task import resampled
from overlap.evaluate.thresholds import threshold_names
from overlap.evaluate.value_range import UNIT, Range
from overlap.pairing.matching import match
from overlap.regions.interval_sets import IntervalSets
from overlap.regions.intervals import Intervals
from overlap.scores.ratios import iou

from .counts import Counts, Players, ratio
from .video import Video

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["SECONDS", "PossessionEvidence"]

#: Numbers of the summary that are sums of seconds; the others are shares.
SECONDS = ("possession", "truth_possession")


@dataclass(frozen=True, eq=False)
class PossessionEvidence(ByValue):
    """Spells of possession, found and annotated, and the scored frames behind them.

    Attributes
    ----------
    videos : mapping from str to Video
        Measured videos, in the order of the rows.
    fps : float
    thresholds : tuple of float
        IoU from which two spells match.
    inputs : mapping from str to mapping
        Digest of each input, and the name of its file if it has one, by role.
    """

    videos: Mapping[str, Video]
    fps: float
    thresholds: tuple[float, ...]
    inputs: Mapping[str, Mapping[str, str]]

    @cached_property
    def players(self) -> Players:
        """The rows."""
        parts = self.videos.values()
        return Players(
            tuple(map(str, self.videos)), tuple(name for part in parts for name in part.tracks),
            np.repeat(np.arange(len(parts)), [len(part.tracks) for part in parts]),
        )  # fmt: skip

    @property
    def items(self) -> tuple[str, ...]:
        """Names of the videos, or of the players where there is only one."""
        return self.players.items

    # ------------------------------------------------------------------------ arrays

    @cached_property
    def _parts(self) -> list[tuple[int, Video]]:
        """Videos, each with the number of its first row."""
        parts = list(self.videos.values())
        starts = np.cumsum([0, *(len(part.tracks) for part in parts)]).tolist()
        return list(zip(starts, parts, strict=False))

    @cached_property
    def row(self) -> NDArray[np.int64]:
        """Row of every scored frame."""
        return _all(np.int64, (first + part.frames.row for first, part in self._parts))

    @cached_property
    def frame(self) -> NDArray[np.int64]:
        """Every scored frame."""
        return _all(np.int64, (part.frames.frame for _, part in self._parts))

    @cached_property
    def score(self) -> NDArray[np.float64]:
        """Score of every scored frame."""
        return _all(np.float64, (part.frames.score for _, part in self._parts))

    @cached_property
    def inside(self) -> NDArray[np.bool_]:
        """Which scored frames are in the found sets."""
        return _all(np.bool_, (part.inside for _, part in self._parts))

    @cached_property
    def found(self) -> IntervalSets:
        """Found spells of every row, in seconds."""
        edges = _all(np.float64, (part.spans.ravel() for _, part in self._parts)) / self.fps
        return self._sets(edges, (first + part.span_row for first, part in self._parts))

    @cached_property
    def truth(self) -> IntervalSets | None:
        """Annotated spells of every row, in seconds; None without annotations."""
        if "truth" not in self.inputs:
            return None
        spells = (part.spells.ravel() for _, part in self._parts if part.spells is not None)
        rows = (first + part.spell_row for first, part in self._parts)
        return self._sets(_all(np.float64, spells), rows)

    def _sets(self, edges: NDArray[np.float64], rows: Iterable[NDArray]) -> IntervalSets:
        spans = Intervals(edges.reshape(-1, 2), unit="s")
        return IntervalSets.from_intervals(spans, _all(np.int64, rows), size=len(self.players))

    @cached_property
    def pairs(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
        """Found spell, annotated spell and IoU of every match, one to one within a row.

        Taken in order of descending IoU, so that the matches at a threshold are those of any
        lower one whose IoU reaches it.
        """
        assert self.truth is not None
        matches = match(
            self.found.intervals(),
            self.truth.intervals(),
            score=iou,
            at_least=0.0,
            strict=True,
            groups=(self.found.region, self.truth.region),
        )
        return matches.found, matches.truth, matches.score

    @cached_property
    def counts(self) -> Counts:
        """Seconds and spells of every row."""
        sums = {"found": self.found.measure(), "spells": self.found.counts.astype(float)}
        hits = np.empty((0, len(self.players)))
        if self.truth is not None:
            found, _, value = self.pairs
            row = self.found.region[found]
            sums["truth"] = self.truth.measure()
            sums["truth_spells"] = self.truth.counts.astype(float)
            sums["shared"] = (self.found & self.truth).measure()
            of_row = [
                np.bincount(row[value >= limit], minlength=len(self.players))
                for limit in self.thresholds
            ]
            hits = np.array(of_row, float)
        return Counts(self.players, sums, hits, self.thresholds)

    # ----------------------------------------------------------------------- numbers

    def statistics(self, weights: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        """Return every number of the summary that is a sum over rows.

        Parameters
        ----------
        weights : ndarray, shape (B, items)
        """
        return self.counts.statistics(weights)

    def numbers(self) -> list[Number]:
        """Return the numbers of the summary."""
        at = {
            f"{metric}@{limit}": (metric, {"iou": limit})
            for limit in threshold_names(self.thresholds)
            for metric in ("F1", "precision", "recall")
        }
        result = []
        for name, values in self.statistics(np.ones((1, len(self.items)))).items():
            metric, where = at.get(name, (name, {}))
            if name in SECONDS:
                number = Number(metric, float(values[0]), unit="s", range=Range(0.0, inf))
            else:
                number = Number(metric, float(values[0]), where, range=UNIT, better="higher")
            result.append(number)
        return [*result, Number("simultaneous", self.simultaneous(), unit="s")]

    def intervals(self, numbers: Sequence[Number], bootstrap: Bootstrap) -> NumberIntervals:
        """Return intervals of all numbers, of which videos or players are drawn.

        Parameters
        ----------
        numbers : sequence of Number
        bootstrap : Bootstrap
        """
        unit, count = self.players.unit, len(self.items)
        if bootstrap.resamples and count < LEAST_ITEMS:
            said = "videos" if unit == "videos" else "players, in one video"
            return NumberIntervals(notes=(too_few(count, said),))
        return resampled(self, numbers, bootstrap, unit)

    def simultaneous(self) -> float:
        """Return the seconds in which more than one player of a video has the ball."""
        total = 0.0
        for video in range(len(self.players.videos)):
            own = self.found[np.flatnonzero(self.players.video == video)]
            total += float(own.where_at_least(2).measure()[0])
        return total

    def tracked(self) -> NDArray[np.float64]:
        """Return the seconds in which player and ball were both seen, of every row."""
        return np.bincount(self.row, minlength=len(self.players)) / self.fps

    def rows(self, intervals: NumberIntervals) -> list[dict[str, Any]]:
        """Return the table: one row per player and metric.

        Parameters
        ----------
        intervals : Intervals
            Not of rows.
        """
        sums = self.counts.sums
        longest = np.zeros(len(self.players))
        np.maximum.at(longest, self.found.region, self.found.intervals().measure())
        columns: list[tuple[str, NDArray, str]] = [
            ("possession", sums["found"], "s"),
            ("spells", sums["spells"], "1"),
            ("longest", longest, "s"),
            ("seen", self.tracked(), "s"),
        ]
        if self.truth is not None:
            columns += [
                ("truth_possession", sums["truth"], "s"),
                ("truth_spells", sums["truth_spells"], "1"),
                ("shared", sums["shared"], "s"),
                ("iou", self.counts.iou(), "1"),
                ("time_precision", ratio(sums["shared"], sums["found"]), "1"),
                ("time_recall", ratio(sums["shared"], sums["truth"]), "1"),
            ]
            total = sums["spells"] + sums["truth_spells"]
            for hits, name in zip(self.counts.hits, threshold_names(self.thresholds), strict=True):
                columns.append((f"F1@{name}", ratio(2.0 * hits, total), "1"))
                columns.append((f"tp@{name}", hits, "1"))
        names = self.players.columns(np.arange(len(self.players)))
        return [
            {
                **{name: values[k] for name, values in names.items()},
                "metric": metric, "value": float(values[k]), "unit": unit,
            }
            for k in range(len(self.players))
            for metric, values, unit in columns
        ]  # fmt: skip

    def columns(self) -> dict[str, Any]:
        """Return one entry per found spell, then one per annotated spell without a partner.

        ``frames`` and ``mean_score`` are of the scored frames in a spell, ``shared`` is how much
        of it is annotated, in seconds. ``iou`` is that with its partner, from ``truth_start`` to
        ``truth_stop``, and ``outcome@0.50`` says whether that suffices ("true", "false"; "missed"
        for annotated spells without a partner). What is not there is NaN.
        """
        found, row = self.found, self.found.region
        start, stop, duration = found.start, found.stop, found.intervals().measure()
        frames, score = self._scores_of_spells()
        result: dict[str, Any] = {}
        if self.truth is None:
            owner = row
            result |= {"start": start, "stop": stop, "duration": duration, "frames": frames}
            result["mean_score"] = score
        else:
            mine, theirs, value = self.pairs
            missed = np.setdiff1d(np.arange(int(self.truth.counts.sum())), theirs)
            owner = np.concatenate([row, self.truth.region[missed]])
            nothing = np.full(len(missed), np.nan)
            partner = np.full((3, len(owner)), np.nan)
            partner[:, mine] = self.truth.start[theirs], self.truth.stop[theirs], value
            partner[:2, len(row) :] = self.truth.start[missed], self.truth.stop[missed]
            shared = (self.truth[row] & found.intervals()).measure()
            for name, values in (("start", start), ("stop", stop), ("duration", duration),
                                 ("frames", frames), ("mean_score", score),
                                 ("shared", shared)):  # fmt: skip
                result[name] = np.concatenate([values, nothing])
            result |= dict(zip(("truth_start", "truth_stop", "iou"), partner, strict=True))
            names = threshold_names(self.thresholds)
            for limit, name in zip(self.thresholds, names, strict=True):
                outcome = np.where(partner[2] >= limit, "true", "false").astype(object)
                outcome[len(row) :] = "missed"
                result[f"outcome@{name}"] = outcome
        return {**self.players.columns(owner), **result}

    def _scores_of_spells(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return number and mean score of the scored frames in every found spell."""
        size = len(self.found.start)
        row, frame = self.row[self.inside], self.frame[self.inside]
        first = np.rint(self.found.start * self.fps).astype(np.int64)
        # Spells and frames are both in order of row and time.
        order = np.lexsort((np.append(np.zeros(size), np.ones(len(row))), np.append(first, frame),
                            np.append(self.found.region, row)))  # fmt: skip
        spell = np.cumsum(order < size)[order >= size] - 1
        count = np.bincount(spell, minlength=size).astype(float)
        total = np.bincount(spell, self.score[self.inside], size)
        return count, ratio(total, count)


def _all(kind: Any, parts: Iterable[NDArray]) -> NDArray[Any]:
    return np.concatenate([np.empty(0, kind), *parts])
