"""Names of videos and of tracks as they stand in tables: numbers or words, compared as words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from overlap._common.values import ByValue

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Labels", "joined", "read_labels"]


@dataclass(frozen=True, eq=False)
class Labels(ByValue):
    """A column of labels.

    Attributes
    ----------
    code : ndarray of int64, shape (N,)
        Place of every label in `names`.
    names : tuple of str
        In order of appearance.
    """

    code: NDArray[np.int64]
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.code)


def read_labels(column: NDArray[Any], field: str, role: str) -> Labels:
    """Return a column of labels.

    Whole numbers are the same label whether they are written as 7, 7.0 or ``"7"``.

    Parameters
    ----------
    column : ndarray, shape (N,)
    field, role : str
        For the message.

    Raises
    ------
    ValueError
        A label is missing.
    """
    import pandas as pd

    code, values = pd.factorize(column)
    lacking = np.flatnonzero(code < 0)
    if lacking.size:
        raise ValueError(f"{role}: row {lacking[0]} has no {field}; name it, or remove the row")
    names = [_name(value) for value in values]
    (code,), known = joined([Labels(code.astype(np.int64), tuple(names))])
    return Labels(code, known)


def _name(value: Any) -> str:
    whole = isinstance(value, float) and value.is_integer()
    return str(int(value)) if whole else str(value)


def joined(columns: Sequence[Labels]) -> tuple[list[NDArray[np.int64]], tuple[str, ...]]:
    """Return codes of several columns in common names, which are different ones."""
    places: dict[str, int] = {}
    codes = []
    for column in columns:
        place = [places.setdefault(name, len(places)) for name in column.names]
        codes.append(np.array(place, np.int64)[column.code])
    return codes, tuple(places)
