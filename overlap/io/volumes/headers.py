"""Text headers of MetaImage and NRRD files: numbers, and names of data files."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable

from overlap._common.files import check_file

__all__ = ["data_file", "finite_numbers", "shown"]

_SHOWN = 120  # characters of a header in a message


def shown(text: str | None) -> str:
    """Return a value of a header for a message, cut where a damaged one is too long.

    Parameters
    ----------
    text : str or None
    """
    return repr(text) if text is None or len(text) <= _SHOWN else repr(text[:_SHOWN]) + "..."


def finite_numbers(words: Iterable[str]) -> list[float]:
    """Return numbers of a header; none if one of the words is no finite number.

    Parameters
    ----------
    words : iterable of str
    """
    try:
        # float() also reads 1_0, and digits of other scripts
        values = [float(word) if word.isascii() and "_" not in word else math.nan for word in words]
    except ValueError:
        return []
    return values if all(map(math.isfinite, values)) else []


def data_file(path: str, name: str) -> str:
    """Return the path of the data file that a header names.

    Parameters
    ----------
    path : str
        File with the header.
    name : str
        Name of the data file in it.

    Returns
    -------
    str

    Raises
    ------
    ValueError
        The voxels are in several files, or in one that is not in the folder of the header or in a
        folder within it: a header from elsewhere must not choose among the files of this machine.
        (A symbolic link in that folder may lead anywhere.)
    FileNotFoundError
        The file is not beside the header.
    """
    if name.upper().startswith("LIST") or "%" in name:
        raise ValueError(
            f"{path}: its voxels are in several files ({name[:_SHOWN]}); save them in one"
        )
    folder = os.path.dirname(os.path.abspath(path))
    source = os.path.normpath(os.path.join(folder, name))
    if os.path.commonpath((folder, source)) != folder or source in (folder, os.path.abspath(path)):
        raise ValueError(
            f"{path}: its data file is said to be {shown(name)}; wanted a file in the folder of "
            "the header, or below it"
        )
    place = os.path.join(os.path.dirname(path), os.path.relpath(source, folder))
    if not os.path.lexists(source):
        raise FileNotFoundError(f"{path}: its data file {name[:_SHOWN]} is not beside it")
    try:
        check_file(place)
    except (OSError, ValueError) as error:
        raise type(error)(f"{path}: its data file cannot be read ({error})") from None
    return place
