"""JSON files: their content, the place of a fault, and repeated keys."""

from __future__ import annotations

import gc
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, compress
from typing import Any

from overlap.io._source import Source
from overlap.io.printable import brief

__all__ = [
    "LINES",
    "is_json_lines",
    "no_collection",
    "parse_json",
    "parse_json_lines",
    "refuse_repeated",
]

#: Suffixes of files with one object in each line.
LINES = (".jsonl", ".ndjson", ".jsonlines")

_CONTAINERS = frozenset((dict, list))
# Digits as 0, the sign and the point as they are, all else as blanks.
_SHAPES = bytes(48 if 48 <= k <= 57 else k if k in b"-." else 32 for k in range(256))


def parse_json(content: Source, *, checked: bool = True) -> Any:
    """Parse JSON; the message of a failure says where it is.

    Parameters
    ----------
    content : Source
        The file.
    checked : bool
        Whether `refuse_repeated` looks for keys that are there twice.

    Returns
    -------
    object
        Content of the file.

    Raises
    ------
    ValueError
        The content is not JSON, or an object has a key twice, with different values.
    """
    payload = _parsed(content)
    if checked:
        refuse_repeated(content, payload)
    return payload


def _parsed(content: Source) -> Any:
    try:
        import orjson
    except ImportError:
        pass
    else:
        try:
            if not _has_long_integers(content.data):  # orjson makes floats of them
                with no_collection():
                    return orjson.loads(content.data)
        except orjson.JSONDecodeError:
            pass  # read again below: the message is then the same in every installation
    name = content.name
    try:
        # reads the NaN that Python itself writes; the check of values then names its place
        return json.loads(content.data)
    except json.JSONDecodeError as error:
        raise ValueError(
            f"{name}: invalid JSON at line {error.lineno}, column {error.colno}: {error.msg}"
        ) from None
    except UnicodeDecodeError as error:
        raise ValueError(f"{name}: invalid JSON: not UTF-8 at byte {error.start}") from None
    except RecursionError:
        raise ValueError(f"{name}: invalid JSON: nested too deeply") from None
    except ValueError:  # Python turns no more digits into a whole number
        raise ValueError(f"{name}: invalid JSON: a number has thousands of digits") from None


@contextmanager
def no_collection() -> Iterator[None]:
    """Put off the collection of garbage.

    Parsing makes none, and each collection would visit everything that is parsed so far. So would
    the next one after it, unless what was parsed is given back inside.
    """
    wanted = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if wanted:
            gc.enable()


def _has_long_integers(data: bytes) -> bool:
    """Tell whether there may be an integer that has more than 64 bits."""
    shapes = data.translate(_SHAPES)
    return b" " + 20 * b"0" in shapes or b"-" + 19 * b"0" in shapes


def is_json_lines(content: Source) -> bool:
    """Tell whether a file has one JSON object in each line.

    Parameters
    ----------
    content : Source
    """
    if content.suffix in LINES:
        return True
    if not content.is_json:
        return False
    first, _, rest = content.data.lstrip().partition(b"\n")
    if not (first.startswith(b"{") and rest.lstrip().startswith(b"{")):
        return False
    try:
        return isinstance(json.loads(first), dict)
    except ValueError:
        return False


def parse_json_lines(content: Source) -> tuple[list[Any], list[int]]:
    """Return the values of the lines that are not blank, and the numbers of the lines.

    Parameters
    ----------
    content : Source

    Raises
    ------
    ValueError
        A line is not JSON.
    """
    values, numbers = [], []
    for number, line in enumerate(content.data.split(b"\n"), start=1):
        if not line.strip():
            continue
        part = Source(f"{content.name}, line {number}", line, "")
        values.append(parse_json(part))
        numbers.append(number)
    return values, numbers


def refuse_repeated(
    content: Source, payload: Any, read: Callable[[Sequence[Any], str], bool] | None = None
) -> None:
    """Refuse an object that has a key twice, with different values: parsers keep the last one.

    Parameters
    ----------
    content : Source
        A file of JSON.
    payload : object
        What it holds, as parsed.
    read : callable, optional
        Whether somebody reads a key of an object, which is told by the keys and places that lead
        to it. By default all count.

    Raises
    ------
    ValueError
        There is one; the message has the key, both values, and where the object is.
    """
    if _has_keys(payload, content.data.translate(None, b" \t\n\r").count(b'":')):
        return
    try:
        found = [*_repeated(json.loads(content.data, object_pairs_hook=_of_pairs), ())]
    except RecursionError:
        raise ValueError(f"{content.name}: invalid JSON: nested too deeply") from None
    for path, pairs in found:
        first: dict[str, Any] = {}
        for key, value in pairs:
            other = first.setdefault(key, value)
            if _same(other, value) or not (read is None or read(path, key)):
                continue
            where = "".join(_step(k, step) for k, step in enumerate(path))
            raise ValueError(
                f"{content.name}: {where + ': ' if where else ''}the key {brief(key)} is there "
                f"twice in one object, with {brief(other)} and with {brief(value)}; keep one"
            )


class _Repeated(dict[str, Any]):
    """An object in which a key is there twice, with all pairs."""

    pairs: list[tuple[str, Any]]


def _of_pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        result = _Repeated(result)
        result.pairs = pairs
    return result


def _repeated(value: Any, path: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], list[Any]]]:
    """Yield the objects that have a key twice, in the order of the file."""
    if isinstance(value, list):
        entries: Iterable[Any] = enumerate(value)
    elif isinstance(value, dict):
        entries = value.items()
        if isinstance(value, _Repeated):
            yield path, value.pairs
            entries = value.pairs
    else:
        return
    for key, inside in entries:
        if isinstance(inside, dict | list):
            yield from _repeated(inside, (*path, key))


def _same(one: Any, other: Any) -> bool:
    return one == other or repr(one) == repr(other)  # NaN is no other value than NaN


def _step(depth: int, key: Any) -> str:
    """Write a step to an object as messages do: ``database['v'].annotations[0]``."""
    if isinstance(key, str) and key.isidentifier() and depth != 1:
        return f".{key}" if depth else key
    return f"[{key if isinstance(key, int) else brief(key)}]"


def _has_keys(payload: Any, count: int) -> bool:
    """Tell whether the objects of a file have as many keys as places where a key may end.

    If so, no key was lost, and the file need not be parsed again. Most have them in their upper
    levels; in lists that begin with a number, none are looked for.
    """
    level, there = [payload], 0
    while level and there < count:
        lists = [x for x in level if type(x) is list and x and type(x[0]) not in (int, float)]
        rows = [x for x in lists if set(map(type, x)) == {dict}]
        objects = [x for x in level if type(x) is dict]
        there += sum(map(len, objects)) + sum(map(len, chain.from_iterable(rows)))
        if there < count:
            others = (x for x in lists if set(map(type, x)) != {dict})
            values = map(dict.values, chain(objects, chain.from_iterable(rows)))
            inside = list(chain(chain.from_iterable(values), chain.from_iterable(others)))
            level = list(compress(inside, map(_CONTAINERS.__contains__, map(type, inside))))
    return there == count
