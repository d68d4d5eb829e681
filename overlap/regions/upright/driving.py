"""Boxes of driving data as the files of KITTI and nuScenes have them, and as upright boxes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from overlap._common.columns import Naming, by_name
from overlap._common.limits import MOST_RADIANS
from overlap._common.numbers import as_numbers

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["kitti_of_upright", "nuscenes_of_upright", "upright_of_kitti", "upright_of_nuscenes"]

_KITTI = ("height", "width", "length", "x", "y", "z", "rotation_y")
_KITTI_NAMES = Naming.of("height|h", "width|w", "length|l", "x", "y", "z", "rotation_y|ry")


def upright_of_kitti(values: ArrayLike) -> NDArray[np.float64]:
    """Return rows of upright boxes, x forward, y left, z up.

    Parameters
    ----------
    values : array_like, shape (N, 7)
        Height, width, length, x, y, z, rotation_y in the frame of the camera.
    """
    what = "UprightBoxes.from_kitti"
    columns = "height, width, length, x, y, z, rotation_y"
    try:
        table = as_numbers(by_name(values, _KITTI_NAMES, what), what)
    except TypeError as error:
        raise TypeError(
            f"{error}; a line of a label file has the 7 numbers after type, truncated, occluded, "
            "alpha and the 4 of the box on the image: fields 8 to 14"
        ) from None
    if table.size == 0 and table.ndim < 2:
        table = table.reshape(0, 7)
    if table.ndim != 2 or table.shape[1] != 7:
        wide = table.ndim == 2 and table.shape[1] in (8, 14, 15, 16)
        raise ValueError(
            f"{what}: expected shape (N, 7) with {columns}; got {table.shape}"
            + ("; of a line of a label file, these are fields 8 to 14" if wide else "")
        )
    _check_finite(table, _KITTI, what)
    bad = np.argwhere(table[:, :3] < 0.0)
    if len(bad):
        row, k = bad[0]
        raise ValueError(
            f"{what}: {_KITTI[k]}[{row}] = {table[row, k]} is negative; leave out DontCare, which "
            "has no box in space"
        )
    many = np.abs(table[:, 6]) > MOST_RADIANS
    if many.any():
        row = int(np.argmax(many))
        raise ValueError(
            f"{what}: rotation_y[{row}] = {table[row, 6]:g} is more than four turns; expected "
            "radians"
        )
    h, w, length, x, y, z, turn = table.T
    return np.column_stack([z, -x, 0.5 * h - y, length, w, h, _within(-turn - 0.5 * np.pi)])


def kitti_of_upright(table: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return height, width, length, x, y, z, rotation_y of upright boxes, shape (N, 7)."""
    x, y, z, dx, dy, dz, yaw = table.T
    return np.column_stack([dz, dy, dx, -y, 0.5 * dz - z, x, _within(-yaw - 0.5 * np.pi)])


def upright_of_nuscenes(
    translation: ArrayLike, size: ArrayLike, rotation: ArrayLike, tolerance: float
) -> NDArray[np.float64]:
    """Return rows of upright boxes in the frame of the records.

    Parameters
    ----------
    translation : array_like, shape (N, 3)
    size : array_like, shape (N, 3)
        Width, length, height.
    rotation : array_like, shape (N, 4)
        Quaternion w, x, y, z.
    tolerance : float
        Largest tilt, in radians.
    """
    what = "UprightBoxes.from_nuscenes"
    if not (np.isfinite(tolerance) and tolerance >= 0.0):
        raise ValueError(f"{what}: tolerance = {tolerance!r} is not a finite number >= 0")
    center = _rows(translation, f"{what}: translation", ("x", "y", "z"))
    sides = _rows(size, f"{what}: size", ("width", "length", "height"))
    turn = _rows(rotation, f"{what}: rotation", ("w", "x", "y", "z"))
    if not len(center) == len(sides) == len(turn):
        raise ValueError(
            f"{what}: {len(center)} translations, {len(sides)} sizes and {len(turn)} rotations; "
            "expected one of each for every box"
        )
    bad = np.argwhere(sides < 0.0)
    if len(bad):
        row, k = bad[0]
        raise ValueError(f"{what}: size[{row}][{k}] = {sides[row, k]} is negative")
    w, x, y, z = turn.T
    norm = np.hypot(np.hypot(w, x), np.hypot(y, z))  # without overflow
    wrong = np.flatnonzero(~(np.abs(norm - 1.0) <= 0.01))
    if len(wrong):
        k = wrong[0]
        raise ValueError(
            f"{what}: rotation[{k}] = {turn[k].tolist()} has length {norm[k]:.4g}; "
            "expected a unit quaternion w, x, y, z"
        )
    tilt = 2.0 * np.arctan2(np.hypot(x, y), np.hypot(w, z))
    wrong = np.flatnonzero(tilt > tolerance)
    if len(wrong):
        k = wrong[0]
        raise ValueError(
            f"{what}: rotation[{k}] = {turn[k].tolist()} tilts the box by {tilt[k]:.4g} rad, "
            f"allowed is {tolerance:g}; upright boxes turn about z only. Check the order w, x, y, "
            "z, use the global frame, or give tolerance= to leave the tilt out"
        )
    yaw = np.arctan2(2.0 * (w * z + x * y), w * w + x * x - y * y - z * z)
    return np.column_stack([center, sides[:, 1], sides[:, 0], sides[:, 2], yaw])


def nuscenes_of_upright(
    table: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return translations, sizes (width, length, height) and quaternions w, x, y, z."""
    half = 0.5 * _within(table[:, 6])
    rotation = np.zeros((len(table), 4))
    rotation[:, 0], rotation[:, 3] = np.cos(half), np.sin(half)
    return table[:, :3].copy(), table[:, [4, 3, 5]], rotation


def _within(angle: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return angles in [-pi, pi], unchanged where they are."""
    turns = np.where(np.abs(angle) > np.pi, np.round(angle / (2.0 * np.pi)), 0.0)
    return np.clip(angle - 2.0 * np.pi * turns, -np.pi, np.pi)


def _rows(values: Any, what: str, names: tuple[str, ...]) -> NDArray[np.float64]:
    table = as_numbers(values, what)
    if table.size == 0 and table.ndim < 2:
        table = table.reshape(0, len(names))
    if table.ndim != 2 or table.shape[1] != len(names):
        single = table.ndim == 1 and len(table) == len(names)
        raise ValueError(
            f"{what} has shape {table.shape}; expected (N, {len(names)}) with {', '.join(names)}"
            + ("; put the one of a single box into a list" if single else "")
        )
    _check_finite(table, names, what)
    return table


def _check_finite(table: NDArray[np.float64], names: tuple[str, ...], what: str) -> None:
    bad = np.argwhere(~np.isfinite(table))
    if len(bad):
        row, k = bad[0]
        raise ValueError(f"{what}: {names[k]}[{row}] = {table[row, k]} is not finite")
