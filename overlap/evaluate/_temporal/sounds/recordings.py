"""Events of both sides, with one numbering of recordings and classes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from overlap._common.values import ByValue
from overlap.io.segments import SegmentTable

from ..numbering import renumbered

__all__ = ["Events", "Recordings", "common_classes", "joined_recordings", "recordings_of"]


@dataclass(frozen=True, eq=False)
class Events(ByValue):
    """Events of one side, in the order of the input.

    Attributes
    ----------
    recording, label : ndarray, dtype=int64, shape (n,)
    onset, offset : ndarray, dtype=float64, shape (n,)
        Seconds.
    confidence : ndarray, dtype=float64, shape (n,)
        0 where the input has none.
    """

    recording: NDArray[np.int64]
    label: NDArray[np.int64]
    onset: NDArray[np.float64]
    offset: NDArray[np.float64]
    confidence: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.onset)

    def select(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> Events:
        """Keep some events.

        Parameters
        ----------
        rows : ndarray of int or bool
        """
        return Events(*(getattr(self, name)[rows] for name in _COLUMNS))


@dataclass(frozen=True, eq=False)
class Recordings(ByValue):
    """Both sides of some recordings.

    Attributes
    ----------
    names : tuple of str
        Recordings: those of the truth first.
    classes : tuple of str
    truth : Events
    found : tuple of Events
        One for each operating point that was given.
    duration : ndarray, dtype=float64, shape (recordings,)
        Seconds; NaN where unknown.
    ranked : bool
        Whether there is one operating point, and its predictions have confidences.
    """

    names: tuple[str, ...]
    classes: tuple[str, ...]
    truth: Events
    found: tuple[Events, ...]
    duration: NDArray[np.float64]
    ranked: bool = False

    def each(self) -> Iterator[tuple[int, Events, Events]]:
        """Yield number, truth and found events of every recording, events in their order."""
        sides = []
        for events in (self.truth, self.found[0]):
            order = np.argsort(events.recording, kind="stable")
            begins = np.searchsorted(events.recording[order], np.arange(len(self.names) + 1))
            sides.append((events.select(order), begins))
        for k in range(len(self.names)):
            one, other = (
                events.select(np.arange(begins[k], begins[k + 1])) for events, begins in sides
            )
            yield k, one, other

    def blocks(self, count: int) -> list[Recordings]:
        """Split into blocks of recordings.

        Parameters
        ----------
        count : int
            Wanted number; there are never more than recordings.
        """
        count = max(1, min(count, len(self.names)))
        if count == 1:
            return [self]
        ends = [len(self.names) * k // count for k in range(count + 1)]
        result = []
        for low, high in pairwise(ends):
            sides = []
            for events in (self.truth, *self.found):
                some = events.select((events.recording >= low) & (events.recording < high))
                sides.append(replace(some, recording=some.recording - low))
            result.append(
                replace(
                    self,
                    names=self.names[low:high],
                    truth=sides[0],
                    found=tuple(sides[1:]),
                    duration=self.duration[low:high],
                )
            )
        return result


_COLUMNS = ("recording", "label", "onset", "offset", "confidence")


def recordings_of(
    truth: SegmentTable,
    found: Sequence[SegmentTable],
    durations: Mapping[str, float] | None = None,
    classes: Sequence[str] | None = None,
) -> Recordings:
    """Give recordings and classes of both sides one numbering.

    Parameters
    ----------
    truth : SegmentTable
    found : sequence of SegmentTable
        One for each operating point.
    durations : mapping from str to float, optional
        Seconds of recordings; those that it names alone are recordings, too. By default what the
        truth knows.
    classes : sequence of str, optional
        Events of other classes are left out; by default all classes of both sides.

    Raises
    ------
    ValueError
        An input has datetimes.
    """
    tables = [truth, *found]
    for table in tables:
        if table.times is not None:
            raise ValueError(
                f"{table.source}: has datetimes; events of sounds are seconds after the start of "
                "their recording"
            )
    known = dict(durations or {})
    if durations is None:
        known = {
            name: float(length)
            for name, length in zip(truth.videos, truth.duration, strict=True)
            if length == length
        }
    names = tuple(dict.fromkeys([*truth.videos, *known, *(v for t in found for v in t.videos)]))
    labels = tuple(dict.fromkeys(label for table in tables for label in table.labels))
    if classes is not None:
        labels = tuple(classes)
    sides = []
    for table in tables:
        recording = renumbered(table.video, table.videos, names)
        label = renumbered(table.label, table.labels, labels)
        confidence = np.zeros(len(table)) if table.confidence is None else table.confidence
        events = Events(recording, label, table.start, table.stop, confidence)
        sides.append(events.select(events.label >= 0) if classes is not None else events)
    duration = np.array([known.get(name, np.nan) for name in names], dtype=np.float64)
    ranked = len(found) == 1 and found[0].confidence is not None
    return Recordings(names, labels, sides[0], tuple(sides[1:]), duration, ranked)


def joined_recordings(parts: Sequence[Recordings]) -> Recordings:
    """Put different recordings together.

    Parameters
    ----------
    parts : sequence of Recordings

    Raises
    ------
    ValueError
        A recording is in two of them, or they have different numbers of operating points.
    """
    if len(parts) == 1:
        return parts[0]
    counts = {len(part.found) for part in parts}
    if len(counts) > 1:
        raise ValueError(
            f"study: items have {' and '.join(map(str, sorted(counts)))} operating points; give "
            "each of them as many"
        )
    names = tuple(name for part in parts for name in part.names)
    if len(set(names)) < len(names):
        seen: set[str] = set()
        twice = next(name for name in names if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise ValueError(
            f"study: recording {twice!r} is in two items; a recording must be added as a whole"
        )
    classes, numbers = common_classes([part.classes for part in parts])
    begins = np.append(0, np.cumsum([len(part.names) for part in parts]))

    def side(given: Sequence[Events]) -> Events:
        moved = [
            replace(
                events,
                recording=events.recording + begins[k],
                label=numbers[k][events.label],
            )
            for k, events in enumerate(given)
        ]
        return Events(*(np.concatenate([getattr(x, name) for x in moved]) for name in _COLUMNS))

    return Recordings(
        names,
        classes,
        side([part.truth for part in parts]),
        tuple(side([part.found[k] for part in parts]) for k in range(counts.pop())),
        np.concatenate([part.duration for part in parts]),
        all(part.ranked for part in parts),
    )


def common_classes(
    given: Sequence[Sequence[str]],
) -> tuple[tuple[str, ...], list[NDArray[np.int64]]]:
    """Return the classes of all parts, and the numbers of those of each part among them.

    Parameters
    ----------
    given : sequence of sequence of str
    """
    classes = tuple(dict.fromkeys(name for names in given for name in names))
    place = {name: k for k, name in enumerate(classes)}
    return classes, [np.array([place[name] for name in names], dtype=np.int64) for names in given]
