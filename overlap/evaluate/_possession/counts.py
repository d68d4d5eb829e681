"""Counts of possession: seconds and spells of every player, and the shares that follow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from overlap._common.values import ByValue
from overlap.evaluate.thresholds import threshold_names

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Counts", "Players", "ratio"]

#: Metric of the table that holds each sum.
_COLUMNS = {"found": "possession", "spells": "spells", "truth": "truth_possession",
            "truth_spells": "truth_spells", "shared": "shared"}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Players(ByValue):
    """Names and numbers of everything that can have the ball: one row per video and track.

    Attributes
    ----------
    videos : tuple of str
        One empty name where there is no column of videos.
    names : tuple of str
        Track of every row.
    video : ndarray of int64, shape (rows,)
        Number of the video of every row.
    """

    videos: tuple[str, ...]
    names: tuple[str, ...]
    video: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.names)

    @property
    def labels(self) -> tuple[str, ...]:
        """Video and track of every row in one word."""
        if self.videos == ("",):
            return self.names
        return tuple(
            f"{self.videos[v]}/{name}" for v, name in zip(self.video, self.names, strict=True)
        )

    @property
    def items(self) -> tuple[str, ...]:
        """Names of the videos, or of the players where there is only one."""
        return self.videos if len(self.videos) > 1 else self.labels

    @property
    def unit(self) -> str:
        """Word for the items."""
        return "videos" if len(self.videos) > 1 else "players"

    def columns(self, rows: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
        """Return the columns ``video``, where there is one, and ``track`` of rows.

        Parameters
        ----------
        rows : ndarray of int64
        """
        result = {"track": np.array(self.names, object)[rows]}
        if self.videos == ("",):
            return result
        return {"video": np.array(self.videos, object)[self.video[rows]], **result}


@dataclass(frozen=True, eq=False)
class Counts(ByValue):
    """Seconds and spells of every player, from which all shares follow.

    Attributes
    ----------
    players : Players
    sums : mapping from str to ndarray of float64, shape (rows,)
        ``found`` and ``spells``; with annotations also ``truth``, ``truth_spells`` and ``shared``.
    hits : ndarray of float64, shape (T, rows)
        Matched spells at each threshold.
    thresholds : tuple of float
    """

    players: Players
    sums: Mapping[str, NDArray[np.float64]]
    hits: NDArray[np.float64]
    thresholds: tuple[float, ...]

    @classmethod
    def of_rows(cls, rows: Sequence[Mapping[str, Any]], thresholds: Sequence[float]) -> Counts:
        """Return the counts that the table of a report has.

        Parameters
        ----------
        rows : sequence of mapping
            Of `PossessionEvidence.rows`.
        thresholds : sequence of float

        Raises
        ------
        KeyError, ValueError
            A number is missing.
        """
        values: dict[tuple[str, str], dict[str, float]] = {}
        for row in rows:
            place = row.get("video", ""), row["track"]
            values.setdefault(place, {})[row["metric"]] = row["value"]
        videos = tuple(dict.fromkeys(video for video, _ in values))
        players = Players(
            videos, tuple(track for _, track in values),
            np.array([videos.index(video) for video, _ in values], np.int64),
        )  # fmt: skip

        def column(metric: str) -> NDArray[np.float64]:
            return np.array([one[metric] for one in values.values()], np.float64)

        names = (
            tuple(_COLUMNS)
            if any("shared" in one for one in values.values())
            else ("found", "spells")
        )
        hits = [column(f"tp@{name}") for name in threshold_names(thresholds) if "shared" in names]
        return cls(
            players, {name: column(_COLUMNS[name]) for name in names},
            np.array(hits).reshape(-1, len(players)), tuple(thresholds),
        )  # fmt: skip

    @property
    def items(self) -> tuple[str, ...]:
        """Names of the videos, or of the players where there is only one."""
        return self.players.items

    def statistics(self, weights: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        """Return every number of the summary that is a sum over rows.

        Parameters
        ----------
        weights : ndarray, shape (B, items)
        """
        several = len(self.players.videos) > 1
        item = self.players.video if several else np.arange(len(self.players))
        weight = np.asarray(weights, np.float64)[:, item]
        sums = self.sums
        if "truth" not in sums:
            return {"possession": weight @ sums["found"]}
        found, truth, shared = (weight @ sums[name] for name in ("found", "truth", "shared"))
        own = self.iou()
        known = ~np.isnan(own)
        result = {
            "iou": ratio(shared, found + truth - shared),
            "mean_iou": ratio(weight @ np.where(known, own, 0.0), weight @ known.astype(float)),
            "time_precision": ratio(shared, found),
            "time_recall": ratio(shared, truth),
        }
        spells, annotated = weight @ sums["spells"], weight @ sums["truth_spells"]
        hits = np.einsum("br,tr->tb", weight, self.hits)
        f1 = ratio(2.0 * hits, spells + annotated)
        if len(self.thresholds) > 1:
            result["F1"] = f1.mean(axis=0)
        for t, name in enumerate(threshold_names(self.thresholds)):
            result[f"F1@{name}"] = f1[t]
            result[f"precision@{name}"] = ratio(hits[t], spells)
            result[f"recall@{name}"] = ratio(hits[t], annotated)
        return {**result, "possession": found, "truth_possession": truth}

    def columns(self) -> dict[str, NDArray[Any]]:
        """Return one entry per player."""
        return {**self.players.columns(np.arange(len(self.players))), **self.sums}

    def iou(self) -> NDArray[np.float64]:
        """Return the IoU of found and annotated seconds of every row."""
        found, truth, shared = (self.sums[name] for name in ("found", "truth", "shared"))
        return ratio(shared, found + truth - shared)


def ratio(part: NDArray, whole: NDArray) -> NDArray[np.float64]:
    """Return a quotient; NaN where there is nothing to divide by.

    Parameters
    ----------
    part, whole : ndarray
    """
    whole = np.broadcast_to(whole, np.shape(part))
    return np.divide(part, whole, out=np.full(np.shape(part), np.nan), where=whole > 0)
