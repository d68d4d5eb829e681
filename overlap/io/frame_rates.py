"""Frames per second: one number for all videos, or one for each."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from overlap.io._json import parse_json
from overlap.io._source import Source, read_source
from overlap.io.printable import brief

__all__ = ["HEADS", "FrameRates", "as_frame_rates"]

#: Word for the rates that the truth itself states.
FIELD = "field"
#: Names of a column of rates.
HEADS = ("fps", "rate", "frame_rate", "framerate")
_WANTED = (
    "wanted a number such as 25, a file with the rate of each video (lines `video rate`, or a JSON "
    "object), or the word field for rates that the truth states"
)


@dataclass(frozen=True)
class FrameRates:
    """Rates of videos.

    Attributes
    ----------
    one : float or None
        The rate of all videos.
    each : mapping from str to float
        Rates of single videos, where `one` is None.
    stated : bool
        The rates are those that the truth states.
    source : str
        File; empty for what was in memory.
    sha256 : str or None
        Digest of the file.
    """

    one: float | None = None
    each: Mapping[str, float] = field(default_factory=dict)
    stated: bool = False
    source: str = ""
    sha256: str | None = None

    def settings(self) -> Any:
        """Return what a report says of the rates."""
        if self.one is not None:
            return self.one
        if self.stated:
            return FIELD
        if self.source:
            return {"source": self.source, "sha256": self.sha256}
        return {"each": dict(self.each)}

    def of(self, videos: Sequence[str], source: str) -> list[float]:
        """Return the rate of each video.

        Parameters
        ----------
        videos : sequence of str
        source : str
            Their input, for messages.

        Raises
        ------
        ValueError
            A video has none.
        """
        if self.one is not None:
            return [self.one] * len(videos)
        missing = [video for video in videos if video not in self.each]
        if missing:
            origin = self.source or ("the truth" if self.stated else "fps")
            raise ValueError(
                f"{source}: video {missing[0]!r} has no frame rate in {origin} "
                f"({len(missing):,} such); add it, or give one number"
            )
        return [self.each[video] for video in videos]


def as_frame_rates(given: Any) -> FrameRates:
    """Read frame rates.

    Parameters
    ----------
    given : float, str, path, mapping or FrameRates
        A number; a file with lines ``video rate`` (tabs, commas or blanks between them) or with a
        JSON object; a mapping from videos to rates; or ``"field"``: what the truth states.

    Raises
    ------
    ValueError
        A rate is no number above 0.
    OSError
        The file cannot be read.

    Examples
    --------
    >>> as_frame_rates("25").one, as_frame_rates({"v1": 30}).of(["v1"], "found.csv")
    (25.0, [30.0])
    """
    if isinstance(given, FrameRates):
        return given
    if isinstance(given, str) and given.strip().lower() == FIELD:
        return FrameRates(stated=True)
    if isinstance(given, Mapping):
        return FrameRates(each=_each(given.items(), "fps"))
    if isinstance(given, os.PathLike) or (isinstance(given, str) and os.path.exists(given)):
        content = read_source(Path(given))
        each = _each(_entries(content), content.name)
        return FrameRates(each=each, source=str(given), sha256=content.sha256)
    return FrameRates(_rate(given, "fps"))


def _rate(value: Any, where: str) -> float:
    try:
        rate = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        rate = math.nan
    if not (math.isfinite(rate) and rate > 0):
        raise ValueError(f"{where}: {brief(value)} is no frame rate; {_WANTED}")
    return rate


def _each(entries: Any, where: str) -> dict[str, float]:
    result: dict[str, float] = {}
    for video, value in entries:
        rate = _rate(value, f"{where}: video {video!r}")
        if result.setdefault(str(video), rate) != rate:
            raise ValueError(f"{where}: video {video!r} is there twice, with different rates")
    if not result:
        raise ValueError(f"{where}: has no frame rates; {_WANTED}")
    return result


def _entries(content: Source) -> Any:
    if content.is_json:
        payload = parse_json(content)
        if not isinstance(payload, Mapping):
            raise ValueError(f"{content.name}: {_WANTED}")
        return payload.items()
    rows: list[tuple[str, ...]] = []
    text = content.data.decode("utf-8-sig", "replace")
    for number, line in enumerate(text.splitlines(), start=1):
        mark = next((mark for mark in "\t;," if mark in line), None)
        cells = [cell.strip() for cell in line.split(mark) if cell.strip()]
        if not cells or (not rows and cells[-1].lower().replace("-", "_") in HEADS):
            continue
        if len(cells) != 2:
            raise ValueError(
                f"{content.name}, line {number}: {brief(line)} has {len(cells)} cells; wanted a "
                "video and its frame rate"
            )
        rows.append(tuple(cells))
    return rows
