"""The reference of the site: every public name and every command has an entry, and no other has."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import pkgutil
import re
from pathlib import Path

import pytest

import overlap as ov
from overlap import interop
from overlap.cli.program import cli

PAGES = Path(__file__).parents[1] / "docs" / "reference"
MODULE = re.compile(r"^\.\. (?:current)?module:: ([\w.]+)$")
ENTRY = re.compile(r"^(?:   |\.\. py:data:: )(\w+)$")
MODULES = ("overlap", "overlap.coders", "overlap.evaluate", "overlap.io", "overlap.losses",
           "overlap.plot", "overlap.testing")  # fmt: skip
INTEROP = sorted(
    module.name
    for module in pkgutil.iter_modules(interop.__path__)
    if not module.name.startswith("_")
)


def entries() -> dict[str, list[str]]:
    """Return the entries of all pages, by module."""
    found: dict[str, list[str]] = {}
    for page in sorted(PAGES.glob("*.md")):
        module = ""
        for line in page.read_text(encoding="utf-8").splitlines():
            if match := MODULE.match(line):
                module = match[1]
            elif match := ENTRY.match(line):
                found.setdefault(module, []).append(match[1])
    return found


def public(module: str) -> set[str]:
    names = set(importlib.import_module(module).__all__)
    return {name for name in names if not isinstance(getattr(ov, name, None), type(ov))}


@pytest.mark.parametrize("module", MODULES)
def test_every_public_name_has_one_entry(module):
    found = entries()[module]
    assert sorted(set(found)) == sorted(found)
    assert set(found) == public(module)


def test_modules_that_are_attributes():
    found = entries()
    assert set(found["overlap.amodal"]) == set(ov.amodal.__all__)
    rest = set(importlib.import_module("overlap.torus").__all__) - public("overlap")
    assert set(found["overlap.torus"]) == rest
    inside = {f"overlap.interop.{name}" for name in INTEROP}
    assert {"overlap.amodal", "overlap.torus", *inside, *MODULES} == set(found)


@pytest.mark.parametrize("name", INTEROP)
def test_names_for_other_libraries(name):
    """Read, not imported, since the library may not be there."""
    spec = importlib.util.find_spec(f"overlap.interop.{name}")
    tree = ast.parse(Path(spec.origin).read_text(encoding="utf-8"))
    (names,) = [
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and node.targets[0].id == "__all__"
    ]
    assert sorted(entries()[f"overlap.interop.{name}"]) == sorted(names)


def test_every_command_has_one_entry():
    page = (PAGES / "cli.md").read_text(encoding="utf-8")
    shown = re.findall(r"^\.\. command:: (\w+)$", page, re.MULTILINE)
    assert sorted(shown) == sorted(cli.commands)
    assert re.findall(r"^## overlap (\w+)$", page, re.MULTILINE) == shown


def test_every_example_has_a_place_in_the_gallery():
    order = (PAGES.parent / "extensions" / "example_pictures.py").read_text(encoding="utf-8")
    names = re.search(r'ORDER = """([^"]*)"""', order)[1].split()
    examples = (PAGES.parents[1] / "examples").glob("*.py")
    assert sorted(names) == sorted(path.stem for path in examples)


def test_every_page_of_a_folder_is_in_its_index():
    for index in PAGES.parent.glob("*/index.md"):
        text = index.read_text(encoding="utf-8")
        listed = [
            line.strip()
            for block in re.findall(r"```\{toctree\}\n(.*?)```", text, re.DOTALL)
            for line in block.splitlines()
            if line.strip() and not line.startswith(":")
        ]
        pages = [path.stem for path in index.parent.glob("*.md") if path != index]
        assert sorted(listed) == sorted(pages), index
