"""Parts of an evaluation as bytes: trees of records and arrays, without pickle.

A part is what was measured of one item. Records are written with the names of their classes, and
only classes that the reader expects are made again, so that bytes from elsewhere can do no harm.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np

from overlap._common.values import ReadOnly
from overlap.io._atomic import atomic_path

__all__ = ["SUFFIX", "Store", "checked_folder", "pack", "unpack"]

#: Of the files of parts.
SUFFIX = ".part"

_MAGIC = b"overlap part 1\n"
_TAG = "~"


def pack(value: Any) -> bytes:
    """Write a value as bytes.

    Parameters
    ----------
    value : Any
        A tree of dataclasses, mappings, sequences, texts, numbers, None and arrays without objects
        other than texts.

    Returns
    -------
    bytes
        With a checksum at the end.

    Raises
    ------
    TypeError
        There is something else in it.
    """
    arrays: list[np.ndarray] = []
    tree = json.dumps(_tree(value, arrays)).encode()
    stream = io.BytesIO()
    stream.write(_MAGIC)
    for block in (tree, *map(_array_bytes, arrays)):
        stream.write(len(block).to_bytes(8, "little"))
        stream.write(block)
    content = stream.getvalue()
    return content + hashlib.sha256(content).digest()


def unpack(data: bytes, records: Iterable[type]) -> Any:
    """Read a value that `pack` wrote.

    Parameters
    ----------
    data : bytes
    records : iterable of type
        Dataclasses that may be in it.

    Raises
    ------
    ValueError
        The bytes are damaged, of another version, or have records of another class.
    """
    if not data.startswith(_MAGIC):
        raise ValueError(f"these bytes do not begin with {_MAGIC.decode().strip()!r}")
    content, seal = data[:-32], data[-32:]
    if hashlib.sha256(content).digest() != seal:
        raise ValueError("these bytes are cut or damaged: their checksum does not match")
    blocks, at = [], len(_MAGIC)
    while at < len(content):
        size = int.from_bytes(content[at : at + 8], "little")
        blocks.append(content[at + 8 : at + 8 + size])
        at += 8 + size
    arrays = [np.load(io.BytesIO(block), allow_pickle=False) for block in blocks[1:]]
    return _value(json.loads(blocks[0]), arrays, {record.__name__: record for record in records})


def _array_bytes(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=False)
    return stream.getvalue()


def _tree(value: Any, arrays: list[np.ndarray]) -> Any:
    if value is None or isinstance(value, bool | int | float | str):
        # subclasses, such as NumPy's float64, are written as arrays
        if type(value) in (type(None), bool, int, float, str):
            return value
    if isinstance(value, np.ndarray) and value.dtype.hasobject:
        entries = value.ravel().tolist()
        if not all(isinstance(entry, str | None) for entry in entries):
            raise TypeError("an array of objects that are no texts cannot be stored")
        return {_TAG: "texts", "shape": list(value.shape), "of": entries}
    if isinstance(value, np.ndarray | np.generic):
        arrays.append(np.asarray(value))
        kind = "array" if isinstance(value, np.ndarray) else "scalar"
        return {_TAG: kind, "of": len(arrays) - 1}
    if isinstance(value, list):
        return [_tree(entry, arrays) for entry in value]
    if isinstance(value, tuple):
        return {_TAG: "tuple", "of": [_tree(entry, arrays) for entry in value]}
    if isinstance(value, Mapping):
        entries = [[_tree(key, arrays), _tree(entry, arrays)] for key, entry in value.items()]
        return {_TAG: "frozen" if isinstance(value, ReadOnly) else "dict", "of": entries}
    if is_dataclass(value) and not isinstance(value, type):
        entries = [
            [entry.name, _tree(getattr(value, entry.name), arrays)]
            for entry in fields(value)
            if entry.init
        ]
        return {_TAG: "record", "name": type(value).__name__, "of": entries}
    raise TypeError(f"a {type(value).__name__} cannot be stored as a part of an evaluation")


def _value(tree: Any, arrays: list[np.ndarray], records: Mapping[str, type]) -> Any:
    if isinstance(tree, list):
        return [_value(entry, arrays, records) for entry in tree]
    if not isinstance(tree, dict):
        return tree
    kind, of = tree[_TAG], tree["of"]
    if kind == "texts":
        result = np.empty(len(of), dtype=object)
        result[:] = of
        return result.reshape(tree["shape"])
    if kind in ("array", "scalar"):
        return arrays[of] if kind == "array" else arrays[of][()]
    if kind == "tuple":
        return tuple(_value(entry, arrays, records) for entry in of)
    if kind in ("dict", "frozen"):
        made = {_value(key, arrays, records): _value(x, arrays, records) for key, x in of}
        return made if kind == "dict" else ReadOnly(made)
    if tree["name"] not in records:
        raise ValueError(f"these bytes have a record {tree['name']!r}, which is not expected here")
    return records[tree["name"]](**{name: _value(entry, arrays, records) for name, entry in of})


@dataclass(frozen=True)
class Store:
    """A folder of measured parts, one file each, for runs that are interrupted.

    Parameters
    ----------
    folder : str
        Exists.
    rules : mapping
        What the parts depend on besides their items, as plain data.
    records : tuple of type
        Dataclasses that parts consist of.
    """

    folder: str
    rules: Mapping[str, Any]
    records: tuple[type, ...]

    def path(self, key: Any) -> Path:
        """Return the file of a part: what of its name is safe, and a digest.

        Parameters
        ----------
        key : Any
        """
        text = str(key)
        safe = "".join(c if c.isalnum() or c in "-_." else "_" for c in text)[:60]
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]
        return Path(self.folder) / f"{safe}.{digest}{SUFFIX}"

    def save(self, key: Any, part: Any) -> None:
        """Write a part, all or nothing.

        Parameters
        ----------
        key, part : Any

        Raises
        ------
        OSError
            It cannot be written, or there is something else in its place.
        """
        path = self.path(key)
        if path.exists() and not path.is_file():
            raise OSError(f"{path}: is no plain file; remove it")
        content = pack({"key": key, "rules": self._plain(), "part": part})
        with atomic_path(path) as temporary:
            temporary.write_bytes(content)

    def load(self, key: Any) -> tuple[Any, str]:
        """Read a part.

        Parameters
        ----------
        key : Any

        Returns
        -------
        part : Any
            None if it has to be measured.
        state : str
            ``"read"``; or ``""``, ``"changed"``, ``"damaged"``: why it has to be measured.
        """
        path = self.path(key)
        try:
            if path.exists() and not path.is_file():  # a pipe would keep a read waiting
                return None, "damaged"
            stored = unpack(path.read_bytes(), self.records)
            same = stored["rules"] == self._plain() and stored["key"] == key
            return (stored["part"], "read") if same else (None, "changed")
        except FileNotFoundError:
            return None, ""
        except Exception:  # whatever the file holds, the item can be measured
            return None, "damaged"

    def _plain(self) -> Any:
        return json.loads(json.dumps(self.rules))


def checked_folder(resume: str | os.PathLike[str] | None) -> str | None:
    """Return a folder for parts, which is made if need be.

    Parameters
    ----------
    resume : path or None

    Raises
    ------
    OSError
        It is a file, or cannot be made.
    """
    if resume is None:
        return None
    folder = Path(resume)
    if folder.exists() and not folder.is_dir():
        raise NotADirectoryError(f"resume: {folder} is a file; give a folder")
    folder.mkdir(parents=True, exist_ok=True)
    return os.fspath(folder.resolve())
