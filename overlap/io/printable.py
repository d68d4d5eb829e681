"""Names of users as text that a terminal, a page and a picture can show."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["printable", "width"]

# Controls (also those of a terminal), separators of lines, marks that turn the direction of
# the text around them, and halves of surrogate pairs (bytes of file names that are not UTF-8).
_HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)


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
