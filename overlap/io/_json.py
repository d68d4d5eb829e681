"""JSON files: their content, the place of a fault, and repeated keys."""

from __future__ import annotations

import gc
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from overlap.io._source import Source
from overlap.io.printable import brief

__all__ = [
    "LINES",
    "is_json_lines",
    "no_collection",
    "parse_json",
    "parse_json_lines",
    "repeated_keys",
]

#: Suffixes of files with one object in each line.
LINES = (".jsonl", ".ndjson", ".jsonlines")

# Digits as 0, the sign and the point as they are, all else as blanks.
_SHAPES = bytes(48 if 48 <= k <= 57 else k if k in b"-." else 32 for k in range(256))


def parse_json(content: Source, *, unique: bool = False) -> Any:
    """Parse JSON; the message of a failure says where it is.

    Parameters
    ----------
    content : Source
        The file.
    unique : bool
        Refuse an object that has a key twice. Otherwise the last one counts, as in every parser.

    Returns
    -------
    object
        Content of the file.

    Raises
    ------
    ValueError
        The content is not JSON.
    """
    if not unique:
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

    def checked(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        result = dict(pairs)
        if len(result) < len(pairs):
            raise _TwiceError(_twice(pairs)[0])
        return result

    name = content.name
    try:
        # reads the NaN that Python itself writes; the check of values then names its place
        return json.loads(content.data, object_pairs_hook=checked if unique else None)
    except _TwiceError as error:
        raise ValueError(
            f"{name}: the key {brief(error.args[0])} is there twice in one object; keep one"
        ) from None
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


class _TwiceError(Exception):
    """Repeated key of an object."""


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


def repeated_keys(content: Source, least: int = 0) -> list[str]:
    """Return the repeated keys of objects in a JSON file; parsers keep the last of each.

    Parameters
    ----------
    content : Source
        A file that `parse_json` reads.
    least : int
        So many keys were seen in the parsed content, or more. A file with no more places at which
        a key may end has none twice, and is not parsed again.

    Returns
    -------
    list of str
    """
    if content.data.translate(None, b" \t\n\r").count(b'":') == least:
        return []
    repeated: list[str] = []

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        result = dict(items)
        if len(result) < len(items):
            repeated.extend(_twice(items))
        return result

    json.loads(content.data, object_pairs_hook=pairs)
    return repeated


def _twice(pairs: list[tuple[str, Any]]) -> list[str]:
    counts = Counter(key for key, _ in pairs)
    return [key for key, count in counts.items() if count > 1]
