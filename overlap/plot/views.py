"""Views of a volume: which of its axes run right and up on a plane, and which way.

Volumes with a place in a patient are shown as radiologists read them: the patient's right is on the
left of axial and coronal planes, and the front on the left of sagittal ones.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["View", "views_of"]

_AXES = "xyz"
#: Letters of the directions along which the coordinates of RAS+ grow and shrink.
_LETTERS = ("RL", "AP", "SI")
#: By the patient's axis that a plane cuts: its name, and for its directions to the right and up the
#: patient's axis and the sign of the coordinate.
_RADIOLOGICAL = (
    ("sagittal", (1, -1), (2, 1)),
    ("coronal", (0, -1), (2, 1)),
    ("axial", (0, -1), (1, 1)),
)
# A direction has the letters of its components above this: between two axes it has both.
_LETTERED = np.sin(np.radians(22.5))


@dataclass(frozen=True)
class View:
    """A way of looking at the planes across one axis of a volume.

    Attributes
    ----------
    cut : int
        Axis that is cut; -1 for a picture or a line, which is one plane.
    axes : (int, int)
        Axes to the right and up.
    backwards : (bool, bool)
        Whether the index falls along them.
    name : str
        ``"axial"``, ``"coronal"`` or ``"sagittal"``; empty where the place is unknown.
    letters : tuple of str
        Directions in the patient at the left, right, lower and upper border, such as ``"R"``;
        empty where the place is unknown.
    patient : int
        Axis of the patient (x, y, z of RAS+) that is cut; -1 where it is unknown.
    tilt : float
        Angle between the plane and that of its name, in degrees.
    """

    cut: int
    axes: tuple[int, int]
    backwards: tuple[bool, bool] = (False, False)
    name: str = ""
    letters: tuple[str, str, str, str] = ("", "", "", "")
    patient: int = -1
    tilt: float = 0.0

    @property
    def tilted(self) -> str:
        """Words for the tilt; empty where there is none."""
        return f"tilted by {self.tilt:.0f}°" if self.tilt >= 0.5 else ""

    def plane(self, volume: NDArray[Any], index: int) -> NDArray[Any]:
        """Return one plane of a volume: its first axis runs right, and the second up.

        Parameters
        ----------
        volume : ndarray
        index : int
            Place along the axis that is cut.

        Examples
        --------
        >>> import numpy as np
        >>> View(-1, (0, 1), (False, True)).plane(np.array([[1, 2], [3, 4]]), 0)
        array([[2, 1],
               [4, 3]])
        """
        if self.cut >= 0:
            volume = np.moveaxis(volume, (self.cut, *self.axes), (0, 1, 2))[index]
        elif volume.ndim == 1:
            volume = volume[:, None]
        else:
            volume = volume.transpose(self.axes)
        flips = tuple(slice(None, None, -1 if back else None) for back in self.backwards)
        return volume[flips]

    def where(self, index: int, place: NDArray[np.float64] | None) -> str:
        """Describe one plane.

        Parameters
        ----------
        index : int
            Place along the axis that is cut.
        place : ndarray, shape (3,), or None
            A point of the plane in millimeters, in RAS+.

        Examples
        --------
        >>> import numpy as np
        >>> views_of(3, np.eye(4))[0].where(7, np.array([0.0, 0.0, -12.25]))
        'axial, I 12.2 mm (z 7)'
        >>> views_of(3)[0].where(7, None)
        'slice 7 of axis z'
        """
        if place is None or not self.name:
            return f"slice {index} of axis {_AXES[self.cut]}" if self.cut >= 0 else ""
        value = round(float(place[self.patient]), 1)
        letter = _LETTERS[self.patient][value < 0.0]
        index_of = f" ({_AXES[self.cut]} {index})" if self.cut >= 0 else ""
        return f"{self.name}, {letter} {abs(value):.1f} mm{index_of}"


def views_of(ndim: int, affine: NDArray[np.float64] | None = None) -> tuple[View, ...]:
    """Return the views of a volume: axial, coronal and sagittal, or one of a picture.

    Parameters
    ----------
    ndim : int
        Axes of the volume, at most 3.
    affine : ndarray, shape (4, 4), optional
        From voxel indices to millimeters in RAS+. Without it, and for pictures whose affine says
        nothing of a third axis, planes lie as they are stored: the first axis runs right, and the
        second up, in pictures down.

    Examples
    --------
    >>> import numpy as np
    >>> [(view.name, "".join(view.letters)) for view in views_of(3, np.eye(4))]
    [('axial', 'RLPA'), ('coronal', 'RLIS'), ('sagittal', 'APIS')]
    """
    columns = None if affine is None else _directions(affine, ndim)
    if columns is None:
        if ndim < 3:
            return (View(-1, (0, 1), (False, ndim == 2)),)
        return View(2, (0, 1)), View(1, (0, 2)), View(0, (1, 2))
    order = max(
        itertools.permutations(range(3), ndim),
        key=lambda order: sum(abs(columns[a, k]) for k, a in enumerate(order)),
    )
    cuts = [2, 1, 0] if ndim == 3 else list({0, 1, 2} - {*order})
    return tuple(_radiological(columns, order, cut) for cut in cuts)


def _directions(affine: NDArray[np.float64], ndim: int) -> NDArray[np.float64] | None:
    """Return the unit vectors of the axes as columns; None if they say nothing of a patient."""
    flat = np.array_equal(affine[2], [0, 0, 1, 0]) and np.array_equal(affine[:2, 2], [0, 0])
    # formats of pictures have two axes of their own, and libraries make up the third
    if ndim < 2 or (ndim == 2 and flat):
        return None
    columns = affine[:3, :ndim]
    lengths = np.linalg.norm(columns, axis=0)
    return columns / lengths if lengths.min() > 0.0 else None


def _radiological(columns: NDArray[np.float64], order: tuple[int, ...], cut: int) -> View:
    """Return the view across an axis of the patient.

    Parameters
    ----------
    columns : ndarray, shape (3, ndim)
    order : tuple of int
        The nearest axis of the patient of each axis of the volume.
    cut : int
    """
    name, *ways = _RADIOLOGICAL[cut]
    axes, backwards, letters, vectors = [], [], [], []
    for patient, sign in ways:
        axis = order.index(patient)
        back = bool(columns[patient, axis] * sign < 0.0)
        vector = -columns[:, axis] if back else columns[:, axis]
        axes.append(axis)
        backwards.append(back)
        letters += [_letters(-vector), _letters(vector)]
        vectors.append(vector)
    normal = np.cross(vectors[0], vectors[1])
    upright = abs(normal[cut]) / max(float(np.linalg.norm(normal)), 1e-12)
    return View(
        order.index(cut) if cut in order else -1, (axes[0], axes[1]), (backwards[0], backwards[1]),
        name, (letters[0], letters[1], letters[2], letters[3]), cut,
        float(np.degrees(np.arccos(min(upright, 1.0)))),
    )  # fmt: skip


def _letters(vector: NDArray[np.float64]) -> str:
    """Return the letters of a direction, that of its largest component first."""
    order = np.argsort(-np.abs(vector), kind="stable").tolist()
    parts = vector.tolist()
    return "".join(_LETTERS[k][parts[k] < 0.0] for k in order if abs(parts[k]) >= _LETTERED)
