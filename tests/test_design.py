"""The design page: its table of folders is the package's own."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROW = re.compile(r"^\| `(\w+)` \| (.+) \|$", re.MULTILINE)


def test_folders_are_listed_from_the_top_with_their_own_first_lines():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    contracts = project["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    names = [name for layer in layers for name in re.findall(r"overlap\.(\w+)", layer)]
    rows = []
    for name in names:
        source = (ROOT / "overlap" / name / "__init__.py").read_text()
        first = (ast.get_docstring(ast.parse(source)) or "").splitlines()[0]
        rows.append((name, first.rstrip(".").replace("``", "`")))
    folders = {path.name for path in (ROOT / "overlap").iterdir() if path.is_dir()}
    assert set(names) == folders - {"__pycache__"}
    page = (ROOT / "docs" / "about" / "design.md").read_text()
    table = page[page.index("| folder | holds |") :]
    assert ROW.findall(table[: table.index("\n\n")]) == rows
    listed = {path.name for path in (ROOT / "overlap").iterdir()}
    assert len(listed - {"__init__.py", "__init__.pyi", "py.typed", "__pycache__"}) <= 16
