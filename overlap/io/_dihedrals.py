"""Dihedral angles of points, and angles wrapped to one turn; all in degrees."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["dihedrals", "wrapped_degrees"]


def dihedrals(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the dihedral angles of chains of four points.

    Parameters
    ----------
    points : ndarray of float64, shape (N, 4, 3)

    Returns
    -------
    ndarray of float64, shape (N,)
        Degrees in [-180, 180), positive where, seen along the middle bond, the last bond is
        clockwise of the first (IUPAC-IUB, Biochemistry 9, 3471-3479, 1970); NaN where a point
        is, and where three are on a line.

    Examples
    --------
    >>> import numpy as np
    >>> dihedrals(np.array([[[1.0, 0, 0], [0, 0, 0], [0, 0, 1], [0, 1, 1]]]))
    array([90.])
    """
    first, middle, last = np.moveaxis(np.diff(points, axis=1), 1, 0)
    left, right = np.cross(first, middle), np.cross(middle, last)
    along = np.sqrt((middle**2).sum(axis=1))
    sine = along * (first * right).sum(axis=1)
    cosine = (left * right).sum(axis=1)
    angle = np.degrees(np.arctan2(sine, cosine))
    flat = ((left**2).sum(axis=1) == 0.0) | ((right**2).sum(axis=1) == 0.0)
    return np.where(flat, np.nan, wrapped_degrees(angle))


def wrapped_degrees(angle: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return angles in [-180, 180), those that are in it already to the bit.

    Parameters
    ----------
    angle : ndarray of float64
        Degrees.
    """
    inside = (angle >= -180.0) & (angle < 180.0) | np.isnan(angle)
    turned = np.where(inside, 0.0, angle)
    turned = turned - 360.0 * np.floor((turned + 180.0) / 360.0)
    turned = np.where(turned >= 180.0, -180.0, turned)
    return np.where(inside, angle, turned)
