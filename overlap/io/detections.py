"""Labelled regions of images, or of other items: truths and detections, as columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from overlap._common.numbers import as_numbers, unmasked
from overlap._common.values import ByValue, ReadOnly
from overlap.io.printable import brief, some
from overlap.regions.base import Regions

__all__ = ["Detections"]


@dataclass(frozen=True, eq=False)
class Detections(ByValue):
    """Regions with the item and the class of each; rows keep the order of the input.

    Make one from names with `Detections.of`.

    Attributes
    ----------
    items : tuple of str
        Names of the images, recordings or frames, in the order in which ties are broken; items
        without regions are included.
    labels : tuple of str
        Names of the classes.
    item, label : ndarray, dtype=int64, shape (N,)
        Index into `items` and into `labels`.
    regions : Regions
        A batch of N regions of any kind.
    confidence : ndarray, dtype=float64, shape (N,), or None
        Finite; higher is surer. None for truths.
    flags : mapping from str to ndarray of bool, shape (N,)
        Such as ``"crowd"``, ``"ignore"`` and ``"difficult"``.
    sizes : mapping from str to ndarray of float64, shape (N,)
        Such as ``"area"``, by which parts of the truths are told apart.
    row : ndarray, dtype=int64, shape (N,)
        Place of each region in its input, as messages count it.
    source : str
        File name, or what the object in memory is.
    sha256 : str or None
        Hexadecimal digest of the file as stored; None for objects in memory.
    findings : tuple of str
        Observations that must not be missed.
    kind : str
        Word for the regions, such as ``"boxes"``; by default the name of their class.
    groups : mapping from str to ndarray of bool, shape (L,)
        Which of the classes belong to a group, such as ``"rare"``.
    files : mapping from str to str
        Name of the file of an image, by its item, where the input says it.
    judged : str
        Digest of which classes were looked for in which items; empty for all in all.
    """

    items: tuple[str, ...]
    labels: tuple[str, ...]
    item: NDArray[np.int64]
    label: NDArray[np.int64]
    regions: Regions
    confidence: NDArray[np.float64] | None = None
    flags: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)
    sizes: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    row: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    source: str = "Detections"
    sha256: str | None = None
    findings: tuple[str, ...] = ()
    kind: str = ""
    groups: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    judged: str = ""

    def __post_init__(self) -> None:
        if not self.kind:
            object.__setattr__(self, "kind", type(self.regions).__name__)
        for name in ("flags", "sizes", "groups", "files"):
            object.__setattr__(self, name, ReadOnly(getattr(self, name)))

    @classmethod
    def of(
        cls,
        item: ArrayLike,
        label: ArrayLike,
        regions: Regions,
        confidence: ArrayLike | None = None,
        *,
        crowd: ArrayLike | None = None,
        ignore: ArrayLike | None = None,
        difficult: ArrayLike | None = None,
        area: ArrayLike | None = None,
        items: Sequence[Any] | None = None,
        labels: Sequence[Any] | None = None,
        source: str = "Detections",
    ) -> Detections:
        """Make a table from names.

        Parameters
        ----------
        item, label : array_like, shape (N,)
            Name or number of the image, and of the class, of each region. 1.0 is the number 1.
        regions : Regions
            A batch of N regions of any kind.
        confidence : array_like, dtype=float, shape (N,), optional
            Of detections; finite.
        crowd, ignore, difficult : array_like, dtype=bool, shape (N,), optional
            Flags of truths; a protocol says what they mean.
        area : array_like, dtype=float, shape (N,), optional
            By which small and large truths are told apart; by default ``regions.measure()``.
        items : sequence, optional
            All items, those without regions too, in the order of ties; by default those of
            `item`, sorted.
        labels : sequence, optional
            All classes; by default those of `label`, sorted.
        source : str
            What messages call the table.

        Raises
        ------
        TypeError
            A confidence or area is no number; text and Booleans are none.
        ValueError
            Columns are of different lengths, a value is masked or missing, a confidence is not
            finite, or an item or class is not one of those given; the message names the row.

        Examples
        --------
        >>> import overlap as ov
        >>> truth = Detections.of(["a", "a", "b"], ["cat", "dog", "cat"],
        ...                       ov.Boxes([[0, 0, 4, 4], [2, 2, 6, 6], [0, 0, 1, 1]]))
        >>> len(truth), truth.items, truth.labels, truth.sizes["area"]
        (3, ('a', 'b'), ('cat', 'dog'), array([16., 16.,  1.]))
        """
        count = len(regions)
        item_names, item_index = _numbered(item, items, "item", count, source)
        label_names, label_index = _numbered(label, labels, "label", count, source)
        score = None if confidence is None else _column(confidence, "confidence", count, source)
        flags = {
            name: _flag(values, name, count, source)
            for name, values in (("crowd", crowd), ("ignore", ignore), ("difficult", difficult))
            if values is not None
        }
        sizes = {
            "area": np.asarray(regions.measure(), dtype=np.float64)
            if area is None
            else _column(area, "area", count, source)
        }
        return cls(item_names, label_names, item_index, label_index, regions, score, flags, sizes,
                   np.arange(count), source)  # fmt: skip

    def __len__(self) -> int:
        return len(self.item)

    def __repr__(self) -> str:
        ranked = "with" if self.confidence is not None else "without"
        return (
            f"<Detections {self.source}: {len(self):,} {self.kind} in "
            f"{len(self.items):,} items, {len(self.labels)} classes, {ranked} confidences>"
        )

    def select(self, rows: NDArray[Any]) -> Detections:
        """Return some of the regions; items and classes stay.

        Parameters
        ----------
        rows : ndarray of int or bool
        """
        return replace(
            self,
            item=self.item[rows],
            label=self.label[rows],
            regions=self.regions[rows],
            confidence=None if self.confidence is None else self.confidence[rows],
            flags={name: flag[rows] for name, flag in self.flags.items()},
            sizes={name: size[rows] for name, size in self.sizes.items()},
            row=self.row[rows],
        )

    def where(self, index: int) -> str:
        """Name a row for a message: its source, place, item and class.

        Parameters
        ----------
        index : int
        """
        return (
            f"{self.source}: row {int(self.row[index])} (item "
            f"{brief(self.items[self.item[index]])}, class {brief(self.labels[self.label[index]])})"
        )


def _numbered(
    values: ArrayLike, known: Sequence[Any] | None, name: str, count: int, source: str
) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """Return names in order, and the number of each value."""
    given = _array(values, f"{source}: {name}")
    if given.ndim != 1 or len(given) != count:
        raise ValueError(
            f"{source}: {name} has shape {given.shape}, and there are {count} regions; give one "
            f"{name} for each"
        )
    if known is not None:
        return _looked_up(given, known, name, source)
    if given.dtype.kind in "fOS":
        keys = [_key(value, row, name, source) for row, value in enumerate(given.tolist())]
        whole = all(isinstance(key, int) for key in keys)
        given = np.array(keys if whole else list(map(str, keys)), dtype=None if keys else str)
    names, index = np.unique(given, return_inverse=True)
    return tuple(map(str, names.tolist())), index.astype(np.int64)


def _looked_up(
    given: NDArray[Any], known: Sequence[Any], name: str, source: str
) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """Return the known names, and the number of each value."""
    place = {entry: k for k, entry in enumerate(known)}
    if len(place) < len(known):
        raise ValueError(f"{source}: {name}s has an entry twice")
    index = np.array([place.get(value, -1) for value in given.tolist()], dtype=np.int64)
    if (index < 0).any():
        row = int(np.argmax(index < 0))
        raise ValueError(
            f"{source}: row {row}: {name} {brief(given.tolist()[row])} is not one of the {name}s "
            f"given: {some(list(known))}"
        )
    return tuple(map(str, known)), index


def _array(values: Any, what: str) -> NDArray[Any]:
    """Return an array of names, of a tensor in a graph as well."""
    values = unmasked(values, what)
    detach = getattr(values, "detach", None)
    if isinstance(values, list | tuple) and len(set(map(type, values))) > 1:
        return np.array(values, dtype=object)  # NumPy would make text of all
    return np.asarray(values if detach is None else detach())


def _key(value: Any, row: int, name: str, source: str) -> Any:
    """Return a name by which values are equal: 1.0 is 1."""
    value = value.item() if isinstance(value, np.number) else value
    if isinstance(value, float) and value.is_integer() and abs(value) < 2.0**53:
        return int(value)
    missing = value is None or isinstance(value, bytes) or _is_missing(value)
    if missing or (isinstance(value, float) and abs(value) >= 2.0**53):
        raise ValueError(
            f"{source}: row {row}: {name} is {brief(value)}; wanted a name or a whole number"
        )
    return value


def _is_missing(value: Any) -> bool:
    """Whether a value is NaN, or the missing value of pandas, which compares to nothing."""
    try:
        return bool(value != value)
    except (TypeError, ValueError):
        return True


def _column(values: ArrayLike, name: str, count: int, source: str) -> NDArray[np.float64]:
    column = as_numbers(values, f"{source}: {name}")
    if column.shape != (count,):
        raise ValueError(
            f"{source}: {name} has shape {column.shape}, and there are {count} regions; give one "
            "number for each"
        )
    if not np.isfinite(column).all():
        row = int(np.argmin(np.isfinite(column)))
        raise ValueError(
            f"{source}: row {row}: {name} is {column[row]}; give a finite number, or leave the "
            "region out"
        )
    return column


def _flag(values: ArrayLike, name: str, count: int, source: str) -> NDArray[np.bool_]:
    column = _array(values, f"{source}: {name}")
    if column.shape != (count,) or not np.isin(column, (0, 1)).all():
        raise ValueError(
            f"{source}: {name} has shape {column.shape} and type {column.dtype}; give True or "
            f"False for each of the {count} regions"
        )
    return column.astype(bool)
