"""Equality and hash by content, for immutable objects that hold arrays."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar

import numpy as np

__all__ = ["ByValue", "ReadOnly", "content_hash", "same"]

_AT_ONCE = 1 << 14  # numbers of an array

Key = TypeVar("Key")
Value = TypeVar("Value")


class ByValue:
    """Base of frozen dataclasses that are equal if all their fields are, arrays included.

    NaN equals NaN, so that an object equals its copy. A class that is no dataclass, or that keeps
    equal contents in different ways, has its own `_contents`.
    """

    def _contents(self) -> Sequence[Any]:
        """Return the values by which objects of one class are compared."""
        return [getattr(self, entry.name) for entry in fields(self) if entry.compare]  # type: ignore[arg-type]

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, ByValue) or type(self) is not type(other):
            return NotImplemented
        return same(tuple(self._contents()), tuple(other._contents()))

    def __hash__(self) -> int:
        return content_hash(type(self).__qualname__, *self._contents())


class ReadOnly(ByValue, Mapping[Key, Value]):
    """A mapping that cannot be changed; unlike ``types.MappingProxyType`` it can be pickled.

    Parameters
    ----------
    entries : mapping
    """

    def __init__(self, entries: Mapping[Key, Value]) -> None:
        self._entries = dict(entries)

    def __getitem__(self, key: Key) -> Value:
        return self._entries[key]

    def __iter__(self) -> Iterator[Key]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __repr__(self) -> str:
        return repr(self._entries)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, dict):  # as MappingProxyType does
            return same(self._entries, other)
        return super().__eq__(other)

    __hash__ = ByValue.__hash__

    def _contents(self) -> Sequence[Any]:
        return (self._entries,)


def same(a: Any, b: Any) -> bool:
    """Return whether two values are equal, with arrays compared by their entries.

    Parameters
    ----------
    a, b : Any
        Arrays are equal if shape, type and entries are; NaN equals NaN.
    """
    if a is b:
        return True
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        return (
            isinstance(a, np.ndarray)
            and isinstance(b, np.ndarray)
            and a.dtype == b.dtype
            and a.shape == b.shape
            and _same_entries(a, b)
        )
    if isinstance(a, float) and isinstance(b, float):
        return a == b or (a != a and b != b)
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        return a.keys() == b.keys() and all(same(x, b[key]) for key, x in a.items())
    if isinstance(a, (tuple, list)) and isinstance(b, (tuple, list)):
        return (
            type(a) is type(b)
            and len(a) == len(b)
            and all(same(x, y) for x, y in zip(a, b, strict=True))
        )
    if type(a) is type(b) and _is_record(a):
        return all(same(getattr(a, x.name), getattr(b, x.name)) for x in fields(a) if x.compare)
    if hasattr(a, "equals") and type(a) is type(b):
        return bool(a.equals(b))  # tables of pandas
    return bool(a == b)


def _is_record(value: Any) -> bool:
    """Whether a value is of a plain dataclass, whose own comparison would not see equal NaN."""
    return is_dataclass(value) and not isinstance(value, (type, ByValue))


def _same_entries(a: np.ndarray, b: np.ndarray) -> bool:
    if a.dtype.hasobject:
        return all(same(x, y) for x, y in zip(a.ravel().tolist(), b.ravel().tolist(), strict=True))
    return bool(np.array_equal(a, b, equal_nan=a.dtype.kind in "fcmM"))


def content_hash(*values: Any) -> int:
    """Return a hash of values, the same for values that are `same`.

    Of arrays, numbers and texts, and all that is made of them, it is the same in every process.

    Parameters
    ----------
    *values : Any
    """
    digest = hashlib.blake2b(digest_size=8)
    for value in values:
        _feed(digest, value)
    return int.from_bytes(digest.digest(), "little", signed=True)


def _feed(digest: Any, value: Any) -> None:
    if isinstance(value, np.ndarray) and not value.dtype.hasobject:
        digest.update(f"{value.dtype.str}{value.shape}".encode())
        flat = np.ascontiguousarray(value).reshape(-1)
        if value.dtype.kind != "f":
            digest.update(flat.view(np.uint8))
            return
        for start in range(0, len(flat), _AT_ONCE):
            part = flat[start : start + _AT_ONCE] + 0.0  # -0.0 equals 0.0
            part[np.isnan(part)] = np.nan
            digest.update(part.view(np.uint8))
    elif isinstance(value, np.ndarray):
        _feed(digest, value.tolist())
    elif isinstance(value, Mapping):
        entries = sorted(content_hash(key, entry) for key, entry in value.items())
        digest.update(repr(entries).encode())
    elif isinstance(value, Set):
        digest.update(repr(sorted(map(content_hash, value))).encode())
    elif isinstance(value, (tuple, list)):
        digest.update(f"{type(value).__name__}{len(value)}".encode())
        for entry in value:
            _feed(digest, entry)
    elif _is_record(value):
        digest.update(type(value).__qualname__.encode())
        for entry in fields(value):
            if entry.compare:
                _feed(digest, getattr(value, entry.name))
    elif isinstance(value, float) and value != value:
        digest.update(b"nan")
    elif value is None:
        digest.update(b"none")
    elif isinstance(value, (str, bytes)):  # Python's own hash of them differs between processes
        text = value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value
        digest.update(f"{type(value).__name__}{len(text)}".encode() + text)
    else:
        try:
            digest.update(hash(value).to_bytes(8, "little", signed=True))
        except TypeError:  # what cannot be hashed decides nothing
            digest.update(type(value).__name__.encode())
