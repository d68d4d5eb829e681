"""Tubes: boxes of some frames of a video that belong together, as columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from overlap._common.values import ByValue, ReadOnly
from overlap.io._columns import to_float64, to_names
from overlap.io.printable import number_of

__all__ = ["TubeTable", "joined_tubes"]


@dataclass(frozen=True, eq=False)
class TubeTable(ByValue):
    """Tubes of videos; boxes of a tube follow each other in order of frame.

    Make one from columns with `TubeTable.of`, from a file with `overlap.io.as_tubes`.

    Attributes
    ----------
    videos, labels : tuple of str
        Names of the videos (of queries, where each has one tube) and of the classes.
    video, label : ndarray, dtype=int64, shape (N,)
        Index into `videos` and `labels` of each tube.
    pointer : ndarray, dtype=int64, shape (N + 1,)
        Tube `i` has the boxes ``pointer[i]`` to ``pointer[i + 1]``.
    frame : ndarray, dtype=float64, shape (M,)
        Frame of each box, rising inside a tube.
    box : ndarray, dtype=float64, shape (M, 4)
        ``x1, y1, x2, y2`` of each box.
    confidence : ndarray, dtype=float64, shape (N,), or None
        Of each tube; None for truths.
    box_confidence : ndarray, dtype=float64, shape (M,), or None
        Of each box.
    row : ndarray, dtype=int64, shape (N,)
        Place of each tube in its input, as messages count it.
    linked : bool
        Whether the input says which boxes belong together; if not, each box is a tube.
    normalised : bool
        Whether boxes are shares of the width and the height of the video.
    frame_sizes : mapping from str to (float, float)
        Height and width of videos.
    label_ids : mapping from str to str
        Names of classes by their numbers, as texts.
    source : str
        File name, or what the object in memory is.
    sha256 : str or None
        Hexadecimal digest of the file as stored.
    notes, findings : tuple of str
        What was changed, and what must not be missed.

    Examples
    --------
    >>> import numpy as np
    >>> table = TubeTable.of(["a", "a"], [1, 2], np.zeros((2, 4)), tube=["x", "y"])
    >>> table, table.select([1]).first
    (<TubeTable 2 tubes of 2 boxes in 1 video>, array([2.]))
    """

    videos: tuple[str, ...]
    labels: tuple[str, ...]
    video: NDArray[np.int64]
    label: NDArray[np.int64]
    pointer: NDArray[np.int64]
    frame: NDArray[np.float64]
    box: NDArray[np.float64]
    confidence: NDArray[np.float64] | None
    box_confidence: NDArray[np.float64] | None
    row: NDArray[np.int64]
    linked: bool = True
    normalised: bool = False
    frame_sizes: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    label_ids: Mapping[str, str] = field(default_factory=dict)
    source: str = "tubes"
    sha256: str | None = None
    notes: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("frame_sizes", "label_ids"):
            object.__setattr__(self, name, ReadOnly(getattr(self, name)))

    @classmethod
    def of(
        cls,
        video: Sequence[Any],
        frame: Any,
        box: ArrayLike,
        *,
        tube: Sequence[Any] | None = None,
        label: Sequence[Any] | None = None,
        confidence: Any = None,
        where: Any = None,
        source: str = "tubes",
        **about: Any,
    ) -> TubeTable:
        """Make a table from one entry for each box.

        Parameters
        ----------
        video : sequence, shape (M,)
            Name of the video, or of the query.
        frame : array_like, shape (M,)
        box : array_like, shape (M, 4)
            ``x1, y1, x2, y2``, with ``x1 <= x2`` and ``y1 <= y2``.
        tube : sequence, shape (M,), optional
            Name or number of the tube inside its video and class; without it each box is a tube.
        label : sequence, shape (M,), optional
            Class; by default all are of one.
        confidence : array_like, shape (M,), optional
            Of a prediction. That of a tube is the mean over its boxes.
        where : callable, optional
            Name of row i, for messages.
        source : str
        **about
            Other attributes.

        Raises
        ------
        ValueError
            A value is missing or not finite, a box is turned, or a tube has two boxes in a frame.

        Examples
        --------
        >>> table = TubeTable.of(["a", "a"], [1, 2], [[0, 0, 4, 4], [0, 0, 4, 5]], tube=[0, 0])
        >>> len(table), table.frame
        (1, array([1., 2.]))
        """
        count = len(video)
        where = where or (lambda row: f"{source}, row {row}")
        videos, video_of = _numbered(to_names(video, "video", where))
        labels, label_of = _numbered(
            [""] * count if label is None else to_names(label, "label", where)
        )
        times = to_float64(frame, "frame", where, unit="")
        corners = np.asarray(box, dtype=np.float64).reshape(count, 4)
        bad = ~np.isfinite(corners).all(axis=1)
        bad |= (corners[:, 2] < corners[:, 0]) | (corners[:, 3] < corners[:, 1])
        if bad.any():
            k = int(np.flatnonzero(bad)[0])
            raise ValueError(
                f"{where(k)}: the box is {corners[k].tolist()}; wanted finite x1,y1,x2,y2 with "
                "x1 <= x2 and y1 <= y2"
            )
        score = None if confidence is None else to_float64(confidence, "score", where, unit="")
        if tube is None:
            key = np.arange(count)
        else:
            name_of = _numbered(to_names(tube, "tube", where))[1]
            shape = len(videos), len(labels), int(name_of.max(initial=0)) + 1
            code = np.ravel_multi_index((video_of, label_of, name_of), shape) if count else name_of
            _, first, inverse = np.unique(code, return_index=True, return_inverse=True)
            place = np.empty(len(first), np.int64)
            place[np.argsort(first)] = np.arange(len(first))
            key = place[inverse]
        order = np.lexsort((times, key))
        key, times, corners = key[order], times[order], corners[order]
        twice = np.flatnonzero((key[1:] == key[:-1]) & (times[1:] == times[:-1]))
        if twice.size:
            k = int(order[twice[0] + 1])
            raise ValueError(
                f"{where(k)}: the tube has two boxes in frame {times[twice[0]]:g}; keep one"
            )
        begins = np.flatnonzero(np.diff(key, prepend=-1))
        pointer = np.append(begins, count).astype(np.int64)
        own = None
        if score is not None:
            score = score[order]
            # NumPy's mean, as programs that link boxes compute it
            own = np.array([score[a:b].mean() for a, b in _spans(pointer)])
            same = [bool((score[a:b] == score[a]).all()) for a, b in _spans(pointer)]
            own = np.where(same, score[begins], own) if len(begins) else own
        rows = order[begins]
        return cls(
            videos, labels, video_of[rows], label_of[rows], pointer, times, corners, own, score,
            rows, tube is not None, source=source, **about,
        )  # fmt: skip

    def __len__(self) -> int:
        return len(self.video)

    def __repr__(self) -> str:
        return (
            f"<TubeTable {number_of(len(self), 'tube')} of {len(self.frame):,} boxes in "
            f"{number_of(len(self.videos), 'video')}>"
        )

    @property
    def owner(self) -> NDArray[np.int64]:
        """Tube of each box."""
        return np.repeat(np.arange(len(self)), np.diff(self.pointer))

    @property
    def first(self) -> NDArray[np.float64]:
        """First frame of each tube."""
        return self.frame[self.pointer[:-1]]

    @property
    def last(self) -> NDArray[np.float64]:
        """Last frame of each tube."""
        return self.frame[self.pointer[1:] - 1]

    def select(self, rows: NDArray[Any]) -> TubeTable:
        """Return some of the tubes; names of videos and classes stay.

        Parameters
        ----------
        rows : ndarray
            Numbers of tubes, or one Boolean for each.
        """
        rows = np.arange(len(self))[rows]
        sizes = np.diff(self.pointer)[rows]
        pointer = np.append(0, np.cumsum(sizes))
        boxes = np.arange(pointer[-1]) + np.repeat(self.pointer[rows] - pointer[:-1], sizes)
        return replace(
            self,
            video=self.video[rows],
            label=self.label[rows],
            pointer=pointer,
            frame=self.frame[boxes],
            box=self.box[boxes],
            confidence=None if self.confidence is None else self.confidence[rows],
            box_confidence=None if self.box_confidence is None else self.box_confidence[boxes],
            row=self.row[rows],
        )

    def as_boxes(self) -> TubeTable:
        """Return every box as a tube of its own, with its own confidence where it has one."""
        owner = self.owner
        score = self.box_confidence
        if score is None and self.confidence is not None:
            score = self.confidence[owner]
        return replace(
            self,
            video=self.video[owner],
            label=self.label[owner],
            pointer=np.arange(len(owner) + 1),
            confidence=score,
            box_confidence=score,
            row=self.row[owner],
            linked=False,
        )

    def beside(self, truth: TubeTable) -> TubeTable:
        """Return the table with classes and pixels as the truth has them.

        Parameters
        ----------
        truth : TubeTable
            Its `label_ids` name numbers of classes, its `frame_sizes` scale boxes in shares.

        Raises
        ------
        ValueError
            Boxes are shares, and the truth does not have the size of a video.
        """
        result = self
        ids = truth.label_ids
        if ids and self.labels and not self.label_ids and set(self.labels) <= set(ids):
            result = replace(result, labels=tuple(ids[label] for label in self.labels))
        if not self.normalised or truth.normalised:
            return result
        used = [self.videos[k] for k in np.unique(self.video)]
        lacking = [name for name in used if name in truth.videos and name not in truth.frame_sizes]
        if lacking:
            raise ValueError(
                f"{self.source}: boxes are shares of the frame, and {truth.source} has pixels and "
                f"no size of the video {lacking[0]!r}; multiply x by the width and y by the height"
            )
        size = np.array([truth.frame_sizes.get(name, (1.0, 1.0)) for name in self.videos], float)
        size = size.reshape(-1, 2)[self.video][self.owner]
        scaled = self.box * size[:, [1, 0, 1, 0]]
        return replace(result, box=scaled, normalised=False)


def joined_tubes(parts: Sequence[TubeTable]) -> TubeTable:
    """Put tables together, one after the other.

    Parameters
    ----------
    parts : sequence of TubeTable
        One or more; what is known of files is that of the first.
    """
    first = parts[0]
    if len(parts) == 1:
        return first
    names = {
        name: tuple(dict.fromkeys(x for part in parts for x in getattr(part, name)))
        for name in ("videos", "labels")
    }

    def column(name: str) -> Any:
        values = [getattr(part, name) for part in parts]
        return None if values[0] is None else np.concatenate(values)

    def index(name: str, several: str) -> NDArray[np.int64]:
        place = {x: k for k, x in enumerate(names[several])}
        return np.concatenate(
            [
                np.array([place[x] for x in getattr(part, several)], np.int64)[getattr(part, name)]
                for part in parts
            ]
        )

    begins = np.cumsum([0, *(len(part.frame) for part in parts)])
    pointers = [part.pointer[1:] + k for part, k in zip(parts, begins, strict=False)]
    return replace(
        first,
        videos=names["videos"],
        labels=names["labels"],
        video=index("video", "videos"),
        label=index("label", "labels"),
        pointer=np.concatenate([[0], *pointers]),
        frame=column("frame"),
        box=column("box"),
        confidence=column("confidence"),
        box_confidence=column("box_confidence"),
        row=column("row"),
        frame_sizes={k: x for part in parts for k, x in part.frame_sizes.items()},
        notes=tuple(dict.fromkeys(x for part in parts for x in part.notes)),
        findings=tuple(dict.fromkeys(x for part in parts for x in part.findings)),
    )


def _spans(pointer: NDArray[np.int64]) -> list[tuple[int, int]]:
    return list(pairwise(pointer.tolist()))


def _numbered(names: Sequence[str]) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """Return the names in the order in which they come, and the number of each entry."""
    place = {name: k for k, name in enumerate(dict.fromkeys(names))}
    return tuple(place), np.array([place[name] for name in names], dtype=np.int64)
