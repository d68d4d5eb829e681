"""Labels of groups, in one column or in several: images, and classes within them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from overlap._common.numbers import unmasked

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["codes_of", "label_columns", "labels_at"]


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


def labels_at(columns: Sequence[NDArray[Any]], index: int) -> Any:
    """Return the label of one region, a tuple if there are several columns."""
    values = [
        column[index] if column.dtype.kind in "mM" else column[index : index + 1].tolist()[0]
        for column in columns
    ]
    return values[0] if len(values) == 1 else tuple(values)
