"""What a report on possession keeps, so that its numbers can be recomputed and shown."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from overlap._common.values import ByValue
from overlap.evaluate.page import Section
from overlap.evaluate.report import Report
from overlap.evaluate.thresholds import threshold_names
from overlap.pairing.matching import match
from overlap.regions.interval_sets import IntervalSets
from overlap.scores.ratios import iou

from .states import Frames, Rules
from .tracks import Players

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .report import PossessionReport

__all__ = ["SECONDS", "PossessionEvidence"]

#: Numbers of the summary that are sums of seconds; the others are shares.
SECONDS = ("possession", "truth_possession")


@dataclass(frozen=True, eq=False)
class PossessionEvidence(ByValue):
    """Spells of possession, found and annotated, and the scored frames behind them.

    Attributes
    ----------
    players : Players
        The rows.
    frames : Frames
    inside : ndarray of bool
        Which scored frames are in the found sets.
    rules : Rules
    fps : float
    found : IntervalSets
        Of every row, in seconds.
    truth : IntervalSets or None
    thresholds : tuple of float
        IoU from which two spells match.
    """

    players: Players
    frames: Frames
    inside: NDArray[np.bool_]
    rules: Rules
    fps: float
    found: IntervalSets
    truth: IntervalSets | None
    thresholds: tuple[float, ...]

    # ------------------------------------------------------------------------- items

    @property
    def items(self) -> tuple[str, ...]:
        """Names of the videos, or of the players where there is only one."""
        videos = self.players.videos
        return videos if len(videos) > 1 else self.players.labels

    @property
    def _item(self) -> NDArray[np.int64]:
        """Item of every row."""
        if len(self.players.videos) > 1:
            return self.players.video
        return np.arange(len(self.players))

    @property
    def _names(self) -> list[str]:
        return threshold_names(np.array(self.thresholds))

    # ----------------------------------------------------------------------- numbers

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
    def counts(self) -> dict[str, NDArray[np.float64]]:
        """Seconds and spells of every row, by name, shape (rows,); ``tp`` has (T, rows)."""
        result = {"found": self.found.measure(), "spells": self.found.counts.astype(float)}
        if self.truth is None:
            return result
        found, _, value = self.pairs
        row = self.found.region[found]
        rows = len(self.players)
        result["truth"] = self.truth.measure()
        result["truth_spells"] = self.truth.counts.astype(float)
        result["shared"] = (self.found & self.truth).measure()
        result["tp"] = np.array(
            [np.bincount(row[value >= limit], minlength=rows) for limit in self.thresholds], float
        )
        return result

    def statistics(self, weights: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        """Every number of the summary that is a sum over rows, for each row of `weights`.

        Parameters
        ----------
        weights : ndarray, shape (B, items)
        """
        weight = np.asarray(weights, np.float64)[:, self._item]
        counts = self.counts
        if self.truth is None:
            return {"possession": weight @ counts["found"]}
        found, truth, shared = (weight @ counts[name] for name in ("found", "truth", "shared"))
        own = _ratio(counts["shared"], counts["found"] + counts["truth"] - counts["shared"])
        known = ~np.isnan(own)
        result = {
            "iou": _ratio(shared, found + truth - shared),
            "mean_iou": _ratio(weight @ np.where(known, own, 0.0), weight @ known.astype(float)),
            "time_precision": _ratio(shared, found),
            "time_recall": _ratio(shared, truth),
        }
        spells, annotated = weight @ counts["spells"], weight @ counts["truth_spells"]
        hits = np.einsum("br,tr->tb", weight, counts["tp"])
        f1 = _ratio(2.0 * hits, spells + annotated)
        if len(self.thresholds) > 1:
            result["F1"] = f1.mean(axis=0)
        for t, name in enumerate(self._names):
            result[f"F1@{name}"] = f1[t]
            result[f"precision@{name}"] = _ratio(hits[t], spells)
            result[f"recall@{name}"] = _ratio(hits[t], annotated)
        return {**result, "possession": found, "truth_possession": truth}

    def simultaneous(self) -> float:
        """Return the seconds in which more than one player of a video has the ball."""
        total = 0.0
        for video in range(len(self.players.videos)):
            own = self.found[np.flatnonzero(self.players.video == video)]
            total += float(own.where_at_least(2).measure()[0])
        return total

    def tracked(self) -> NDArray[np.float64]:
        """Return the seconds in which player and ball were both seen, of every row."""
        return np.bincount(self.frames.row, minlength=len(self.players)) / self.fps

    def rows(self) -> list[dict[str, Any]]:
        """Return the table: one row per player and metric."""
        counts, tracked = self.counts, self.tracked()
        longest = np.zeros(len(self.players))
        np.maximum.at(longest, self.found.region, self.found.intervals().measure())
        columns: list[tuple[str, NDArray, str]] = [
            ("possession", counts["found"], "s"),
            ("spells", counts["spells"], "1"),
            ("longest", longest, "s"),
            ("seen", tracked, "s"),
        ]
        if self.truth is not None:
            found, truth, shared = counts["found"], counts["truth"], counts["shared"]
            columns += [
                ("truth_possession", truth, "s"),
                ("truth_spells", counts["truth_spells"], "1"),
                ("shared", shared, "s"),
                ("iou", _ratio(shared, found + truth - shared), "1"),
                ("time_precision", _ratio(shared, found), "1"),
                ("time_recall", _ratio(shared, truth), "1"),
            ]
            total = counts["spells"] + counts["truth_spells"]
            for hits, name in zip(counts["tp"], self._names, strict=True):
                columns.append((f"F1@{name}", _ratio(2.0 * hits, total), "1"))
                columns.append((f"tp@{name}", hits, "1"))
        result = []
        for k, name in enumerate(self.players.names):
            where = {"video": self.players.videos[self.players.video[k]], "track": name}
            if self.players.videos == ("",):
                del where["video"]
            for metric, values, unit in columns:
                result.append({**where, "metric": metric, "value": float(values[k]), "unit": unit})
        return result

    def columns(self) -> dict[str, Any]:
        """One entry per found spell, then one per annotated spell that has no partner at all.

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
            for limit, name in zip(self.thresholds, self._names, strict=True):
                outcome = np.where(partner[2] >= limit, "true", "false").astype(object)
                outcome[len(row) :] = "missed"
                result[f"outcome@{name}"] = outcome
        names = np.array(self.players.names, object)[owner]
        videos = np.array(self.players.videos, object)[self.players.video[owner]]
        where = {"video": videos, "track": names}
        if self.players.videos == ("",):
            del where["video"]
        return {**where, **result}

    def _scores_of_spells(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return number and mean score of the scored frames in every found spell."""
        size = len(self.found.start)
        row, frame = self.frames.row[self.inside], self.frames.frame[self.inside]
        first = np.rint(self.found.start * self.fps).astype(np.int64)
        # Spells and frames are both in order of row and time.
        order = np.lexsort((np.append(np.zeros(size), np.ones(len(row))), np.append(first, frame),
                            np.append(self.found.region, row)))  # fmt: skip
        spell = np.cumsum(order < size)[order >= size] - 1
        count = np.bincount(spell, minlength=size).astype(float)
        total = np.bincount(spell, self.frames.score[self.inside], size)
        return count, _ratio(total, count)

    # ----------------------------------------------------------------------- showing

    def headline(self, report: Report) -> str:
        """Return the first number and how many players there are."""
        name, value = report.items[0]
        unit = " s" if name == "possession" else ""
        return f"possession: {name} {value:.4g}{unit} ({len(self.players)} players)"

    def sections(self, report: Report) -> list[Section]:
        """Return the summary, and a line for every player."""
        summary = [[name, f"{value:.4g}"] for name, value in report.items]
        lines: dict[str, dict[str, float]] = {}
        for row in report.rows():
            label = "/".join(row[name] for name in ("video", "track") if name in row)
            lines.setdefault(label, {})[row["metric"]] = row["value"]
        metrics = list(dict.fromkeys(row["metric"] for row in report.rows()))
        cells = [
            [label, *("" if math.isnan(line[name]) else f"{line[name]:.4g}" for name in metrics)]
            for label, line in lines.items()
        ]
        return [
            Section("Summary", ("", "value"), summary),
            Section("Players", ("player", *metrics), cells),
        ]

    def draw(self, report: Report, path: str | Path | None, ax: Any, **options: Any) -> Any:
        """Draw scores, thresholds and spells along the time."""
        from overlap.plot.timelines import draw_possession

        return draw_possession(cast("PossessionReport", report), path=path, ax=ax, **options)


def _ratio(part: NDArray, whole: NDArray) -> NDArray[np.float64]:
    whole = np.broadcast_to(whole, np.shape(part))
    return np.divide(part, whole, out=np.full(np.shape(part), np.nan), where=whole > 0)
