"""Laws of coders: encoding reverses decoding, and gradients are those of `decode`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from overlap._common.numbers import as_numbers
from overlap.coders import Coder

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["check_coder"]


def check_coder(
    coder: Coder,
    values: ArrayLike,
    *,
    round_trip: bool = True,
    rng: int | np.random.Generator = 0,
) -> None:
    """Check that a coder is one: round trips, shapes, and gradients.

    Parameters
    ----------
    coder : coder
        With `encode`, `decode` and `pullback`.
    values : array_like, shape (N, P)
        Numbers that it can decode, of about the size 1, and away from ties such as clamps.
    round_trip : bool
        Encode what was decoded, too; not for coders that need more than the regions.
    rng : int or numpy.random.Generator
        Source of the gradients that are pulled back.

    Raises
    ------
    AssertionError
        Naming the law and the row.

    Examples
    --------
    >>> import overlap as ov
    >>> from overlap.testing import check_coder
    >>> anchors = ov.Boxes([[0.0, 0.0, 2.0, 2.0], [1.0, 1.0, 4.0, 5.0]])
    >>> check_coder(ov.coders.Deltas(anchors), [[0.1, 0.2, 0.3, -0.1], [0.0, 0.5, -0.2, 0.4]])
    """
    name = type(coder).__name__
    given = as_numbers(values, "check_coder")
    table = given.copy()
    regions = coder.decode(table)
    parameters = regions.to_array()
    if not np.array_equal(table, given):
        raise AssertionError(f"{name}: decode changes its input")
    if len(parameters) != len(table):
        raise AssertionError(f"{name}: {len(table)} rows decode to {len(parameters)} regions")
    if round_trip:
        _check_round_trip(coder, name, table, parameters)
    weight = np.random.default_rng(rng).normal(size=parameters.shape)
    pulled = coder.pullback(table, weight)
    if not np.array_equal(table, given):
        raise AssertionError(f"{name}: pullback changes its input")
    if pulled.shape != table.shape or pulled.dtype != np.float64:
        raise AssertionError(
            f"{name}: pullback gives {pulled.dtype} of shape {pulled.shape}; expected float64 of "
            f"shape {table.shape}"
        )
    for column in range(table.shape[1]):
        slope = _slopes(coder, table, weight, column)
        off = np.abs(pulled[:, column] - slope)
        size = np.maximum(np.abs(pulled).max(axis=1), np.abs(slope))
        bad = np.flatnonzero(~(off <= 1e-6 * np.maximum(size, 1e-2)))
        if bad.size:
            k = bad[0]
            raise AssertionError(
                f"{name}: the gradient of row {k} with respect to column {column} is "
                f"{pulled[k, column]}, the central difference {slope[k]}"
            )


def _check_round_trip(coder: Coder, name: str, table: np.ndarray, parameters: np.ndarray) -> None:
    again = coder.encode(coder.decode(table))
    if again.shape != table.shape or again.dtype != np.float64:
        raise AssertionError(
            f"{name}: encode gives {again.dtype} of shape {again.shape}; expected float64 of shape "
            f"{table.shape}"
        )
    # Numbers that say the same need not be equal, such as vectors of other lengths.
    off = np.abs(coder.decode(again).to_array() - parameters).max(axis=1, initial=0.0)
    bad = np.flatnonzero(~(off <= 1e-10 * (1.0 + np.abs(parameters).max(axis=1, initial=0.0))))
    if bad.size:
        raise AssertionError(
            f"{name}: row {bad[0]}, {table[bad[0]].tolist()}, is encoded back as "
            f"{again[bad[0]].tolist()}, another region by {off[bad[0]]:.3g}"
        )


def _slopes(coder: Coder, table: np.ndarray, weight: np.ndarray, column: int) -> np.ndarray:
    """Return five-point differences of ``sum(weight * parameters)``, row by row."""
    step = 1e-3 * np.maximum(np.abs(table[:, column]), 0.1)
    at = {}
    for times in (-2.0, -1.0, 1.0, 2.0):
        moved = table.copy()
        moved[:, column] += times * step
        at[times] = coder.decode(moved).to_array()
    change = 8.0 * (at[1.0] - at[-1.0]) - (at[2.0] - at[-2.0])
    return (weight * change).sum(axis=1) / (12.0 * step)
