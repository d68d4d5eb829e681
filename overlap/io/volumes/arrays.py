"""NumPy files: ``.npy``, mapped into memory, and ``.npz`` with one array."""

from __future__ import annotations

import numpy as np

from overlap.io.volumes.volume import RawVolume

__all__ = ["read_numpy"]


def read_numpy(path: str) -> RawVolume:
    """Read a NumPy file.

    Parameters
    ----------
    path : str
        ``.npy`` file, or ``.npz`` archive of one array.

    Returns
    -------
    RawVolume
        The axes are those of the stored array.

    Raises
    ------
    ValueError
        The file is damaged, truncated, something else, or holds several arrays or objects.
    """
    zipped = path.lower().endswith(".npz")
    names = [""]
    try:
        if not zipped:
            data = np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
        else:
            # opened here, because NumPy leaves it open where it fails
            with open(path, "rb") as stream, np.load(stream, allow_pickle=False) as archive:
                names = archive.files
                data = archive[names[0]] if len(names) == 1 else np.empty(0)
    except Exception as error:  # a damaged header can be anything, also to Python's own parser
        reason = " ".join(str(error).split()) or type(error).__name__
        if any(word in reason for word in ("allow_pickle", "Object arrays", "Python objects")):
            reason = "it is of another kind, or holds Python objects"
        raise ValueError(f"{path}: not a readable NumPy file ({reason})") from None
    if len(names) != 1:
        raise ValueError(
            f"{path}: has {len(names)} arrays ({', '.join(names[:6])}); wanted one: save the "
            "label map by itself"
        )
    if data.dtype.kind not in "buif":
        raise ValueError(f"{path}: has elements of type {data.dtype}; wanted integers or reals")
    return RawVolume(data)
