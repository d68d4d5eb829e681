"""Damage to texts, to parsed JSON and to tables, drawn with a seed."""

# ruff: noqa: E501

from __future__ import annotations

import copy
import datetime
import decimal
import json
import random
import re
import warnings

import numpy as np
import pandas as pd

#: Cells and words that readers have stumbled over.
WORDS = [
    "", " ", "nan", "NaN", "-inf", "Infinity", "1e400", "-1e400", "1e-400", "1e308", "-1e308", "0",
    "-0.0", "1,5", "1.234,5", "1 000", "1'000", "1_000", "0x10", "1e", "--1", "+5", "٣", "5", "½", "²",
    "true", "False", "null", "None", "NA", "#N/A", "-", "?", ".", "9" * 25, "9" * 400, "9007199254740993",
    "1" * 5000, "\x00", "\ufeff", "\u202eabc", "\u2028", "\x85", "\x1b[2J", "é", "跳水", "a" * 3000, '"', "'", "\\",
    "=cmd()", "1/0", "{}", "[]", "[[", "%s", "{0}", "#", "//", "2020-01-01", "12:30", "1:2:3", "\t", ";", ",",
]  # fmt: skip


class Raw(str):
    """A text that is written into JSON as it is."""


#: Values of JSON; those that `json` would not write are texts that are written as they are.
VALUES = [
    None, True, False, 0, 1, -1, 2, 0.5, -0.0, 1e308, -1e308, 5e-324, 2**53 + 1, 2**63, 2**64, -(2**63) - 1,
    10**25, 10**400, "", " ", "a", "1", "0.5", "1,5", "NaN", "inf", "1_0", "é", "\x00", "\u202e", "a" * 3000, "1" * 5000,
    [], [[]], [None], [1], [1, 2], [2, 1], [1, 2, 3], ["1", "2"], [[1, 2]], [True, False], {}, {"a": 1},
    {"segment": [0, 1]}, {"type": "Polygon"}, {"1": "one"}, {"id": 1, "name": "a"},
    Raw("NaN"), Raw("Infinity"), Raw("-Infinity"), Raw("1e400"), Raw("1" * 5000), Raw('"\\ud800"'),
    Raw("[" * 500 + "]" * 500), Raw('{"a":' * 500 + "1" + "}" * 500), Raw("[" * 100_000), Raw("01"), Raw("1."),
    Raw("tru"), Raw("'a'"), Raw("[1,]"), Raw('{"a":1,"a":2}'), Raw("-"), Raw(""), Raw("1 2"), Raw("-0"),
    Raw("1E2"), Raw('"\\u0000"'), Raw('"\\'), Raw("/*x*/1"),
]  # fmt: skip


def places(part, path=()):
    """Paths to everything in parsed JSON, that of the whole first."""
    yield path
    if isinstance(part, dict | list):
        items = part.items() if isinstance(part, dict) else enumerate(part)
        for key, entry in items:
            yield from places(entry, (*path, key))


def at(part, path):
    for key in path:
        part = part[key]
    return part


def written(payload) -> bytes:
    """JSON with raw texts as they are; a key that begins with ``@twice@`` is there twice."""
    raws: list[str] = []

    def plain(entry):
        if isinstance(entry, Raw):
            raws.append(str(entry))
            return f"@@{len(raws) - 1}@@"
        if isinstance(entry, dict):
            return {key: plain(x) for key, x in entry.items()}
        if isinstance(entry, list):
            return [plain(x) for x in entry]
        return entry

    text = json.dumps(plain(payload), ensure_ascii=False)
    text = re.sub(r'"@@(\d+)@@"', lambda match: raws[int(match[1])], text).replace("@twice@", "")
    return text.encode("utf-8", "surrogatepass")


def value(rng: random.Random) -> object:
    return copy.deepcopy(rng.choice(VALUES))


def damage_json(rng: random.Random, payload) -> object:
    """Parsed JSON with one to three faults in its structure."""
    payload = copy.deepcopy(payload)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        paths = list(places(payload))
        path = rng.choice(paths)
        if not path:
            if rng.random() < 0.1:
                payload = value(rng)
            continue
        parent, key = at(payload, path[:-1]), path[-1]
        kind = rng.randrange(9)
        if kind == 0:
            del parent[key]
        elif kind == 1 and isinstance(parent, dict):
            new = rng.choice((*WORDS, key.upper(), key + " ", "segment", "type", "1", "case"))
            parent[new] = parent.pop(key)
        elif kind == 2 and isinstance(parent, dict):
            parent[f"@twice@{key}"] = rng.choice((parent[key], value(rng)))
        elif kind == 3:
            parent[key] = [parent[key]] if rng.random() < 0.5 else {"a": parent[key]}
        elif kind == 4:
            parent[key] = copy.deepcopy(at(payload, rng.choice(paths)))
        elif kind == 5 and isinstance(parent, list):
            parent.insert(key, copy.deepcopy(parent[key]))
        elif kind == 6 and isinstance(parent[key], str | int | float):
            parent[key] = rng.choice((str(parent[key]), Raw(parent[key]), f" {parent[key]} "))
        else:
            parent[key] = value(rng)
        if not isinstance(payload, dict | list):
            break
    return payload


def damage_text(rng: random.Random, data: bytes) -> bytes:
    """Bytes with one to four faults."""
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        data = rng.choice(_FAULTS)(rng, data)
    return data


def _flip(rng, data):
    data = bytearray(data)
    for _ in range(rng.choice((1, 1, 3, 20))):
        if data:
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return bytes(data)


def _cut(rng, data):
    a, b = sorted(rng.randrange(len(data) + 1) for _ in range(2))
    return rng.choice(
        (data[:a], data[a:], data[:a] + data[b:], data[:a] + data[a:b] * 2 + data[b:])
    )


def _insert(rng, data):
    place = rng.randrange(len(data) + 1)
    word = rng.choice(WORDS).encode("utf-8", "surrogatepass")
    return data[:place] + rng.choice((word, rng.randbytes(rng.choice((1, 2, 8))), b"\xff", b"\xed\xa0\x80", b"\r", b"\n", b'"')) + data[place:]  # fmt: skip


def _lines(rng, data):
    lines = data.split(b"\n")
    i, j = rng.randrange(len(lines)), rng.randrange(len(lines))
    kind = rng.randrange(5)
    if kind == 0:
        lines.insert(j, lines[i])
    elif kind == 1:
        del lines[i]
    elif kind == 2:
        lines[i], lines[j] = lines[j], lines[i]
    elif kind == 3:
        lines[i] = lines[j]
    else:
        lines[i] += lines[j]
    return b"\n".join(lines)


def _number(rng, data):
    """Put another word in place of a number, or of a cell."""
    found = list(re.finditer(rb"[^\s,;:\[\]{}]+", data))
    if not found:
        return data
    match = rng.choice(found)
    word = rng.choice(WORDS).encode("utf-8", "surrogatepass")
    return data[: match.start()] + word + data[match.end() :]


def _columns(rng, data):
    """Exchange, repeat or remove a column."""
    for mark in (b",", b"\t", b";", b" "):
        rows = [line.split(mark) for line in data.split(b"\n")]
        width = len(rows[0])
        if width < 2:
            continue
        i, j, kind = rng.randrange(width), rng.randrange(width), rng.randrange(3)
        for row in rows:
            if len(row) != width:
                continue
            if kind == 0:
                row[i], row[j] = row[j], row[i]
            elif kind == 1:
                row.insert(j, row[i])
            else:
                del row[i]
        return b"\n".join(mark.join(row) for row in rows)
    return data


def _whole(rng, data):
    text = data.decode("utf-8", "replace")
    return rng.choice(
        (
            lambda: b"\xef\xbb\xbf" + data,
            lambda: text.encode("utf-16"),
            lambda: text.encode("latin-1", "replace"),
            lambda: data.replace(b"\n", b"\r\n"),
            lambda: data.replace(b"\n", b"\r"),
            lambda: data.replace(b",", b";"),
            lambda: data.replace(b",", b"\t"),
            lambda: data.replace(b".", b","),
            lambda: data.replace(b".", b"").replace(b"-", b""),
            lambda: data.upper(),
            lambda: data + b"\x00" * 100,
            lambda: data[::-1],
            lambda: b"",
            lambda: b"\n\n" + data,
            lambda: data.replace(b"\n", b"\n\n"),
            lambda: data.replace(b'"', b"'"),
            lambda: b"[" * 100_000,
            lambda: data * 2,
        )
    )()


_FAULTS = [_flip, _cut, _insert, _lines, _lines, _number, _number, _number, _columns, _whole]


def damage_frame(rng: random.Random, columns: dict) -> object:
    """A DataFrame, or a mapping of columns, with one to three faults."""
    columns = {name: list(columns[name]) for name in columns}
    for _ in range(rng.choice((1, 1, 2, 3))):
        if not columns:
            break
        name = rng.choice(list(columns))
        values = list(columns[name])
        kind = rng.randrange(6)
        if kind == 0:
            del columns[name]
        elif kind == 1:
            columns[rng.choice((str(name).upper(), f" {name}", f"{name}_", "label", "frame", 7))] = columns.pop(name)  # fmt: skip
        elif kind == 2:
            columns[name] = [rng.choice(CELLS) for _ in values]
        elif kind == 3 and values:
            columns[name] = values[:-1]
        elif values:
            values[rng.randrange(len(values))] = rng.choice(CELLS)
            columns[name] = values
    if rng.random() < 0.3:
        return columns
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of pandas, which makes the types
        return _frame_of(rng, columns)


def _frame_of(rng: random.Random, columns: dict) -> object:
    try:
        frame = pd.DataFrame(columns)
    except (ValueError, TypeError, OverflowError):
        return columns
    kind = rng.randrange(12)
    name = rng.choice(list(frame.columns)) if len(frame.columns) else None
    if kind == 0:
        frame = pd.concat([frame, frame], axis=1)
    elif kind == 1:
        frame.columns = pd.MultiIndex.from_product([["a"], frame.columns])
    elif kind == 2:
        frame = frame.iloc[:0]
    elif kind == 3 and name is not None:
        frame = frame.set_index(name)
    elif kind == 4:
        frame.index = [0] * len(frame)
    elif kind == 5 and name is not None:
        with_type = rng.choice(("category", "string", object, "datetime64[ns]", bool, "complex128", "Int64", "float32", "timedelta64[ns]"))  # fmt: skip
        try:
            frame[name] = frame[name].astype(with_type)
        except (ValueError, TypeError, OverflowError):
            pass
    return frame


CELLS = [
    None, np.nan, pd.NA, pd.NaT, np.inf, -np.inf, True, np.bool_(True), 0, -1, 1.5, 1e308, 2**53 + 1, 2**64, 10**400,
    np.float32(0.1), np.float16(3), np.int8(-3), np.uint64(2**64 - 1), 1j, "", "a", "1", "0.5", "1,5", "nan", b"1", (1, 2), [1],
    {}, {1}, decimal.Decimal("1.5"), decimal.Decimal("NaN"), datetime.datetime(2020, 1, 1), datetime.timedelta(1),
    pd.Timestamp(0), np.datetime64("2020"), object(), "\ud800", "\x00", np.array([1, 2]), np.array(5.0), str, lambda: 1,
]  # fmt: skip
