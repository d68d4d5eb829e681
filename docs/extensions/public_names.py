"""References to the names of the package, by any path that prose and docstrings use for them.

The reference documents each name where it is public (``overlap.Boxes``). Elsewhere it may be
written as ``Boxes``, ``ov.Boxes`` or ``overlap.regions.boxes.Boxes``. A name that begins with the
package and does not exist is an error of the build; any other word in backticks is code.
"""

from __future__ import annotations

import re
import sys
from pkgutil import resolve_name
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.nodes import make_refnode

import overlap

_NAME = re.compile(r"(?:ov|overlap)\.\w+(?:\.\w+)*")


def _place(env: Any, name: str, module: str | None = None) -> Any:
    """Return the entry of a name in the reference, or None."""
    objects = env.domains.python_domain.objects
    name = re.sub(r"^ov\.", "overlap.", name)
    if name in objects:
        return objects[name]
    # As it is written inside the package: the last parts, in a module that publishes them.
    parts = name.split(".")
    starts = dict.fromkeys([module or "overlap", "overlap", *_modules(env)])
    for k in range(len(parts)):
        for start in starts:
            found = objects.get(".".join([start, *parts[k:]]))
            if found is not None and (k == 0 or parts[0] == "overlap"):
                return found
    return None


def _modules(env: Any) -> list[str]:
    """Return the modules that publish names."""
    objects = env.domains.python_domain.objects
    return sorted({name.rpartition(".")[0] for name, entry in objects.items()
                   if entry.objtype in {"class", "function", "data", "exception"}})  # fmt: skip


def resolve(app: Sphinx, env: Any, node: Any, content: Any) -> Any:
    """Resolve a reference that Sphinx has not found."""
    if node.get("refdomain") != "py":
        return None
    target = node["reftarget"].removesuffix("()")
    entry = _place(env, target, node.get("py:module"))
    if entry is not None:
        return make_refnode(app.builder, node["refdoc"], entry.docname, entry.node_id, content)
    return None if target.startswith("overlap.") and not _exists(target) else content


def _exists(name: str) -> bool:
    """Say whether a name of the package, public or not, is there."""
    try:
        resolve_name(name)
    except (ImportError, AttributeError):
        return False
    return True


def link_code(app: Sphinx, tree: nodes.document, page: str) -> None:
    """Link code in prose such as ``ov.iou`` to its entry."""
    for code in list(tree.findall(nodes.literal)):
        text = code.astext().removesuffix("()")
        if not _NAME.fullmatch(text) or isinstance(code.parent, (nodes.reference, nodes.title)):
            continue
        entry = app.env.domains.python_domain.objects.get(re.sub(r"^ov\.", "overlap.", text))
        if entry is not None and entry.docname != page:
            place = make_refnode(app.builder, page, entry.docname, entry.node_id, code.deepcopy())
            code.replace_self(place)


def escape_shapes(app: Sphinx, what: str, name: str, thing: Any, options: Any, lines: list) -> None:
    """Keep the star of shapes such as ``(N, *grid)`` from opening an emphasis."""
    lines[:] = [re.sub(r"(?<=[ (])\*(?=grid\))", r"\\*", line) for line in lines]


def public_bases(app: Sphinx, name: str, thing: Any, options: Any, bases: list[Any]) -> None:
    """Name the nearest bases that the reference has."""
    shown = []
    for base in bases:
        known = (one for one in getattr(base, "__mro__", ()) if one.__name__ in overlap.__all__)
        shown.append(next(known, base))
    bases[:] = dict.fromkeys(shown)


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect all with Sphinx."""
    # It is an attribute of the package; autodoc imports what it documents as a module.
    sys.modules["overlap.amodal"] = overlap.amodal
    app.connect("missing-reference", resolve)
    app.connect("doctree-resolved", link_code)
    app.connect("autodoc-process-bases", public_bases)
    app.connect("autodoc-process-docstring", escape_shapes, priority=900)  # after numpydoc
    return {"parallel_read_safe": True, "parallel_write_safe": True}
