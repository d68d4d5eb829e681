"""Direction of imports: no circles, and folders import downwards only.

Every import counts, also one inside a function and one for types alone.
"""

from __future__ import annotations

import ast
import graphlib
from pathlib import Path

import pytest

import overlap

ROOT = Path(overlap.__file__).parent

# From below; folders of one floor do not know each other.
FLOORS = (
    ("_common",),
    ("_kernels",),
    ("regions",),
    ("scores", "torus", "coders"),
    ("pairing",),
    ("labels",),
    ("losses",),
    ("io",),
    ("plot",),
    ("evaluate",),
    ("interop",),
    ("testing",),
    ("cli", "__main__"),
)
CLEAN = (
    "_common",
    "_kernels",
    "regions",
    "scores",
    "torus",
    "coders",
    "pairing",
    "labels",
    "losses",
    "io",
    "plot",
    "evaluate",
)


def graph_of(root: Path) -> dict[str, set[str]]:
    """Return which modules of a package every module of it imports."""
    paths = {
        ".".join((root.name, *path.relative_to(root).with_suffix("").parts)): path
        for path in root.rglob("*.py")
    }
    modules = {name.removesuffix(".__init__"): path for name, path in paths.items()}

    def module(name: str) -> str:
        while name and name not in modules:
            name = name.rpartition(".")[0]
        return name

    graph = {}
    for name, path in modules.items():
        package = name if path.name == "__init__.py" else name.rpartition(".")[0]
        found = set()
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                found |= {module(alias.name) for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                base = node.module or ""
                if node.level:
                    above = package.rsplit(".", node.level - 1)[0]
                    base = f"{above}.{base}".removesuffix(".")
                found |= {module(f"{base}.{alias.name}") for alias in node.names}
        graph[name] = found - {"", name}
    return graph


def circle(graph: dict[str, set[str]]) -> list[str]:
    """Return modules of which each imports the one before it, from one around to itself."""
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        return error.args[1]
    return []


def folders_of(graph: dict[str, set[str]], depth: int) -> dict[str, set[str]]:
    """Return the graph of what stands at a depth: folders, and modules beside them."""

    def folder(name: str) -> str:
        return ".".join(name.split(".")[:depth])

    result: dict[str, set[str]] = {}
    for name, imported in graph.items():
        others = {folder(other) for other in imported} - {folder(name)}
        result.setdefault(folder(name), set()).update(others)
    return result


GRAPH = graph_of(ROOT)
PART = {
    name: imported
    for name, imported in GRAPH.items()
    if any(f"{name}.".startswith(f"overlap.{floor}.") for floor in CLEAN)
}


def test_modules_import_in_no_circle() -> None:
    assert not circle(GRAPH)


def test_kinds_of_region_import_in_no_circle() -> None:
    assert not circle(folders_of(PART, 3))


def test_all_folders_stand_on_a_floor() -> None:
    known = {name for floor in FLOORS for name in floor}
    assert {name.split(".")[1] for name in GRAPH if name != "overlap"} == known


def test_folders_import_downwards() -> None:
    height = {f"overlap.{name}": k for k, floor in enumerate(FLOORS) for name in floor}
    for name, imported in PART.items():
        own = ".".join(name.split(".")[:2])
        for other in imported:
            assert other != "overlap", f"{name} imports the public names, which hides from where"
            folder = ".".join(other.split(".")[:2])
            assert folder == own or height[folder] < height[own], f"{name} imports {other}"


@pytest.mark.parametrize(
    "text",
    [
        "from pack.low import b",
        "from . import b",
        "from .b import thing",
        "def late():\n    import pack.low.b",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from ..low.b import thing",
    ],
)
def test_circles_are_found(tmp_path: Path, text: str) -> None:
    low = tmp_path / "pack" / "low"
    low.mkdir(parents=True)
    for folder in (low, low.parent):
        (folder / "__init__.py").write_text("")
    (low / "a.py").write_text(text)
    (low / "b.py").write_text("import json\n")
    assert not circle(graph_of(low.parent))
    (low / "b.py").write_text("from pack.low.a import other\n")
    assert set(circle(graph_of(low.parent))) == {"pack.low.a", "pack.low.b"}
