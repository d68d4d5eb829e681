"""Label arrays: labels as callers hold them, as plain NumPy arrays, with the grid they bring."""

from __future__ import annotations

import os
from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from overlap._common.decimals import as_meant, scaled
from overlap._common.numbers import described
from overlap._common.voxel_grid import (
    GridMismatchError,
    VoxelGrid,
    affine_from_lps,
    axis_length,
    mismatch,
)

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["NEAR", "TO_MM", "Gridded", "LabelImage", "as_array", "check_axes",
           "check_axis_order", "check_one_hot", "image_of", "plain_bool", "read_label_pair",
           "read_labels"]  # fmt: skip

_BUFFER = 1 << 18  # bytes of a temporary array
#: How far from a whole number a label may be that was meant as one.
NEAR = 0.01
#: Factors of the units of length of NIfTI headers.
TO_MM = {"mm": Fraction(1), "meter": Fraction(1000), "micron": Fraction(1, 1000)}
_LEAST = 4  # side of layers that are looked at
_PICTURES = ("1", "L", "P", "I", "I;16", "I;16B", "I;16L", "F")


class LabelImage(NamedTuple):
    """The voxels of an image object, and where they lie.

    Attributes
    ----------
    values : ndarray, shape (x, y, z), or fewer axes
    grid : VoxelGrid
    z_first : bool
        Arrays that the same library makes have the axes in the opposite order.
    notes : tuple of str
    """

    values: NDArray[Any]
    grid: VoxelGrid
    z_first: bool = False
    notes: tuple[str, ...] = ()


class Gridded(NamedTuple):
    """Two label arrays of one shape, and the side and unit of a voxel if they are known."""

    found: NDArray[Any]
    truth: NDArray[Any]
    spacing: tuple[float, ...] | None
    unit: str | None


# ------------------------------------------------------------------------------- arrays


def plain_bool(array: NDArray[Any]) -> NDArray[Any]:
    """Return an array of bool whose bytes are 0 and 1; any other array is returned as it is.

    Pillow makes arrays of bool with bytes of 255, and so does ``view(bool)``. Kernels and some
    functions of NumPy, such as ``count_nonzero``, work with the bytes.

    Parameters
    ----------
    array : ndarray
    """
    if array.dtype.kind != "b" or not array.size or array.view(np.uint8).max() <= 1:
        return array
    return array.view(np.uint8) != 0


def as_array(values: Any, what: str, *, plain: bool = True) -> NDArray[Any]:
    """Return labels or a mask as an array: as it is, or the voxels of an image object.

    Parameters
    ----------
    values : array_like, SimpleITK, ITK or nibabel image, or Volume
    what : str
        Its name, for messages.
    plain : bool
        Whether an array of bool must have bytes of 0 and 1; see `plain_bool`.

    Raises
    ------
    TypeError
        For anything but a single array: a path, a list of arrays, an object with a grid of its own
        that is not known.
    ValueError
        For a masked array with masked elements.
    """
    as_wanted = plain_bool if plain else np.asarray
    if type(values) is np.ndarray:
        return as_wanted(values)
    image = image_of(values, what)
    if image is not None:
        return as_wanted(image.values)
    if isinstance(values, str | os.PathLike):
        raise TypeError(
            f"{what}: expected an array or an image, got the path {os.fspath(values)!r}; read it "
            "with overlap.io.read_volume"
        )
    if isinstance(values, list | tuple) and values and all(map(_is_volume, values)):
        raise TypeError(
            f"{what}: expected one array, got a {type(values).__name__} of {len(values)}; call "
            "once for each case, or give numpy.stack(...) if they are the slices of one volume"
        )
    if isinstance(values, np.ma.MaskedArray) and np.ma.is_masked(values):
        raise ValueError(
            f"{what}: has {np.ma.count_masked(values)} masked elements, and a mask is not looked "
            f"at; fill them with a label, for example {what}.filled(0), which can then be ignored"
        )
    detach = getattr(values, "detach", None)  # a tensor that takes part in a graph
    try:
        return as_wanted(np.asarray(values if detach is None else detach()))
    except (TypeError, ValueError, RuntimeError) as error:
        raise TypeError(
            f"{what}: cannot read an array from {described(values)} ({error!s:.200})"
        ) from None


def _is_volume(value: Any) -> bool:
    shape = getattr(value, "shape", None)
    if shape is None:
        return hasattr(value, "GetSize")
    return not callable(shape) and len(shape) > 1


def read_labels(values: ArrayLike, what: str, *, plain: bool = True) -> NDArray[Any]:
    """Return an array of bool or integers without copying it; floats become integers.

    Parameters
    ----------
    values : array_like, SimpleITK, ITK or nibabel image, or Volume
    what : str
        Its name, for messages.
    plain : bool
        Whether an array of bool must have bytes of 0 and 1; see `plain_bool`.

    Raises
    ------
    TypeError
        For anything but an array of numbers; see `as_array`.
    ValueError
        For a value that is not a whole number, with its index; for no axes; for layers that
        are one class each.
    """
    array = as_array(values, what, plain=plain)
    if array.ndim == 0:
        raise ValueError(f"{what}: expected a label volume with at least 1 axis, got {values!r}")
    check_one_hot(array, what)
    if array.dtype.kind in "bi" or (array.dtype.kind == "u" and array.itemsize < 8):
        return array
    if array.dtype.kind == "u":
        if array.size and array.max() > np.iinfo(np.int64).max:
            at = _first(array > np.iinfo(np.int64).max)
            raise ValueError(f"{what}{list(at)} = {array[at]} does not fit into int64; relabel it")
        return array
    if array.dtype.kind != "f":
        raise TypeError(f"{what}: expected integer labels, got an array of {array.dtype}")
    result = np.empty_like(array, dtype=np.int32)
    step = max(_BUFFER * len(array) // max(array.size, 1), 1)
    for start in range(0, len(array), step):  # temporaries stay small
        values_of, part = array[start : start + step], result[start : start + step]
        with np.errstate(invalid="ignore"):
            part[...] = values_of
        bad = part != values_of
        if bad.any():
            at = _first(bad)
            at = (start + at[0], *at[1:])
            raise ValueError(
                f"{what}{list(at)} = {array[at]!s} is not a whole number of int32; {_advice(array)}"
            )
    return result


def _advice(array: NDArray[Any]) -> str:
    """Return advice for values that are no labels."""
    with np.errstate(invalid="ignore"):
        if not np.isfinite(array).all():
            return "labels are finite"
        if np.abs(array).max() > np.iinfo(np.int32).max:
            return "relabel it"
        if np.abs(array - np.rint(array)).max() <= NEAR:
            return (
                "all values are close to whole numbers: numpy.rint(...).astype(int) restores them"
            )
    if array.min() >= 0.0 and array.max() <= 1.0:
        return (
            "probabilities become labels by a threshold, or by argmax over the axis of classes; "
            "ov.Masks compares them as they are"
        )
    return "fractions come from interpolation: resample labels with nearest neighbors"


def _first(bad: NDArray[np.bool_]) -> tuple[int, ...]:
    return tuple(int(k) for k in np.unravel_index(np.argmax(bad), bad.shape))


def check_one_hot(array: NDArray[Any], what: str) -> None:
    """Refuse an array of which one axis is that of classes, with one 1 for each voxel.

    Looked at are the first and the last axis (and the second of four or more) of an array with
    three or more, where they are the shortest.

    Parameters
    ----------
    array : ndarray
    what : str
        Its name, for messages.

    Raises
    ------
    ValueError
    """
    ndim = array.ndim
    if ndim < 3 or not array.size:
        return
    for axis in (0, ndim - 1, *((1,) if ndim > 3 else ())):
        rest = [side for k, side in enumerate(array.shape) if k != axis and (k or axis != 1)]
        if not 1 < array.shape[axis] < min(rest) or min(rest) < _LEAST:
            continue
        if not all(_one_in(array, axis, half) for half in (False, True)):
            continue  # almost every label map, at its first or its middle voxel
        if _one_hot(np.moveaxis(plain_bool(array), axis, 0)):
            raise ValueError(
                f"{what}: has shape {array.shape}, and along axis {axis} one 1 for each voxel, "
                f"which looks like {array.shape[axis]} classes in one-hot form; give the labels, "
                f"array.argmax(axis={axis})"
            )


def check_axes(array: NDArray[Any], what: str) -> None:
    """Refuse an array of more than three axes, but for axes of length 1 at the end.

    Parameters
    ----------
    array : ndarray
    what : str
        Its name, for messages.

    Raises
    ------
    ValueError
    """
    sides = array.shape
    while len(sides) > 3 and sides[-1] == 1:
        sides = sides[:-1]
    if len(sides) <= 3:
        return
    check_one_hot(array, what)
    if 1 in sides[:2]:
        axis = sides.index(1)
        advice = f"leave out axis {axis}, which has one layer: array[{':, ' * axis}0]"
    else:
        advice = (
            "give the cases of a batch as list(array), each time or channel by itself, and class "
            "scores as the label map of their argmax"
        )
    shown = " x ".join(map(str, array.shape))
    raise ValueError(f"{what}: has {array.ndim} axes ({shown}); wanted at most 3: {advice}")


def _one_in(array: NDArray[Any], axis: int, half: bool) -> bool:
    """Whether the first or the middle line along an axis has one 1 and else zeros."""
    at = [side // 2 if half else 0 for side in array.shape]
    line = plain_bool(array[(*at[:axis], slice(None), *at[axis + 1 :])].copy())
    return np.count_nonzero(line) == 1 and bool(line.max() == 1)


def _one_hot(layers: NDArray[Any]) -> bool:
    """Whether exactly one layer is 1 in each voxel, all others 0, and two layers are in use."""
    total = np.zeros(layers.shape[1:], np.int8)
    used = 0
    for layer in layers:
        inside = layer == 1
        if not (inside | (layer == 0)).all():
            return False
        used += bool(inside.any())
        total += inside
        if total.max() > 1:
            return False
    return used > 1 and bool(total.min() == 1)


# ------------------------------------------------------------------------------- pairs


def read_label_pair(
    found: Any,
    truth: Any,
    spacing: Sequence[float] | None = None,
    *,
    labels: bool = True,
    plain: bool = True,
) -> Gridded:
    """Read two label arrays or images of one shape and grid.

    Parameters
    ----------
    found, truth : array_like, SimpleITK, ITK or nibabel image, or Volume
    spacing : sequence of float, optional
        What the caller says of arrays; returned as it is.
    labels : bool
        Whether they are label volumes (see `read_labels`), or any numbers.
    plain : bool
        Whether arrays of bool must have bytes of 0 and 1; see `plain_bool`.

    Raises
    ------
    TypeError, ValueError
        As `read_labels`; for different shapes; for a spacing of arrays where the images have
        another; for images on different grids.
    """
    read = read_labels if labels else as_array
    names = "found", "truth"
    images = image_of(found, "found"), image_of(truth, "truth")
    arrays = (
        values if image is None else image.values
        for values, image in zip((found, truth), images, strict=True)
    )
    a, b = (read(*side, plain=plain) for side in zip(arrays, names, strict=True))
    grids = [image.grid for image in images if image is not None]
    if len(grids) == 2:
        text = mismatch(grids[1], grids[0], ("truth", "found"), 1e-3)
        if text:
            raise GridMismatchError(text)
    if a.shape != b.shape:
        shapes = a.shape, b.shape
        turned = grids and shapes[0] == shapes[1][::-1]
        how = "the array has z first, and an image x: transpose it" if turned else "resample one"
        raise ValueError(f"found has shape {shapes[0]} and truth {shapes[1]}; {how}")
    if len(grids) == 1:
        check_axis_order(images, a.shape)
    known = next((grid.spacing for grid in reversed(grids) if grid.spacing is not None), None)
    if spacing is not None and np.ndim(spacing) != 1:
        raise ValueError(f"spacing = {spacing!r}; wanted {a.ndim} positive numbers, one per axis")
    if known is None:
        return Gridded(a, b, None if spacing is None else tuple(spacing), None)
    if spacing is not None and not (
        len(spacing) == len(known) and np.allclose(spacing, known, rtol=1e-6, atol=0.0)
    ):
        raise ValueError(
            f"spacing = {spacing!r}, and the image has {known}; leave spacing out, or correct the "
            "image"
        )
    return Gridded(a, b, known, "mm")


def check_axis_order(
    images: tuple[LabelImage | None, LabelImage | None], shape: tuple[int, ...]
) -> None:
    """Refuse an ITK image beside an array whose axes could be x, y, z as well as z, y, x.

    Parameters
    ----------
    images : tuple of LabelImage or None
        Found and truth.
    shape : tuple of int

    Raises
    ------
    ValueError
    """
    one = images[0] is None or images[1] is None
    if one and len(shape) > 1 and shape == shape[::-1]:
        if any(image is not None and image.z_first for image in images):
            raise ValueError(
                "found and truth: one is an ITK image, read with x first, and the other an array "
                f"of shape {shape}, whose order of axes cannot be told; give two images or two "
                "arrays"
            )


# ------------------------------------------------------------------------------- images


def image_of(values: Any, what: str) -> LabelImage | None:
    """Return the voxels and the grid of an image object; None for arrays and the like.

    Parameters
    ----------
    values : Any
        A SimpleITK, ITK or nibabel image, an `overlap.io.Volume`, or anything else.
    what : str
        Its name, for messages.

    Raises
    ------
    TypeError
        For images of several numbers a voxel or in color, and objects that have a grid of their
        own and are not known.
    ValueError
        For more than three axes that are longer than 1.
    """
    if type(values) in (np.ndarray, list, tuple, str):
        return None
    grid = getattr(values, "grid", None)
    if isinstance(grid, VoxelGrid):
        return LabelImage(values.values, grid)
    roots = {kind.__module__.partition(".")[0] for kind in type(values).__mro__}
    if "SimpleITK" in roots or "itk" in roots:
        return _from_itk(values, what, "itk" if "itk" in roots else "SimpleITK")
    if "nibabel" in roots and hasattr(values, "dataobj"):
        return _from_nibabel(values, what)
    if "PIL" in roots and getattr(values, "mode", "1") not in _PICTURES:
        raise TypeError(
            f"{what}: is a picture of mode {values.mode}; wanted one number a pixel: turn its "
            "colors into label numbers first"
        )
    if "PIL" not in roots and any(
        getattr(values, name, None) is not None for name in ("affine", "spacing", "GetSpacing")
    ):
        raise TypeError(
            f"{what}: a {type(values).__name__} has a grid of its own, which would be lost; give "
            "its array (without an axis of channels) and spacing="
        )
    return None


def _from_itk(image: Any, what: str, library: str) -> LabelImage:
    """Read an image of SimpleITK or ITK, which say z first in arrays, and places in LPS."""
    if image.GetNumberOfComponentsPerPixel() > 1:
        raise TypeError(
            f"{what}: is an image of {image.GetNumberOfComponentsPerPixel()} numbers a voxel; "
            "wanted one"
        )
    # a copy: views of it do not keep an image alive
    if library == "SimpleITK":
        import SimpleITK

        values = SimpleITK.GetArrayFromImage(image).T
        direction = np.array(image.GetDirection(), np.float64)
    else:
        import itk

        values = itk.array_from_image(image).T
        direction = np.asarray(itk.array_from_matrix(image.GetDirection()), np.float64)
    sides = [float(side) for side in image.GetSpacing()]
    size = len(sides)
    affine = affine_from_lps(direction.reshape(size, size), sides, list(image.GetOrigin()))
    return _image(values, what, sides, affine, z_first=True)


def _from_nibabel(image: Any, what: str) -> LabelImage:
    """Read an image of nibabel: x first, in RAS+."""
    values = np.asanyarray(image.dataobj)
    header, notes = image.header, tuple[str, ...]()
    factor, affine = Fraction(1), image.affine
    if hasattr(header, "get_sform"):
        factor = TO_MM.get(header.get_xyzt_units()[0], Fraction(1))
        if not (int(header["sform_code"]) or int(header["qform_code"])):
            affine = None
    elif "AnalyzeImage" in {kind.__name__ for kind in type(image).__mro__}:
        affine = None  # its header does not say where it lies
    if affine is None:
        notes = ("has neither a qform nor an sform: position and direction are not known",)
    else:
        affine = np.array(affine, np.float64)
        affine[:3] *= float(factor)
    sides = [scaled(as_meant(float(side)), factor) for side in header.get_zooms()[:3]]
    return _image(values, what, sides, affine, notes=notes)


def _image(
    values: NDArray[Any],
    what: str,
    sides: Sequence[float],
    affine: NDArray[np.float64] | None,
    *,
    z_first: bool = False,
    notes: tuple[str, ...] = (),
) -> LabelImage:
    shape = values.shape
    count = len(shape)
    while count > 3 and shape[count - 1] == 1:
        count -= 1
    if count > 3:
        raise ValueError(
            f"{what}: has {len(shape)} axes ({' x '.join(map(str, shape))}); wanted at most 3: "
            "give each time or channel by itself, and class scores as the label map of their argmax"
        )
    if count < len(shape):
        values = values.reshape(shape[:count], order="A")
        was, now = (" x ".join(map(str, sides_of)) for sides_of in (shape, shape[:count]))
        notes = (*notes, f"its shape {was} was read as {now}")
    spacing = tuple(map(as_meant, sides[:count]))
    if affine is not None:
        columns = affine[:3, :count].T
        spacing = tuple(map(axis_length, columns, sides[:count], (True,) * count))
    if not all(np.isfinite(spacing)) or min(spacing) <= 0:
        raise ValueError(f"{what}: has the spacing {spacing}; wanted positive numbers")
    return LabelImage(values, VoxelGrid(values.shape, spacing, affine), z_first, notes)
