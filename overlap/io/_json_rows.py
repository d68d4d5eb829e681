"""Objects of a long JSON list as columns, without a Python object for each.

Only the usual is read here: whole numbers, numbers, lists of four numbers, and where other values
stand. Whatever else comes, `json_rows` returns None, and the caller reads the file as any other,
with all the messages of `parse_json`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from overlap._kernels.jit import specialise

__all__ = ["JsonRows", "json_rows"]

WHOLE, NUMBER, FOUR, PLACE = range(4)
_KINDS = {"whole": WHOLE, "number": NUMBER, "four": FOUR, "place": PLACE}
_DEEPEST, _MOST_SLOW = 64, 1 << 16
_POWERS = tuple(float(10**k) for k in range(23))  # float64 holds these exactly


@dataclass(frozen=True, eq=False)
class JsonRows:
    """Columns of the objects of a list, or of one object.

    Attributes
    ----------
    count : int
        Number of objects.
    columns : mapping from str to ndarray
        ``"whole"`` (N,) int64, ``"number"`` (N,) float64, ``"four"`` (N, 4) float64, and
        ``"place"`` (N, 2): where in the text a value begins and ends. Undefined where an object
        lacks the key.
    has : mapping from str to ndarray of bool, shape (N,)
        Which objects have the key.
    end : int
        Where the list ends.
    """

    count: int
    columns: Mapping[str, NDArray]
    has: Mapping[str, NDArray[np.bool_]]
    end: int

    def __len__(self) -> int:
        return self.count


def _scan(
    text, at, names, ends, kind, slot, powers, escapes, whole, number, four, place, seen, slow_at,
    slow_to,
):  # fmt: skip
    """Read a list of objects, or one object, from `at` on; the text ends with a bracket.

    Return the number of objects, of numbers that are left to Python, and the place behind. The
    number of objects is -1 for anything that is not read here.
    """
    size = len(text)
    stack = np.zeros(_DEEPEST, dtype=np.bool_)  # whether each level is an object
    nothing = -1, 0, 0
    depth, row, field, element, slow = 0, -1, -1, 0, 0
    level = 1 if text[at] == 123 else 2  # depth inside the objects
    expect = 0  # 0 value, 1 value or end of a list, 2 key or end, 3 key, 4 comma or end, 5 colon
    while True:
        if at >= size:
            return nothing
        c = text[at]
        if c <= 32 and (c == 32 or c == 10 or c == 13 or c == 9):
            at += 1
            continue
        if expect == 5:
            if c != 58:
                return nothing
            at += 1
            expect = 0
            continue
        if expect == 3 or (expect == 2 and c != 125):
            if c != 34:
                return nothing
            begin = at + 1
            at = begin
            while at < size:
                c = text[at]
                if c == 34:
                    break
                if c < 32 or c > 126 or c == 92:
                    return nothing
                at += 1
            if depth == level:
                field = -1
                first = 0
                for f in range(len(ends)):
                    if ends[f] - first == at - begin:
                        same = True
                        for k in range(at - begin):
                            same = same and text[begin + k] == names[first + k]
                        if same:
                            field = f
                            break
                    first = ends[f]
                if field >= 0:
                    if (seen[row] >> field) & 1:  # twice: the last one counts
                        return nothing
                    seen[row] |= 1 << field
            at += 1
            expect = 5
            continue
        if expect > 0 and (c == 125 or c == 93):
            if stack[depth] != (c == 125):
                return nothing
            if depth == level + 1 and field >= 0 and kind[field] == FOUR and element != 4:
                return nothing
            depth -= 1
            at += 1
            if depth == level and field >= 0 and kind[field] == PLACE:
                place[slot[field], row, 1] = at
            if depth == 0:
                return row + 1, slow, at
            expect = 4
            continue
        if expect == 4:
            if c != 44:
                return nothing
            at += 1
            expect = 3 if stack[depth] else 0
            continue
        # a value
        known = kind[field] if depth == level and field >= 0 else -1
        inside = depth == level + 1 and field >= 0 and kind[field] == FOUR
        if known == PLACE:
            place[slot[field], row, 0] = at
        if c == 91 or c == 123:
            if known == WHOLE or known == NUMBER or inside or depth + 1 >= _DEEPEST:
                return nothing
            if known == FOUR and c != 91:
                return nothing
            depth += 1
            stack[depth] = c == 123
            expect = 2 if c == 123 else 1
            element = 0
            at += 1
            if depth == level:
                row += 1
                field = -1
                if c != 123 or row >= len(seen):
                    return nothing
                seen[row] = 0
            continue
        if depth < level:
            return nothing  # a row that is no object
        if c == 45 or (c >= 48 and c <= 57):
            begin = at
            negative = c == 45
            at += negative
            value = np.uint64(0)
            digits, power, shift, sign, part = 0, 0, 0, 1, 0
            lead = at  # where the digits of this part begin: of whole, fraction or exponent
            while True:  # a bracket comes before the text ends
                c = text[at]
                if c >= 48 and c <= 57:
                    if part == 2:
                        if shift < 100000:
                            shift = 10 * shift + np.int64(c - 48)  # type: ignore[assignment]
                    else:
                        value = value * np.uint64(10) + np.uint64(c - 48)
                        digits += 1 if value > 0 else 0
                        power -= part
                    at += 1
                    continue
                if at == lead or (part == 0 and at > lead + 1 and text[lead] == 48):
                    return nothing
                if c == 46 and part == 0:
                    part = 1
                elif (c == 101 or c == 69) and part < 2:
                    part = 2
                    if text[at + 1] == 45 or text[at + 1] == 43:
                        at += 1
                        sign = -1 if text[at] == 45 else 1
                else:
                    break
                at += 1
                lead = at
            power += sign * shift
            integer = part == 0
            if known == WHOLE:
                if not integer or digits > 18:
                    return nothing
                whole[slot[field], row] = -np.int64(value) if negative else np.int64(value)
            elif known == FOUR:
                return nothing
            elif known == NUMBER or inside:
                if inside and element > 3:
                    return nothing
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
                if negative:
                    x = -x
                if inside:
                    four[row, element] = x
                else:
                    number[slot[field], row] = x
                if not good:
                    if slow >= len(slow_at):
                        return nothing
                    slow_at[slow, 0] = begin
                    slow_at[slow, 1] = at
                    slow_to[slow, 0] = -1 if inside else slot[field]
                    slow_to[slow, 1] = 4 * row + element if inside else row
                    slow += 1
                element += 1
        elif c == 34:
            if inside or (known >= 0 and known != PLACE):
                return nothing
            at += 1
            while at < size:
                c = text[at]
                at += 1
                if c == 34:
                    break
                if c < 32 or c > 126:
                    return nothing
                if c == 92:  # an escape of one character; those of four digits are left to others
                    if at == size or not escapes[text[at]]:
                        return nothing
                    at += 1
        else:
            if inside or (known >= 0 and known != PLACE) or at + 4 >= size:
                return nothing
            a, b, d = text[at + 1], text[at + 2], text[at + 3]
            if (c == 116 and a == 114 and b == 117 and d == 101) or (
                c == 110 and a == 117 and b == 108 and d == 108
            ):  # true, null
                at += 4
            elif c == 102 and a == 97 and b == 108 and d == 115 and text[at + 4] == 101:  # false
                at += 5
            else:
                return nothing
        if known == PLACE:
            place[slot[field], row, 1] = at
        expect = 4


def json_rows(text: bytes, begin: int, fields: Mapping[str, str]) -> JsonRows | None:
    """Read chosen keys of the objects of a list, or of one object.

    Parameters
    ----------
    text : bytes
        JSON. The list may be a part of it.
    begin : int
        Where the list or the object begins.
    fields : mapping from str to str
        For each key ``"whole"``, ``"number"``, ``"four"`` (a list of four numbers) or ``"place"``
        (anything, of which only the place is told). Other keys are passed over.

    Returns
    -------
    JsonRows or None
        None for all that is unusual: another type than the one named, a key that is there twice,
        letters beyond ASCII, a whole number of 19 digits, text that is not JSON.
    """
    last = max(text.rfind(b"]"), text.rfind(b"}")) + 1
    if text[begin : begin + 1] not in (b"[", b"{") or last <= begin:
        return None
    kind = np.array([_KINDS[word] for word in fields.values()])
    slot = np.array([np.count_nonzero(kind[:k] == kind[k]) for k in range(len(kind))])
    names = [name.encode() for name in fields]
    most = text.count(b"{", begin) if text[begin : begin + 1] == b"[" else 1
    room = [int(np.count_nonzero(kind == k)) for k in range(4)]
    whole = np.empty((room[WHOLE], most), np.int64)
    number = np.empty((room[NUMBER], most))
    four = np.empty((most if room[FOUR] else 0, 4))
    place = np.empty((room[PLACE], most, 2), np.int64)
    seen = np.empty(most, np.int64)
    slow_at, slow_to = np.empty((2, _MOST_SLOW, 2), np.int64)
    escapes = np.zeros(256, bool)
    escapes[list(b'"\\/bfnrt')] = True
    count, slow, end = specialise(_scan)(
        np.frombuffer(text, np.uint8, last), begin, np.frombuffer(b"".join(names), np.uint8),
        np.cumsum(np.array([len(name) for name in names])), kind, slot, np.array(_POWERS), escapes,
        whole, number, four, place, seen, slow_at, slow_to,
    )  # fmt: skip
    if count < 0:
        return None
    slow_numbers = zip(slow_at[:slow].tolist(), slow_to[:slow].tolist(), strict=True)
    for (start, stop), (column, row) in slow_numbers:
        into = four.reshape(-1) if column < 0 else number[column]
        into[row] = float(text[start:stop])
    arrays = {WHOLE: whole, NUMBER: number, PLACE: place}
    columns = {
        name: (four if k == FOUR else arrays[k][n])[:count]
        for name, k, n in zip(fields, kind.tolist(), slot.tolist(), strict=True)
    }
    has = {name: (seen[:count] >> k & 1).astype(bool) for k, name in enumerate(fields)}
    return JsonRows(count, columns, has, end)
