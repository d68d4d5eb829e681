"""Connected components of masks and label maps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from overlap._common.label_arrays import read_labels
from overlap._kernels.jit import specialise

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["connected_components", "neighborhood"]

# Neighbors of a voxel: over faces; over faces and edges; over faces, edges and corners.
_NEIGHBORS = {1: (2,), 2: (4, 8), 3: (6, 18, 26)}


def neighborhood(axes: int, connectivity: int | None) -> NDArray[np.bool_]:
    """Return the structuring element of a connectivity, shape (3,) * axes.

    Parameters
    ----------
    axes : int
        1, 2 or 3.
    connectivity : int or None
        Number of neighbors: 2 on a line; 4 or 8 in the plane; 6, 18 or 26 in space. None is
        the largest.

    Raises
    ------
    ValueError
        For another number.
    """
    from scipy.ndimage import generate_binary_structure

    known = _NEIGHBORS.get(axes)
    if known is None:
        raise ValueError(f"connectivity: there are components in 1, 2 or 3 dimensions, not {axes}")
    if connectivity is not None and connectivity not in known:
        raise ValueError(
            f"connectivity = {connectivity!r}; in {axes} dimensions a voxel has "
            f"{' or '.join(map(str, known))} neighbours"
        )
    rank = axes if connectivity is None else 1 + known.index(connectivity)
    return generate_binary_structure(axes, rank)


def connected_components(
    labels: ArrayLike,
    *,
    connectivity: int | None = None,
    backend: Literal["auto", "cc3d", "scipy"] = "auto",
) -> NDArray[np.int32]:
    """Return the connected components of a mask or of a label map, numbered.

    Parameters
    ----------
    labels : array_like of bool or integers, shape (*grid), or image
        With 1, 2 or 3 axes; 0 is the background. Voxels of different labels are never
        connected. An image of SimpleITK, ITK or nibabel, or an `overlap.io.Volume`, is read with
        x first.
    connectivity : int, optional
        Number of neighbors: 2 on a line; 4 or 8 in the plane; 6, 18 or 26 in space. By
        default the largest.
    backend : {"auto", "cc3d", "scipy"}
        Who does it: `connected-components-3d` (which is several times faster), or
        `scipy.ndimage`; ``"auto"`` takes the first if it is installed. The result is the same.

    Returns
    -------
    ndarray of int32, shape (*grid)
        0 for the background, then 1, 2, ... in the order of the components' first voxels
        (last axis fastest, whatever the memory layout).

    Raises
    ------
    ImportError
        For ``backend="cc3d"`` where it is not installed.
    ValueError
        For another number of axes or of neighbors.

    Examples
    --------
    >>> import overlap as ov
    >>> ov.connected_components([[1, 0, 1], [0, 1, 0]], connectivity=4)
    array([[1, 0, 2],
           [0, 3, 0]], dtype=int32)
    >>> int(ov.connected_components([[1, 0, 1], [0, 1, 0]], connectivity=8).max())
    1
    """
    volume = read_labels(labels, "labels")
    if volume.dtype == bool:
        volume = volume.view(np.uint8)
    structure = neighborhood(volume.ndim, connectivity)
    if backend not in ("auto", "cc3d", "scipy"):
        raise ValueError(f"backend = {backend!r}; expected 'auto', 'cc3d' or 'scipy'")
    result: NDArray[Any] | None = None
    if backend != "scipy" and volume.size:
        result = _by_cc3d(volume, connectivity, required=backend == "cc3d")
    if result is None:
        result = _by_scipy(volume, structure)
    result = np.array(result, np.int32, order="C")
    flat = result.reshape(-1)
    specialise(first_seen)(flat, np.zeros(int(flat.max(initial=0)) + 1, np.int32))
    return result


def first_seen(labels, new):
    """Renumber labels in the order in which they are seen; `new` is 0 for those not seen yet."""
    count = 0
    for k in range(len(labels)):
        label = labels[k]
        if label != 0:
            if new[label] == 0:
                count += 1
                new[label] = count
            labels[k] = new[label]
    return count


def _by_cc3d(volume: NDArray[Any], connectivity: int | None, required: bool) -> NDArray[Any] | None:
    try:
        import cc3d
    except ImportError:
        if not required:
            return None
        raise ImportError(
            "backend='cc3d' needs connected-components-3d: pip install 'overlap-metrics[medical]'"
        ) from None
    axes = volume.ndim
    flat = volume[None] if axes == 1 else volume  # a line is a plane with one row
    neighbors = connectivity if axes > 1 and connectivity else {1: 4, 2: 8, 3: 26}[axes]
    # It is known to be right for integers of the machine in a block of memory of their own: its
    # version 4 errs for bool in the plane, and refuses read-only arrays and some views.
    whole = flat.flags.c_contiguous or flat.flags.f_contiguous
    if not (whole and flat.flags.writeable and flat.dtype.isnative):
        flat = np.array(flat, flat.dtype.newbyteorder("="), order="K" if whole else "C")
    components: Any = cc3d.connected_components
    return components(flat, connectivity=neighbors).reshape(volume.shape)


def _by_scipy(volume: NDArray[Any], structure: NDArray[np.bool_]) -> NDArray[np.int32]:
    from scipy.ndimage import label

    result = np.zeros(volume.shape, np.int32)
    count = 0
    for value in np.unique(volume[volume != 0]):
        inside = volume == value
        part, more = label(inside, structure, output=np.int32)
        result[inside] = part[inside] + count
        count += more
    return result
