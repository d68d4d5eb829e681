"""Text of users made safe to show in a terminal, on a page and in a picture."""

from __future__ import annotations

import re
import reprlib
import unicodedata
from collections import Counter
from collections.abc import Collection
from itertools import islice
from typing import Any

__all__ = ["brief", "counted", "number_of", "printable", "some", "width"]

# Controls (also those of a terminal), separators of lines, marks that turn the direction of
# the text around them, and halves of surrogate pairs (bytes of file names that are not UTF-8).
_HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)


class _Brief(reprlib.Repr):
    """Short form of any value, also of numbers of any size."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel, self.maxstring, self.maxother = 3, 90, 90

    def repr_int(self, x: int, level: int) -> str:
        try:
            return super().repr_int(x, level)
        except ValueError:  # Python does not write one of thousands of digits
            return f"a whole number of {x.bit_length():,} bits"


_BRIEF = _Brief()


def brief(value: Any) -> str:
    """Write a value for a message: whole if it is short, else its beginning and end.

    Parameters
    ----------
    value : Any

    Examples
    --------
    >>> brief([0.5, "a"]), len(brief("a" * 10_000)), brief(10**5000)
    ("[0.5, 'a']", 90, 'a whole number of 16,610 bits')
    """
    return _BRIEF.repr(value)


def some(names: Collection[Any], most: int = 12) -> str:
    """Write names for a message: the first of them, and how many there are.

    Parameters
    ----------
    names : collection
    most : int
        So many are written.

    Examples
    --------
    >>> some(["a", "b"]), some([]), some(range(9), 2)
    ("'a', 'b'", 'none', '0, 1, ... (9 in all)')
    """
    shown = [brief(name) for name in islice(names, most)]
    if len(names) > most:
        shown.append(f"... ({len(names)} in all)")
    return ", ".join(shown) or "none"


def counted(counts: Counter[Any], most: int = 6) -> str:
    """Write values with how often each occurs, the most frequent first.

    Parameters
    ----------
    counts : Counter
    most : int
        So many are written.

    Examples
    --------
    >>> counted(Counter("aab")), counted(Counter("aab"), 1)
    ('a (2), b (1)', 'a (2), ... (2 in all)')
    """
    shown = [f"{value} ({count:,})" for value, count in counts.most_common(most)]
    if len(counts) > most:
        shown.append(f"... ({len(counts)} in all)")
    return ", ".join(shown)


def number_of(count: int, noun: str) -> str:
    """Write a number with its noun, such as ``1 file`` or ``2 files``.

    Parameters
    ----------
    count : int
    noun : str
        In the singular.
    """
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def printable(text: str, *, keep: str = "") -> str:
    r"""Write characters that cannot be seen, or that steer a terminal, as escapes.

    Parameters
    ----------
    text : str
    keep : str
        Characters to leave as they are, such as a line break.

    Returns
    -------
    str
        Letters of all scripts stay as they are.

    Examples
    --------
    >>> printable("Größe \x1b[2J\n")
    'Größe \\x1b[2J\\n'
    """
    if text.isascii() and text.isprintable():
        return text

    def escape(match: re.Match[str]) -> str:
        character = match.group()
        if character in keep:
            return character
        return character.encode("unicode_escape").decode("ascii")

    return _HIDDEN.sub(escape, text)


def width(text: str) -> int:
    """Count the columns that a text takes in a terminal.

    Parameters
    ----------
    text : str
        As `printable` returns it.

    Examples
    --------
    >>> width("abc"), width("跳水")
    (3, 4)
    """
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in text)
    return len(text) + wide - sum(unicodedata.combining(character) > 0 for character in text)
