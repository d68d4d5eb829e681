"""Points of both sides, put into frames, video by video."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overlap.io.name_match import mismatch
from overlap.io.point_table import PointTable
from overlap.io.points import as_points
from overlap.io.printable import number_of, some

from .matching import Points
from .protocol import SpottingProtocol

__all__ = ["Inputs", "Video", "read_inputs"]

_OTHER_UNIT = 4.0  # how much later than the truth the last predictions may be


@dataclass(frozen=True, eq=False)
class Video:
    """One video, to be measured.

    Attributes
    ----------
    name : str
    truth, found : Points
    """

    name: str
    truth: Points
    found: Points

    def digests(self) -> tuple[str, str]:
        """Return digests of all points, and of those of the truth."""
        state = hashlib.sha256(self.name.encode("utf-8", "surrogateescape"))
        digests = []
        for points in (self.truth, self.found):
            names = [points.labels[k] for k in points.label.tolist()]
            state.update("\0".join(names).encode("utf-8", "surrogateescape"))
            for column in (points.part, points.frame, points.confidence, points.shown):
                state.update(np.ascontiguousarray(column).tobytes() + b"\0")
            digests.append(state.hexdigest())
        return digests[1], digests[0]


@dataclass(frozen=True, eq=False)
class Inputs:
    """What is read.

    Attributes
    ----------
    truth, found : PointTable
    videos : tuple of Video
    told : bool
        Whether the truth says what is shown.
    findings : tuple of str
    """

    truth: PointTable
    found: PointTable
    videos: tuple[Video, ...]
    told: bool
    findings: tuple[str, ...]


def read_inputs(protocol: SpottingProtocol, truth: Any, found: Any) -> Inputs:
    """Read both sides.

    Parameters
    ----------
    protocol : SpottingProtocol
    truth, found
        As `overlap.io.points.as_points` takes them.

    Raises
    ------
    ValueError
        An input is bad, or a frame rate is missing.
    """
    tables = (as_points(truth, role="truth"), as_points(found, role="found"))
    rates = {
        name: rate
        for table in reversed(tables)
        for name, rate in zip(table.videos, table.rate.tolist(), strict=True)
        if rate > 0
    }
    sides, late = [], 0
    for table in tables:
        frame, beyond = _frames(protocol, table, rates)
        sides.append(_by_video(table, frame))
        late += beyond
    nothing = _points(tables[0], np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64))
    videos = tuple(
        Video(name, sides[0][name], sides[1].get(name, nothing)) for name in tables[0].videos
    )
    findings = [*_findings(*tables)]
    if late:
        findings.append(
            f"{number_of(late, 'point')} later than {protocol.longest:g} s, put into the last "
            "frame as the program does; --set longest=0 leaves them where they are"
        )
    return Inputs(*tables, videos, tables[0].shown is not None, tuple(findings))


def _frames(
    protocol: SpottingProtocol, table: PointTable, rates: dict[str, float]
) -> tuple[NDArray[np.int64], int]:
    """Return the frame of each point, and how many are beyond the last one."""
    time = table.time
    if table.unit == "frames" and protocol.fps:
        known = [rates.get(name, np.nan) for name in table.videos]
        used = np.unique(table.video)
        lacking = [table.videos[k] for k in used.tolist() if not known[k] > 0]
        if lacking:
            raise ValueError(
                f"{table.source}: its points are frames, and the frame rate of {some(lacking, 3)} "
                "is not known; give each video an fps in the truth, or use seconds"
            )
        time = time / np.array(known, dtype=np.float64)[table.video]
    if table.unit == "seconds" and not protocol.fps:
        raise ValueError(
            f"{table.source}: its points are seconds, and tolerances are frames; say how many "
            "frames a second has, such as --set fps=25"
        )
    frame = np.floor(protocol.fps * time if protocol.fps else time).astype(np.int64)
    if not protocol.longest:
        return frame, 0
    last = int(protocol.longest * protocol.fps) - 1
    return np.minimum(frame, last), int((frame > last).sum())


def _points(table: PointTable, rows: NDArray[np.int64], frame: NDArray[np.int64]) -> Points:
    numbers, label = np.unique(table.label[rows], return_inverse=True)
    ones = np.ones(len(rows))
    return Points(
        tuple(table.labels[k] for k in numbers.tolist()),
        label.astype(np.int64),
        table.part[rows],
        frame[rows] if len(rows) else np.empty(0, dtype=np.int64),
        ones if table.confidence is None else table.confidence[rows],
        ones.astype(bool) if table.shown is None else table.shown[rows],
        rows,
    )


def _by_video(table: PointTable, frame: NDArray[np.int64]) -> dict[str, Points]:
    order = np.argsort(table.video, kind="stable")
    cuts = np.searchsorted(table.video[order], np.arange(1, len(table.videos)))
    parts = np.split(order, cuts) if table.videos else []
    return {
        name: _points(table, rows, frame) for name, rows in zip(table.videos, parts, strict=True)
    }


def _findings(truth: PointTable, found: PointTable) -> list[str]:
    said = [*truth.findings, *found.findings]
    known, given = set(truth.videos), set(found.videos)
    strange = [name for name in found.videos if name not in known]
    if strange:
        said.append(
            f"found: {number_of(len(strange), 'video')} left out, because the truth does not have "
            f"{'it' if len(strange) == 1 else 'them'} ({some(strange, 3)})"
        )
    silent = [name for name in truth.videos if name not in given]
    if silent:
        said.append(
            f"{number_of(len(silent), 'video')} without predictions, of which all points are "
            f"missed ({some(silent, 3)})"
        )
    reasons = [
        mismatch("videos", truth.videos, found.videos),
        mismatch("labels", truth.labels, found.labels),
    ]
    assert found.confidence is not None
    outside = int(((found.confidence < 0) | (found.confidence > 1)).sum())
    if outside:
        said.append(
            f"{number_of(outside, 'confidence')} outside of 0 to 1: those below 0 are left out, "
            "and those above 1 are not told apart, where a protocol has levels of confidence"
        )
    if len(truth) and len(found) and truth.unit == found.unit:
        ratio = float(np.median(found.time) / max(float(np.median(truth.time)), 1e-9))
        if not 1 / _OTHER_UNIT <= ratio <= _OTHER_UNIT and ratio > 0:
            said.append(
                f"the median time of the predictions is {ratio:.3g} times that of the truth: have "
                "both the same unit?"
            )
    return [*said, *(reason for reason in reasons if reason)]
