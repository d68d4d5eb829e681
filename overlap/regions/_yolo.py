"""Boxes as YOLO writes them: center and size as shares of the image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from overlap._common.numbers import as_numbers

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["pixels_of_yolo", "yolo_of_pixels"]

_ROUNDING = 0.01  # shares that were written with few decimals
_NAMES = ("cx", "cy", "w", "h")


def pixels_of_yolo(table: NDArray[np.float64], size: Any) -> NDArray[np.float64]:
    """Return centers and sizes in pixels, shape (N, 4).

    Parameters
    ----------
    table : ndarray, shape (N, 4)
        Shares of the image.
    size : array_like, shape (2,) or (N, 2)
        Width and height.
    """
    sides = _sides(size, len(table), "Boxes.from_yolo")
    bad = _outside(table)
    if len(bad):
        row, column = bad[0]
        raise ValueError(
            f"Boxes.from_yolo: {_NAMES[column]}[{row}] = {table[row, column]} is not in [0, 1], as "
            "shares of the image are; use Boxes.from_cxcywh for pixels"
        )
    return table * sides


def yolo_of_pixels(table: NDArray[np.float64], size: Any) -> NDArray[np.float64]:
    """Return centers and sizes as shares of the image, shape (N, 4).

    Parameters
    ----------
    table : ndarray, shape (N, 4)
        In pixels.
    size : array_like, shape (2,) or (N, 2)
        Width and height.
    """
    sides = _sides(size, len(table), "Boxes.to_yolo")
    result = table / sides
    bad = _outside(result)
    if len(bad):
        row, column = bad[0]
        w, h = (f"{side:g}" for side in sides[row, :2])
        raise ValueError(
            f"Boxes.to_yolo: box {row} has {_NAMES[column]} = {table[row, column]:g} in an image "
            f"of {w} x {h} (width x height), which is outside; check the order of size, or cut the "
            "boxes to the image first"
        )
    return result


def _outside(shares: NDArray[np.float64]) -> NDArray[np.intp]:
    return np.argwhere(~((shares >= -_ROUNDING) & (shares <= 1.0 + _ROUNDING)))


def _sides(size: Any, count: int, what: str) -> NDArray[np.float64]:
    """Return width, height, width, height of the image of every box, shape (N, 4)."""
    sides = as_numbers(size, f"{what}: size")
    if sides.shape not in ((2,), (count, 2)):
        shape = "; the shape of an array has the height first" if sides.shape == (3,) else ""
        raise ValueError(
            f"{what}: size has shape {sides.shape}; expected (width, height), or one such row for "
            f"each of the {count} boxes{shape}"
        )
    bad = np.argwhere(~((sides > 0.0) & (sides < np.inf)))
    if len(bad):
        at = "".join(f"[{k}]" for k in bad[0])
        raise ValueError(f"{what}: size{at} = {sides[tuple(bad[0])]} is not a finite number > 0")
    return np.broadcast_to(np.concatenate([sides, sides], axis=-1), (count, 4))
