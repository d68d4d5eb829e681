"""Labelled points in time of videos, as columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overlap._common.values import ByValue

__all__ = ["PointTable", "point_table"]


@dataclass(frozen=True, eq=False)
class PointTable(ByValue):
    """Labelled points in time; rows keep the order of the input.

    Attributes
    ----------
    videos : tuple of str, length V
        Distinct names in order of first appearance, videos without points included.
    labels : tuple of str, length L
    video, label : ndarray, dtype=int64, shape (N,)
        Index into `videos` and `labels`.
    part : ndarray, dtype=int64, shape (N,)
        Part of the video with a clock of its own, such as the half of a match; 1 where there are
        none.
    time : ndarray, dtype=float64, shape (N,)
        In `unit`, finite, >= 0.
    unit : {"seconds", "frames"}
    confidence : ndarray, dtype=float64, shape (N,), or None
    shown : ndarray, dtype=bool, shape (N,), or None
        Whether the point can be seen in the video; None where the input does not say it.
    rate : ndarray, dtype=float64, shape (V,)
        Frames per second; NaN where unknown.
    source : str
    sha256 : str or None
    row : ndarray, dtype=int64, shape (N,)
        Row in the input.
    findings : tuple of str
        Observations that must not be missed.
    """

    videos: tuple[str, ...]
    labels: tuple[str, ...]
    video: NDArray[np.int64]
    label: NDArray[np.int64]
    part: NDArray[np.int64]
    time: NDArray[np.float64]
    unit: str
    confidence: NDArray[np.float64] | None
    shown: NDArray[np.bool_] | None
    rate: NDArray[np.float64]
    source: str
    sha256: str | None
    row: NDArray[np.int64]
    findings: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.time)


def point_table(
    videos: dict[str, float],
    rows: dict[str, list[Any]],
    *,
    where: Any,
    source: str,
    sha256: str | None,
    unit: str,
    findings: tuple[str, ...] = (),
) -> PointTable:
    """Make a table of columns, whose times are checked.

    Parameters
    ----------
    videos : dict from str to float
        Frames per second by name; NaN where unknown.
    rows : dict from str to list
        Columns ``video`` (names), ``label``, ``time``, ``row``, and ``part``, ``confidence``,
        ``shown``, which may be missing.
    where : callable
        Names row i for a message.
    source, sha256, unit, findings
        Of the table.

    Raises
    ------
    ValueError
        A time is below 0.
    """  # fmt: skip
    place = {name: k for k, name in enumerate(videos)}
    labels: dict[str, int] = {}
    label = [labels.setdefault(name, len(labels)) for name in rows["label"]]
    time = np.array(rows["time"], dtype=np.float64)
    early = np.flatnonzero(time < 0)
    if early.size:
        row = int(early[0])
        raise ValueError(
            f"{where(row)}: the time is {time[row]:g}; wanted {unit} from the start of the video"
        )
    confidence, shown = rows.get("confidence"), rows.get("shown")
    return PointTable(
        tuple(videos),
        tuple(labels),
        np.array([place[name] for name in rows["video"]], dtype=np.int64),
        np.array(label, dtype=np.int64),
        np.array(rows.get("part", np.ones(len(time))), dtype=np.int64),
        time,
        unit,
        None if confidence is None else np.array(confidence, dtype=np.float64),
        None if shown is None else np.array(shown, dtype=bool),
        np.array(list(videos.values()), dtype=np.float64),
        source,
        sha256,
        np.array(rows["row"], dtype=np.int64),
        findings,
    )
