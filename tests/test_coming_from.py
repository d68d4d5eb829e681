"""The tables of docs/coming_from: both columns are run, and results agree as the third says."""

from __future__ import annotations

import ast
import importlib.util
import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

PAGES = [
    page
    for page in sorted((Path(__file__).parents[1] / "docs" / "coming_from").glob("*.md"))
    if page.stem != "index"
]
BLOCK = re.compile(r"^```python\n(?!>>>)(.*?)^```$", re.MULTILINE | re.DOTALL)
ROW = re.compile(r"^\| (`[^`]+`) \| (.+?) \| ([^|]+) \|$", re.MULTILINE)
VERDICT = re.compile(r"equal(?: to (1e-\d+))?|no: (\[.+?\]|\S+) there, (\[.+?\]|\S+) here|not here")


def _setup(page: Path) -> str:
    return "\n".join(BLOCK.findall(page.read_text()))


def _is_here(page: Path) -> bool:
    """Whether all programs that a page imports are installed."""
    names = set()
    for node in ast.walk(ast.parse(_setup(page))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(str(node.module))
    roots = {name.partition(".")[0] for name in names}
    return all(importlib.util.find_spec(root) for root in roots)


def _numbers(value: Any) -> Any:
    return value if isinstance(value, str) else np.squeeze(np.asarray(value, np.float64))


def _shown(text: str, value: Any) -> bool:
    """Whether a number, or a list of them, is `value` to the decimals that are written."""
    written = re.findall(r"-?[\d.]+|inf|nan", text)
    decimals = max(len(number.partition(".")[2]) for number in written)
    wanted = [float(number) for number in written]
    return np.allclose(
        np.ravel(value), wanted, rtol=0.0, atol=0.501 * 10.0**-decimals, equal_nan=True
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_row_says_whether_numbers_are_equal(page):
    text = page.read_text()
    assert _setup(page)
    assert "\n>>> " in text
    rows = ROW.findall(text)
    assert len(rows) >= 4
    for _, here, verdict in rows:
        assert VERDICT.match(verdict), verdict
        assert here.startswith("`") != verdict.startswith("not here"), here


@pytest.mark.parametrize("page", [page for page in PAGES if _is_here(page)], ids=lambda p: p.stem)
def test_both_columns(page):
    names: dict[str, Any] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # those of other programs
        exec(_setup(page), names)
        for row in ROW.findall(page.read_text()):
            there, here, verdict = row
            if not here.startswith("`"):
                continue
            tolerance, theirs, ours = VERDICT.match(verdict).groups()
            values = [_numbers(eval(cell.strip("`"), names)) for cell in (there, here)]
            if theirs is not None:
                assert _shown(theirs, values[0]), (row, values)
                assert _shown(ours, values[1]), (row, values)
            elif isinstance(values[0], str):
                assert values[0] == values[1], row
            else:
                np.testing.assert_allclose(
                    *values, rtol=float(tolerance or 1e-12), atol=1e-15, err_msg=str(row)
                )
