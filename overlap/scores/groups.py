"""Groups of regions, such as the images and their classes: labels, and scores within groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from overlap._common.numbers import unmasked
from overlap._common.values import ByValue
from overlap.scores import evaluation

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from overlap.regions.base import Regions
    from overlap.scores.plan import Plan

__all__ = [
    "GroupScores",
    "checked_groups",
    "codes_of",
    "group_pair",
    "label_columns",
    "labels_at",
    "pairwise_by_group",
]


def label_columns(labels: Any, what: str) -> list[NDArray[Any]]:
    """Return the columns of labels, all of one length.

    Parameters
    ----------
    labels : array_like, shape (N,) or (N, K), or tuple of K array_like of shape (N,)
    what : str
        For messages.

    Raises
    ------
    ValueError
        For other shapes, and for labels that are NaN.
    """
    if type(labels) is np.ndarray and labels.ndim == 1:  # as a rule, and at no cost
        if labels.dtype.kind in "iu":
            return [labels]
        columns = [labels]
    elif hasattr(labels, "iloc") and hasattr(labels, "columns"):  # a table of pandas
        columns = [np.asarray(labels.iloc[:, k]) for k in range(labels.shape[1])]
    elif isinstance(labels, tuple) and labels and all(map(_is_column, labels)):
        columns = [_array(column, what) for column in labels]
    else:
        array = _array(labels, what)
        if array.ndim == 2 and not isinstance(labels, np.ndarray):  # rows of mixed types
            array = np.asarray(labels, object)
        columns = [array] if array.ndim != 2 else [_plain(column) for column in array.T]
    sizes = {column.size if column.ndim == 1 else -1 for column in columns}
    if len(sizes) != 1 or -1 in sizes:
        shapes = ", ".join(str(column.shape) for column in columns)
        raise ValueError(
            f"{what}: expected labels of shape (N,) or (N, K), or a tuple of K columns of one "
            f"length; got {shapes}"
        )
    for column in columns:
        if column.dtype.kind == "f" and np.isnan(column).any():
            raise ValueError(
                f"{what}: the label at {np.isnan(column).argmax()} is NaN; leave out regions "
                "without a label, or give them one"
            )
    return columns


def _is_column(value: Any) -> bool:
    return not isinstance(value, (str, bytes)) and np.ndim(value) == 1


def _array(values: Any, what: str) -> NDArray[Any]:
    try:
        array = np.asarray(unmasked(values, what))
    except ValueError as error:
        if isinstance(values, np.ma.MaskedArray):
            raise
        raise ValueError(f"{what}: cannot read labels ({error})") from None
    return _checked_texts(array, values)


def _plain(column: NDArray[Any]) -> NDArray[Any]:
    if column.dtype != object:
        return column
    values = column.tolist()
    return _checked_texts(np.asarray(values), values)


def _checked_texts(array: NDArray[Any], values: Any) -> NDArray[Any]:
    """Return the array of a list, or raise a TypeError where it made texts of numbers."""
    if array.dtype.kind == "U" and array.ndim == 1 and not isinstance(values, np.ndarray):
        if not all(isinstance(value, str) for value in values):
            raise TypeError("groups: labels of different types cannot be compared")
    return array


def codes_of(columns: Sequence[NDArray[Any]]) -> NDArray[np.int64]:
    """Return whole numbers that are equal where the labels are, in the order of the labels.

    Parameters
    ----------
    columns : sequence of ndarray, shape (N,)
    """
    codes: NDArray[np.int64] | None = None
    for column in columns:
        try:
            values, own = np.unique(column, return_inverse=True)
        except TypeError:
            raise TypeError("groups: labels of different types cannot be compared") from None
        if codes is not None:  # at most N^2, before they are numbered again
            own = np.unique(codes * len(values) + own, return_inverse=True)[1]
        codes = own.astype(np.int64, copy=False)
    assert codes is not None
    return codes


def checked_groups(
    groups: tuple[Any, Any], found: int, truth: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return whole numbers that are equal where the labels of `groups` are equal.

    Parameters
    ----------
    groups : pair
        Labels of the found and of the true regions, each as of `label_columns`.
    found, truth : int
        How many there must be.
    """
    return group_pair(groups, found, truth)[1]


def group_pair(
    groups: tuple[Any, Any], found: int, truth: int
) -> tuple[
    tuple[list[NDArray[Any]], list[NDArray[Any]]], tuple[NDArray[np.int64], NDArray[np.int64]]
]:
    """Return the columns of labels of both sides, and `checked_groups`.

    Parameters
    ----------
    groups, found, truth
        As in `checked_groups`.
    """
    try:
        mine, theirs = groups
    except (TypeError, ValueError):
        raise TypeError(
            "groups: expected a pair of arrays of labels, groups=(labels of found, labels of truth)"
        ) from None
    first, second = label_columns(mine, "groups"), label_columns(theirs, "groups")
    if len(first) != len(second) or first[0].shape != (found,) or second[0].shape != (truth,):
        shapes = (
            str(side[0].shape) if len(side) == 1 else f"{len(side)} columns of {side[0].shape}"
            for side in (first, second)
        )
        raise ValueError(
            f"groups: expected shapes ({found},) and ({truth},), got {' and '.join(shapes)}"
        )
    codes = [_common_codes(*pair) for pair in zip(first, second, strict=True)]
    if len(codes) == 1:
        return (first, second), codes[0]
    both = codes_of([np.concatenate(pair) for pair in codes])
    return (first, second), (both[:found], both[found:])


def _common_codes(
    first: NDArray[Any], second: NDArray[Any]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return whole numbers for the labels of two columns."""
    kinds = first.dtype.kind + second.dtype.kind
    if kinds in ("ii", "iu", "ui", "uu"):
        large = np.iinfo(np.int64).max
        if not any(side.dtype == np.uint64 and (side > large).any() for side in (first, second)):
            return first.astype(np.int64, copy=False), second.astype(np.int64, copy=False)
    if "U" in kinds and set(kinds) - {"U", "O"} and len(first) and len(second):
        raise TypeError(
            f"groups: the labels of found are {first.dtype} and those of truth {second.dtype}, "
            "which cannot be equal; groups=(labels of found, labels of truth)"
        )
    if ("f" in kinds and kinds != "ff") or kinds in ("iu", "ui"):  # these would become floats
        first, second = first.astype(object), second.astype(object)
    codes = codes_of([np.concatenate([first, second])])
    return codes[: len(first)], codes[len(first) :]


def labels_at(columns: Sequence[NDArray[Any]], index: int) -> Any:
    """Return the label of one region, a tuple if there are several columns."""
    values = [
        column[index] if column.dtype.kind in "mM" else column[index : index + 1].tolist()[0]
        for column in columns
    ]
    return values[0] if len(values) == 1 else tuple(values)


# ---------------------------------------------------------------------------- scores within groups


@dataclass(frozen=True, eq=False)
class GroupScores(ByValue):
    """All scores within one group, as of one image.

    Attributes
    ----------
    group : object
        The label of the group; a tuple where labels have several columns.
    found : ndarray of int64, shape (n,)
        Positions of the group's found regions in their batch, ascending.
    truth : ndarray of int64, shape (m,)
        Those of its true regions.
    score : ndarray of float64, shape (n, m)
        Score of each found region against each true one.
    """

    group: Any
    found: NDArray[np.int64]
    truth: NDArray[np.int64]
    score: NDArray[np.float64]


def pairwise_by_group(plan: Plan, found: Regions, truth: Regions, groups: Any) -> list[GroupScores]:
    """Return the scores of all pairs within every group that either side has.

    Parameters
    ----------
    plan : Plan
    found, truth : Regions
    groups : pair
        Labels of both sides, see `Score.pairs`.
    """
    plan.geometry(found, truth)
    columns, codes = group_pair(groups, len(found), len(truth))
    orders = [np.argsort(code, kind="stable") for code in codes]
    labels = np.union1d(*codes)
    ends = [
        [*np.searchsorted(code[order], labels).tolist(), len(code)]
        for code, order in zip(codes, orders, strict=True)
    ]
    mine, theirs = (batch[order] for batch, order in zip((found, truth), orders, strict=True))
    result = []
    for k in range(len(labels)):
        (a, b), (c, d) = (end[k : k + 2] for end in ends)
        index = orders[0][a:b], orders[1][c:d]
        side = 0 if b > a else 1
        name = labels_at(columns[side], int(index[side][0]))
        score = evaluation.pairwise(plan, mine[a:b], theirs[c:d])
        result.append(GroupScores(name, *index, score))
    return result
