"""Objects of a long JSON list as columns, without a Python object for each.

Only the usual is read here: whole numbers, numbers, lists of so many numbers, and where other
values stand. Whatever else comes, `json_rows` returns None, and the caller reads the file as any
other, with all the messages of `parse_json`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from overlap._kernels.jit import specialise

__all__ = ["JsonRows", "json_rows"]

#: Kinds of fields; a list of n numbers is ``LIST + n``.
WHOLE, NUMBER, PLACE, LIST = range(4)
_KINDS = {"whole": WHOLE, "number": NUMBER, "place": PLACE, "pair": LIST + 2, "four": LIST + 4}
_DEEPEST, _LONGEST, _MOST_SLOW = 64, 1000, 1 << 16
_POWERS = tuple(float(10**k) for k in range(23))  # float64 holds these exactly

# A table says for each state and character the next state, what is to be done, and two flags:
# a name or value begins here; a number ended before. States are multiples of 256.
_STATES = (
    "value first entry key after colon name text escape u1 u2 u3 u4 minus zero whole point "
    "fraction e plus less power negative t tr tru f fa fal fals n nu nul"
).split()
_AT = {name: 256 * k for k, name in enumerate(_STATES)}
VALUE, FIRST, ENTRY, KEY, AFTER, TEXT, FRACTION, NEGATIVE = (
    _AT[name] for name in "value first entry key after text fraction negative".split()
)
_UNIT = 1 << 16
OPEN, CLOSE, COMMA, NAMED, DIGIT, POWER, DONE = (k * _UNIT for k in range(1, 8))
MARK, STOP, FAULT = 8 * _UNIT, 16 * _UNIT, 32 * _UNIT


@dataclass(frozen=True, eq=False)
class JsonRows:
    """Columns of the objects of a list, or of single objects.

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
        Where the list, or the last object, ends.
    """

    text: bytes
    count: int
    columns: Mapping[str, NDArray]
    has: Mapping[str, NDArray[np.bool_]]
    end: int

    def __len__(self) -> int:
        return self.count


@cache
def _steps(names: tuple[str, ...]) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """Return the table, and which of the names, or -1, ends in each state.

    The names are a tree of states of their own, so that reading a name finds it.
    """
    at = dict(_AT)
    for name in names:
        for k in range(len(name) + 1):
            at.setdefault(f'"{name[:k]}', 256 * len(at))
    table = np.full((len(at), 256), FAULT, np.uint32)
    inside_text = bytes(k for k in range(32, 256) if k not in b'"\\')

    def go(states: str, characters: bytes, to: str, more: int = 0) -> None:
        rows = [at[state] // 256 for state in states.split()]
        table[np.ix_(rows, list(characters))] = at[to] + more

    for state in ("value", "first", "entry", "key", "after", "colon"):
        go(state, b" \t\n\r", state)
    for state in at:
        if state == "name" or state[0] == '"':
            go(state, inside_text, "name")
            go(state, b'"', "colon", NAMED)
    named = np.full(len(table), -1)
    for n, name in enumerate(names):
        for before, after in pairwise(range(len(name) + 1)):
            go(f'"{name[:before]}', name[before:after].encode(), f'"{name[:after]}')
        named[at[f'"{name}'] // 256] = n
    go("entry key", b'"', '"', MARK)
    go("colon", b":", "value")
    go("after", b",", "value", COMMA)
    go("first after", b"]", "after", CLOSE)
    go("entry after", b"}", "after", CLOSE)
    go("value first", b"[{", "first", OPEN)
    go("value first", b'"', "text", MARK)
    go("text", inside_text, "text")
    go("text", b'"', "after", DONE)
    go("text", b"\\", "escape")
    go("escape", b'"\\/bfnrt', "text")
    go("escape", b"u", "u1")
    for one, other in pairwise(("u1", "u2", "u3", "u4", "text")):
        go(one, b"0123456789abcdefABCDEF", other)
    for word in ("true", "false", "null"):
        go("value first", word[:1].encode(), word[0], MARK)
        for k in range(1, len(word) - 1):
            go(word[:k], word[k : k + 1].encode(), word[: k + 1])
        go(word[:-1], word[-1:].encode(), "after", DONE)
    go("value first", b"-", "minus", MARK)
    go("value first", b"0", "zero", MARK + DIGIT)
    go("value first", b"123456789", "whole", MARK + DIGIT)
    go("minus", b"0", "zero", DIGIT)
    go("minus whole", b"123456789", "whole", DIGIT)
    go("whole", b"0", "whole", DIGIT)
    go("zero whole", b".", "point")
    go("point fraction", b"0123456789", "fraction", DIGIT)
    go("zero whole fraction", b"eE", "e")
    go("e", b"+", "plus")
    go("e", b"-", "less")
    go("e plus power", b"0123456789", "power", POWER)
    go("less negative", b"0123456789", "negative", POWER)
    behind = np.flatnonzero(table[AFTER // 256] < FAULT)
    for state in ("zero", "whole", "fraction", "power", "negative"):
        table[at[state] // 256, behind] = table[AFTER // 256, behind] + STOP
    return table.ravel(), named


def _scan(text, starts, step, named, kind, slot, width, powers, stack, out, seen, slow_at):
    """Read a list of objects, or the objects that begin at each of `starts`.

    Row n of the values begins at ``width * n`` of `out`, and `stack` tells which levels are
    objects. Return the number of objects, of numbers that are left to Python, and the place
    behind. The number of objects is -1 for anything that is not read here.
    """
    at, state = starts[0], np.uint32(VALUE)
    begin = start = stop = np.int64(0)  # of a name or number; of a value of an object
    depth, row, field, element, slow = 0, -1, np.int64(-1), 0, 0
    level = 1 if text[at] == 123 else 2  # depth inside the objects
    value, digits, power, shift = np.uint64(0), 0, 0, 0
    while at < len(text):
        c = text[at]
        to = step[state + c]
        was, state = state, to & np.uint32(0xFF00)
        at += 1
        if to < _UNIT:
            if state == TEXT:  # the next place does not wait for the table
                while at < len(text) and step[np.uint32(TEXT) + text[at]] == TEXT:
                    at += 1
            continue
        if to & MARK:
            begin = at - 1
            if depth == level:
                start = begin
        action = to & (7 * _UNIT)
        if action == DIGIT:
            if digits < 19:  # of more, Python makes a number
                value = value * np.uint64(10) + np.uint64(c - 48)
            digits += 1 if value > 0 else 0
            power -= 1 if state == FRACTION else 0
            continue
        if action == POWER:
            if -100000 < shift < 100000:
                digit: int = np.int64(c) - 48  # type: ignore[assignment]
                shift = 10 * shift + (-digit if state == NEGATIVE else digit)
            continue
        if to >= FAULT:
            break
        known = kind[field] if depth == level and field >= 0 else -1
        length = kind[field] - LIST if depth == level + 1 and field >= 0 else 0  # of this list
        place = width * row + slot[field]
        if to & STOP:
            stop = at - 1
            size = stop - begin
            if depth < level or size > _LONGEST or known > LIST:
                break
            if length > 0 or known == WHOLE or known == NUMBER:
                negative = text[begin] == 45
                if known == WHOLE and (digits > 15 or size - negative != digits + (digits == 0)):
                    break  # of many digits, or with a point or an exponent
                power += shift
                good = digits <= 19
                x = np.float64(value)
                if good and value <= np.uint64(9007199254740992):
                    good = power >= -22 and power <= 22
                    if good:
                        x = x / powers[-power] if power < 0 else x * powers[power]
                elif good and power < 0 and power >= -22:
                    # the quotient as a sum of two, whose rounding must not depend on the rest
                    p = powers[-power]
                    near = np.uint64(x)
                    rest = np.float64(value - near) if value > near else -np.float64(near - value)
                    q = x / p
                    t = 134217729.0 * q
                    q_high = t - (t - q)
                    t = 134217729.0 * p
                    p_high = t - (t - p)
                    q_low, p_low = q - q_high, p - p_high
                    product = q * p
                    error = (
                        (q_high * p_high - product) + q_high * p_low + q_low * p_high
                    ) + q_low * p_low
                    more = (((x - product) - error) + rest) / p
                    x = q + more * (1.0 + 2.0**-48)
                    good = x == q + more * (1.0 - 2.0**-48)
                else:
                    good = False
                if length > 0:
                    place += element
                    element += 1
                    if element > length:
                        break
                out[place] = -x if negative else x
                if not good:
                    if slow == len(slow_at):
                        break
                    slow_at[slow, 0] = place
                    slow_at[slow, 1] = begin
                    slow_at[slow, 2] = stop
                    slow += 1
            value, digits, power, shift = np.uint64(0), 0, 0, 0
        if action == OPEN:
            brace = c == 123
            if known == WHOLE or known == NUMBER or length > 0 or (brace and known > LIST):
                break
            if depth == level:
                start = at - 1
            depth += 1
            if depth == len(stack):
                break
            stack[depth] = brace
            state = np.uint32(ENTRY if brace else FIRST)
            element = 0
            if depth == level:
                row += 1
                field = np.int64(-1)
                if not brace or row == len(seen):
                    break
                seen[row] = 0
        elif action == NAMED and depth == level:
            field = named[was >> 8]
            if field >= 0:
                if (seen[row] >> field) & 1:  # twice: the last one counts
                    break
                seen[row] |= 1 << field
        elif action == DONE:
            stop = at
            if depth < level or length > 0 or (known >= 0 and known != PLACE):
                break
        elif action == COMMA or action == CLOSE:
            if known == PLACE:
                out[place] = start
                out[place + 1] = stop
            if action == COMMA:
                state = np.uint32(KEY if stack[depth] else VALUE)
                continue
            if stack[depth] != (c == 125) or (length > 0 and element != length):
                break
            depth -= 1
            stop = at
            if depth == 0:
                if level == 2 or row + 1 == len(starts):
                    return row + 1, slow, at
                at, state = starts[row + 1], np.uint32(VALUE)
    return -1, 0, np.int64(0)


def json_rows(
    text: bytes, begin: int | NDArray[np.int64], fields: Mapping[str, str]
) -> JsonRows | None:
    """Read chosen keys of the objects of a list, or of single objects.

    Parameters
    ----------
    text : bytes
        JSON. The list may be a part of it.
    begin : int or ndarray of int64
        Where the list begins, or each of the objects.
    fields : mapping from str to str
        For each key ``"whole"``, ``"number"``, ``"pair"`` or ``"four"`` (a list of so many
        numbers) or ``"place"`` (anything, of which only the place is told). Other keys are passed
        over.

    Returns
    -------
    JsonRows or None
        None for all that is unusual: another type than the one named, a key that is there twice,
        or with an escape, a whole number of 16 digits, text that is not JSON.
    """
    starts = np.ascontiguousarray(begin, np.int64).reshape(-1)
    last = max(text.rfind(b"]"), text.rfind(b"}")) + 1
    bracket = text[starts[0] : starts[0] + 1] if len(starts) else b""
    if bracket not in (b"[", b"{") or last <= starts[-1] or not _is_utf8(text):
        return None
    kind = np.array([_KINDS[word] for word in fields.values()])
    wide = np.maximum(np.where(kind == PLACE, 2, kind - LIST), 1)
    slot = np.cumsum(wide) - wide
    width = int(wide.sum())
    most = text.count(b"{", starts[0]) if bracket == b"[" else len(starts)
    out, seen = np.empty(most * width), np.empty(most, np.uint16)
    slow_at = np.empty((_MOST_SLOW, 3), np.int64)
    count, slow, end = specialise(_scan)(
        np.frombuffer(text, np.uint8, last), starts, *_steps(tuple(fields)), kind, slot, width,
        np.array(_POWERS), np.zeros(_DEEPEST, bool), out, seen, slow_at,
    )  # fmt: skip
    if count < 0:
        return None
    for place, start, stop in slow_at[:slow].tolist():
        out[place] = float(text[start:stop])
    table = out[: count * width].reshape(count, width)
    columns = {
        name: _column(table[:, n : n + w], k)
        for name, k, n, w in zip(fields, kind.tolist(), slot.tolist(), wide.tolist(), strict=True)
    }
    has = {name: (seen[:count] >> k & 1).astype(bool) for k, name in enumerate(fields)}
    return JsonRows(text, count, columns, has, int(end))


def _column(values: NDArray[np.float64], kind: int) -> NDArray:
    if kind > LIST:
        return values
    if kind == NUMBER:
        return values[:, 0]
    with np.errstate(invalid="ignore"):  # undefined where an object lacks the key
        return (values if kind == PLACE else values[:, 0]).astype(np.int64)


def _is_utf8(text: bytes) -> bool:
    if text.isascii():
        return True
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True
