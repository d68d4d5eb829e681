"""Objects of a long JSON list as columns, without a Python object for each.

Only the usual is read here: whole numbers, numbers, lists of so many numbers, and where other
values stand. Whatever else comes, `json_rows` returns None, and the caller reads the file as any
other, with all the messages of `parse_json`.

Threads read pieces of the list. A piece begins where an object seems to begin, and counts only if
what is before it ends there.
"""

from __future__ import annotations

import re
import threading
from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from overlap._kernels.jit import run_blocks, scalar, specialise

__all__ = ["JsonRows", "json_rows"]

#: Kinds of fields; a list of n numbers is ``LIST + n``.
WHOLE, NUMBER, PLACE, LIST = range(4)
_KINDS = {"whole": WHOLE, "number": NUMBER, "place": PLACE, "pair": LIST + 2, "four": LIST + 4}
_DEEPEST, _LONGEST = 64, 1000  # brackets in brackets; characters of a number
_POWERS = np.array([float(10**k) for k in range(23)])  # float64 holds these exactly
_MOST_WHOLE = np.uint64(10**15)
_MOST_VALUE = np.uint64(10**18)  # ten times as much, and a digit, are a number of 64 bits
_EXACT = np.uint64(1 << 53)
_ZERO, _TEN = np.uint64(0), np.uint64(10)
_BYTE, _OTHERS = np.uint64(8), np.uint64(56)
_U = np.uint64  # an index with a sign would be tested for one

# A table says for each state and character of a value the next state, what is to be done, and
# two flags: a number begins here; one ended before. States are multiples of 256.
_STATES = (
    "value first entry key after colon name text escape u1 u2 u3 u4 minus zero whole point "
    "fraction e sign power t tr tru f fa fal fals n nu nul"
).split()
_AT = {name: 256 * k for k, name in enumerate(_STATES)}
VALUE, FIRST, ENTRY, KEY, AFTER, TEXT = (
    _AT[name] for name in "value first entry key after text".split()
)
_UNIT = 1 << 16
OPEN, CLOSE, COMMA, DONE = (k * _UNIT for k in range(1, 5))
MARK, STOP, FAULT = 8 * _UNIT, 16 * _UNIT, 32 * _UNIT

_PIECE = 1 << 20  # bytes that a thread reads at once
_FEW = 64  # objects for which there is room at first, until it is known how long they are
_COST = 1.0  # nanoseconds per byte
_OPEN = re.compile(rb"\[[ \t\n\r]*")
_NEXT = re.compile(rb"\}[ \t\n\r]*,[ \t\n\r]*\{")


@dataclass(frozen=True, eq=False)
class JsonRows:
    """Columns of the objects of a list.

    Attributes
    ----------
    text : bytes
        The JSON.
    count : int
        Number of objects.
    columns : mapping from str to ndarray
        ``"whole"`` (N,) int64, ``"number"`` (N,) float64, ``"pair"`` (N, 2) and ``"four"`` (N, 4)
        float64, and ``"place"`` (N, 2) int64: where in the text a value begins and ends. Undefined
        where an object lacks the key.
    has : mapping from str to ndarray of bool, shape (N,)
        Which objects have the key.
    end : int
        Where the list ends.
    """

    text: bytes
    count: int
    columns: Mapping[str, NDArray]
    has: Mapping[str, NDArray[np.bool_]]
    end: int

    def __len__(self) -> int:
        return self.count


# ------------------------------------------------------------------------------- kernels
# The text ends with a bracket, at which all loops end but those over the characters of a string.


@cache
def _steps() -> NDArray[np.uint32]:
    """Return the table of `_behind_value`."""
    table = np.full((len(_AT), 256), FAULT, np.uint32)
    inside_text = bytes(k for k in range(32, 256) if k not in b'"\\')

    def go(states: str, characters: bytes, to: str, more: int = 0) -> None:
        rows = [_AT[state] // 256 for state in states.split()]
        table[np.ix_(rows, list(characters))] = _AT[to] + more

    for state in ("value", "first", "entry", "key", "after", "colon"):
        go(state, b" \t\n\r", state)
    go("entry key", b'"', "name")
    go("name", inside_text, "name")
    go("name", b'"', "colon")
    go("colon", b":", "value")
    go("after", b",", "value", COMMA)
    go("first after", b"]", "after", CLOSE)
    go("entry after", b"}", "after", CLOSE)
    go("value first", b"[{", "first", OPEN)
    go("value first", b'"', "text")
    go("text", inside_text, "text")
    go("text", b'"', "after", DONE)
    go("text", b"\\", "escape")
    go("escape", b'"\\/bfnrt', "text")
    go("escape", b"u", "u1")
    for one, other in pairwise(("u1", "u2", "u3", "u4", "text")):
        go(one, b"0123456789abcdefABCDEF", other)
    for word in ("true", "false", "null"):
        go("value first", word[:1].encode(), word[0])
        for k in range(1, len(word) - 1):
            go(word[:k], word[k : k + 1].encode(), word[: k + 1])
        go(word[:-1], word[-1:].encode(), "after", DONE)
    go("value first", b"-", "minus", MARK)
    go("value first", b"0", "zero", MARK)
    go("value first", b"123456789", "whole", MARK)
    go("minus", b"0", "zero")
    go("minus whole", b"123456789", "whole")
    go("whole", b"0", "whole")
    go("zero whole", b".", "point")
    go("point fraction", b"0123456789", "fraction")
    go("zero whole fraction", b"eE", "e")
    go("e", b"+-", "sign")
    go("e sign power", b"0123456789", "power")
    behind = np.flatnonzero(table[AFTER // 256] < FAULT)
    for state in ("zero", "whole", "fraction", "power"):
        table[_AT[state] // 256, behind] = table[AFTER // 256, behind] + STOP
    return table.ravel()


@scalar
def _behind_blanks(text, at):
    while at < len(text) and (
        text[_U(at)] == 32 or text[_U(at)] == 10 or text[_U(at)] == 13 or text[_U(at)] == 9
    ):
        at += 1
    return at


@scalar
def _behind_value(text, at, step, braces):
    """Return the place behind any value; -1 for a fault."""
    state, depth, begin = np.uint32(VALUE), 0, at
    while at < len(text):
        to = step[state + text[_U(at)]]
        state = to & np.uint32(0xFF00)
        at += 1
        if to < _UNIT:
            if state == TEXT:  # the next place does not wait for the table
                while at < len(text) and step[np.uint32(TEXT) + text[_U(at)]] == TEXT:
                    at += 1
            continue
        if to >= FAULT:
            break
        if to & MARK:
            begin = at - 1
        if to & STOP:
            if at - begin > _LONGEST:
                break
            if depth == 0:
                return at - 1
        action = to & (7 * _UNIT)
        if action == OPEN:
            brace = text[_U(at - 1)] == 123
            if depth == len(braces):
                break
            braces[depth] = brace
            depth += 1
            state = np.uint32(ENTRY if brace else FIRST)
        elif action == COMMA:
            state = np.uint32(KEY if braces[depth - 1] else VALUE)
        elif action == CLOSE:
            depth -= 1
            if braces[depth] != (text[_U(at - 1)] == 125):
                break
        if depth == 0 and (action == DONE or action == CLOSE):
            return at
    return -1


@scalar
def _digits(text, at):
    """Read a number without its sign.

    Return the place behind, or -1; its digits as one number, of which 19 are kept; the power of 10;
    whether all digits are kept; and whether there is neither a point nor an exponent.
    """
    start, point, value, kept = at, -1, _ZERO, True
    c = text[_U(at)]
    while 48 <= c <= 57 or (c == 46 and point < 0):
        if c == 46:
            point = at
        elif value < _MOST_VALUE:
            value = value * _TEN + np.uint64(c - 48)
        else:
            kept = False
        at += 1
        c = text[_U(at)]
    size = (point if point >= 0 else at) - start
    power = point + 1 - at if point >= 0 else 0
    good = size > 0 and (size == 1 or text[_U(start)] != 48) and (point < 0 or power < 0)
    plain = point < 0
    if c == 101 or c == 69:
        plain = False
        at += 1
        less = text[_U(at)] == 45
        if less or text[_U(at)] == 43:
            at += 1
        digit, shift = at, np.int64(0)
        while 48 <= text[_U(at)] <= 57:
            if shift < 100000:
                shift = 10 * shift + np.int64(text[_U(at)]) - 48
            at += 1
        good = good and at > digit
        power += -shift if less else shift
    if not good or at - start >= _LONGEST:
        at = -1
    return at, value, power, kept, plain


@scalar
def _nearest(value, power):
    """Return ``value * 10**power``, and whether it is the nearest float64 for certain."""
    x = np.float64(value)
    if power < -22 or power > 22 or (value > _EXACT and power >= 0):
        return x, False
    p = _POWERS[power if power > 0 else -power]
    if value <= _EXACT:
        return (x / p if power < 0 else x * p), True
    # the quotient as a sum of two, whose rounding must not depend on the rest
    near = np.uint64(x)
    rest = np.float64(value - near) if value > near else -np.float64(near - value)
    q = x / p
    t = 134217729.0 * q
    q_high = t - (t - q)
    t = 134217729.0 * p
    p_high = t - (t - p)
    q_low, p_low = q - q_high, p - p_high
    product = q * p
    error = ((q_high * p_high - product) + q_high * p_low + q_low * p_high) + q_low * p_low
    more = (((x - product) - error) + rest) / p
    x = q + more * (1.0 + 2.0**-48)
    return x, x == q + more * (1.0 - 2.0**-48)


def _read(
    text, at, stop, names, kind, slot, inner, host, step, braces, row, out, whole, seen, slow_at
):
    """Read objects of a list from the one at `at` on, to the first that begins at `stop` or later.

    Fields from `inner` on are those of an object that is the value of the field `host`. Values of
    row n stand in column n of `out`, of which `whole` is a view as integers; `row` is the first.
    Return the row behind the last, the number of numbers that are left to Python, where it stands,
    and whether the list ends there. The row is -1 for anything that is not read here.
    """
    slow, bits, inside, fresh, ended = 0, 0, False, True, False
    while True:
        if fresh:  # at an object
            if text[_U(at)] != 123:
                break
            at = _behind_blanks(text, at + 1)
            bits, fresh, ended = 0, False, text[_U(at)] == 125
        if not ended:
            if text[_U(at)] != 34:
                break
            at += 1
            first, second, begin = _ZERO, _ZERO, at  # the name: its last 16 characters
            c = text[_U(at)]
            while c >= 32 and c != 34 and c != 92 and at < len(text) - 1:
                first = (first << _BYTE) | (second >> _OTHERS)
                second = (second << _BYTE) | np.uint64(c)
                at += 1
                c = text[_U(at)]
            if c != 34:
                break
            field, high = (inner, len(kind)) if inside else (0, inner)
            while field < high and (names[field, 0] != first or names[field, 1] != second):
                field += 1
            known, place = -1, 0
            if field < high and at - begin <= 16:
                if (bits >> field) & 1:  # twice: the last one counts
                    break
                bits |= 1 << field
                known, place = kind[field], slot[field]
            at = _behind_blanks(text, at + 1)
            if text[_U(at)] != 58:
                break
            at = _behind_blanks(text, at + 1)
            begin = at
            if known == PLACE and field == host and text[_U(at)] == 123:
                whole[place, row] = at
                at = _behind_blanks(text, at + 1)
                inside, ended = True, text[_U(at)] == 125
                continue
            if known == PLACE or known < 0:
                at = _behind_value(text, at, step, braces)
                if known == PLACE:
                    whole[place, row] = begin
                    whole[place + 1, row] = at
            else:
                length = known - LIST  # of a list, if above 0
                if length > 0 and text[_U(at)] != 91:
                    break
                at += length > 0
                k = 0
                while at >= 0:
                    at = _behind_blanks(text, at)
                    begin, negative = at, text[_U(at)] == 45
                    at, value, power, kept, plain = _digits(text, at + negative)
                    if at < 0:
                        break
                    if known == WHOLE:
                        if value >= _MOST_WHOLE or not plain:
                            at = -1
                        else:
                            whole[place, row] = -np.int64(value) if negative else np.int64(value)
                        break
                    x, good = _nearest(value, power)
                    out[place + k, row] = -x if negative else x
                    if not (good and kept):
                        slow_at[slow, 0] = place + k
                        slow_at[slow, 1] = row
                        slow_at[slow, 2] = begin
                        slow_at[slow, 3] = at
                        slow += 1
                    if length <= 0:
                        break
                    at = _behind_blanks(text, at)
                    k += 1
                    if text[_U(at)] != (93 if k == length else 44):
                        at = -1
                        break
                    at += 1
                    if k == length:
                        break
            if at < 0:
                break
        # behind a value, or in an empty object
        at = _behind_blanks(text, at)
        if at == len(text):
            break
        c = text[_U(at)]
        at += 1
        if c == 125 and inside:
            whole[slot[host] + 1, row] = at
            inside, ended = False, True
        elif c == 125:
            seen[row] = bits
            row += 1
            at = _behind_blanks(text, at)
            if at == len(text):
                break
            c = text[_U(at)]
            if c == 93:
                return row, slow, at + 1, True
            at = _behind_blanks(text, at + 1)
            if c != 44 or at == len(text):
                break
            fresh = True
            if at >= stop or row == len(seen) or slow + len(out) > len(slow_at):
                return row, slow, at, False
        elif c == 44:
            at, ended = _behind_blanks(text, at), False
        else:
            break
    return -1, 0, at, True


# ------------------------------------------------------------------------------- functions


class _Fields(NamedTuple):
    """Fields of objects, as `_read` takes them."""

    names: NDArray[np.uint64]
    kind: NDArray[np.int64]
    slot: NDArray[np.int64]
    inner: int
    host: int


class _Piece(NamedTuple):
    """Some objects: a row of numbers for each slot; where the next one begins, if there is one."""

    table: NDArray[np.float64]
    seen: NDArray[np.uint16]
    end: int
    closed: bool


class _Join:
    """Pieces of a list put together as soon as all before them are there.

    Parameters
    ----------
    field : ndarray, shape (slots,)
        Field of each slot.
    begin, last : int
        Where the first object begins, and where the text ends.
    """

    def __init__(self, field: NDArray[np.int64], begin: int, last: int) -> None:
        self.table, self.seen = np.empty((len(field), 0)), np.empty(0, np.uint16)
        self._field = field
        self.count, self.closed, self.at, self.failed = 0, False, begin, False
        self._begin, self._last = begin, last
        self._waiting: dict[int, _Piece | None] = {}
        self._lock = threading.Lock()

    def add(self, start: int, piece: _Piece | None) -> None:
        """Add the piece that begins at `start`, or what waits for it; None for a fault."""
        with self._lock:
            self._waiting[start] = piece
            while self.at in self._waiting and not self.closed:
                one = self._waiting.pop(self.at)
                if one is None:
                    self.failed = self.closed = True
                    return
                self._append(one)
                self.at, self.closed = one.end, one.closed

    def _append(self, one: _Piece) -> None:
        count = self.count + len(one.seen)
        if one.closed and not self.count:
            self.table, self.seen, self.count = one.table, one.seen, count
            return
        if count > len(self.seen):  # make room for all, or if these are longer, half as much again
            room = count * (self._last - self._begin) // (one.end - self._begin) * 17 // 16
            table, seen = self.table, self.seen
            self.table = np.empty((len(table), max(room, count * 3 // 2 if self.count else count)))
            self.seen = np.empty(self.table.shape[1], np.uint16)
            self._copy(0, table[:, : self.count], seen[: self.count])
        self._copy(self.count, one.table, one.seen)
        self.count = count

    def _copy(self, at: int, table: NDArray[np.float64], seen: NDArray[np.uint16]) -> None:
        """Take rows; memory of fields that no object has stays untouched."""
        end = at + len(seen)
        there = np.bitwise_or.reduce(seen, initial=0)
        for slot in np.flatnonzero(there >> self._field & 1).tolist():
            self.table[slot, at:end] = table[slot]
        self.seen[at:end] = seen


def json_rows(
    text: bytes, begin: int, fields: Mapping[str, str | Mapping[str, str]], *, piece: int = _PIECE
) -> JsonRows | None:
    """Read chosen keys of the objects of a list.

    Parameters
    ----------
    text : bytes
        JSON. The list may be a part of it.
    begin : int
        Where the list begins.
    fields : mapping from str to str or mapping
        For each key ``"whole"``, ``"number"``, ``"pair"`` or ``"four"`` (a list of so many
        numbers) or ``"place"`` (anything, of which only the place is told). Of one key a mapping:
        a place as well, and of an object that is there the fields of the mapping, whose columns
        are named ``"key.field"``. Other keys are passed over.
    piece : int
        Bytes that a thread reads at once.

    Returns
    -------
    JsonRows or None
        None for all that is unusual: another type than the one named, a key that is there twice,
        or with an escape, a whole number of 16 digits, text that is not JSON.
    """
    opened, last = _OPEN.match(text, begin), text.rfind(b"]") + 1
    if opened is None or last <= opened.end():
        return None
    words = {name: word if isinstance(word, str) else "place" for name, word in fields.items()}
    hosts = [(k, more) for k, more in enumerate(fields.values()) if not isinstance(more, str)]
    host, inside = hosts[0] if hosts else (-1, {})
    words |= {f"{list(fields)[host]}.{name}": word for name, word in inside.items()}
    kind = np.array([_KINDS[word] for word in words.values()])
    wide = np.maximum(np.where(kind == PLACE, 2, kind - LIST), 1)
    slot = np.cumsum(wide) - wide
    names = b"".join(name.encode().rjust(16, b"\0") for name in (*fields, *inside))
    name_words = np.frombuffer(names, ">u8").astype(np.uint64).reshape(-1, 2)
    layout = _Fields(name_words, kind, slot, len(fields), host)
    starts = [opened.end()]
    for at in range(starts[0] + piece, last, piece):
        found = _NEXT.search(text, at, min(at + piece, last))
        if found is not None:
            starts.append(found.end() - 1)
    starts.append(last)
    view, width, kernel = np.frombuffer(text, np.uint8, last), int(wide.sum()), specialise(_read)
    read = partial(_piece, text, view, kernel, layout, width)
    join = _Join(np.repeat(np.arange(len(wide)), wide), starts[0], last)

    def work(low: int, high: int) -> None:
        for start, stop in pairwise(starts[low : high + 1]):
            if not join.closed:
                join.add(start, read(start, stop))

    if text[starts[0] : starts[0] + 1] == b"]":
        join.at, join.closed = starts[0] + 1, True
    else:
        run_blocks(work, len(starts) - 1, _COST * (last - starts[0]))
    while not join.closed:  # a piece began at no object of the list
        join.add(join.at, read(join.at, starts[bisect_right(starts, join.at)]))
    if join.failed:
        return None
    columns, has = {}, {}
    bits = join.seen[: join.count]
    for k, (name, n, w) in enumerate(zip(words, slot.tolist(), wide.tolist(), strict=True)):
        has[name] = (bits >> np.uint16(k) & np.uint16(1)).astype(bool)
        rows = join.table[n : n + w, : join.count]
        rows = rows.view(np.int64) if kind[k] in (WHOLE, PLACE) else rows
        columns[name] = rows.T if kind[k] >= PLACE else rows[0]
    return JsonRows(text, join.count, columns, has, join.at)


def _piece(
    text: bytes,
    view: NDArray[np.uint8],
    kernel: Callable,
    layout: _Fields,
    width: int,
    at: int,
    stop: int,
) -> _Piece | None:
    """Read the objects from the one at a place to the first at another, or behind."""
    braces = np.empty(_DEEPEST, bool)
    begin, rows, room, closed = at, 0, _FEW, False
    table, seen = np.empty((width, 0)), np.empty(0, np.uint16)
    while at < stop and not closed:
        larger, bits = np.empty((width, rows + room)), np.empty(rows + room, np.uint16)
        larger[:, :rows], bits[:rows] = table, seen
        slow_at = np.empty((room + width, 4), np.int64)
        rows, slow, at, closed = kernel(
            view, at, stop, *layout, _steps(), braces, rows, larger, larger.view(np.int64),
            bits, slow_at,
        )  # fmt: skip
        if rows < 0:
            return None
        for place, row, start, end in slow_at[:slow].tolist():
            larger[place, row] = float(text[start:end])
        table, seen = larger[:, :rows], bits[:rows]
        room = max((stop - at) * rows // (at - begin), 0) * 9 // 8 + _FEW
    if view[begin:at].max() > 127 and not _is_utf8(text[begin:at]):
        return None
    return _Piece(table, seen, at, closed)


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True
