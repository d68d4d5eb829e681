"""``llms.txt`` and ``llms-full.txt``: the site for programs that read text.

The first has the name, one sentence, and a link with a sentence for each page; the second has the
pages themselves and the docstrings.
"""

from __future__ import annotations

import importlib
import inspect
import os
import re
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

_SECTIONS = {
    "": "Start",
    "tutorials": "Tutorials",
    "guides": "Guides",
    "coming_from": "Coming from another program",
    "differs": "Why does my number differ?",
    "gallery": "Examples",
    "reference": "Reference",
    "about": "Optional",
}
_INCLUDED = re.compile(r"```\{include\} (\S+)\n(?:.*\n)*?```")


_LISTED = re.compile(r"^- \[[^\]]*\]\((\S+)\.md\)[:,] ((?:.|\n(?!\n|- |```))*)", re.MULTILINE)


def _listed(env: Any, pages: list[str]) -> dict[str, str]:
    """Return the sentences on other pages that the pages named ``index`` have."""
    said = {}
    for page in pages:
        folder, _, name = page.rpartition("/")
        source = _source(env, page)
        if name == "index" and source is not None:
            for other, words in _LISTED.findall(source.read_text(encoding="utf-8")):
                place = os.path.normpath(os.path.join(folder, other))
                said[place] = " ".join(words.split())
    return said


def _sentence(tree: nodes.document) -> str:
    """Return the first sentence of a page."""
    for paragraph in tree.findall(nodes.paragraph):
        if isinstance(paragraph.parent, nodes.section):
            words = " ".join(paragraph.astext().split())
            return re.split(r"(?<=[.?!:])\s+(?=[A-Z])", words)[0].removesuffix(":")
    return ""


def _pages(env: Any) -> list[str]:
    """Return all pages in the order of the tables of contents."""
    found, rest = [], [env.config.root_doc]
    while rest:
        page = rest.pop(0)
        if page not in found:
            found.append(page)
            rest = [*env.toctree_includes.get(page, ()), *rest]
    return found


def _source(env: Any, page: str) -> Path | None:
    """Return the Markdown of a page, if it is written in Markdown."""
    path = Path(env.doc2path(page))
    return path if path.suffix == ".md" else None


def _docstrings(env: Any) -> list[str]:
    parts = []
    for name, entry in sorted(env.domains.python_domain.objects.items()):
        if entry.objtype in {"class", "function", "data", "exception"}:
            module, _, short = name.rpartition(".")
            try:
                thing = getattr(importlib.import_module(module), short)
            except ImportError:
                thing = getattr(
                    getattr(importlib.import_module("overlap"), module.split(".")[1], None),
                    short,
                    None,
                )
            doc = inspect.getdoc(thing)
            if doc:
                parts.append(f"## {name}\n\n{doc}\n")
    return parts


def write(app: Sphinx, error: Exception | None) -> None:
    """Write both files beside the start page, and each page's Markdown beside its HTML."""
    if error or app.builder.format != "html":
        return
    env, out = app.env, Path(app.outdir)
    lines = [f"# {app.config.project}", "", f"> {app.config.llms_summary}", ""]
    full = list(lines)
    pages = [page for page in _pages(env) if not page.startswith("reference/generated/")]
    said = _listed(env, pages)
    for folder, title in _SECTIONS.items():
        inside = [page for page in pages if page.rpartition("/")[0] == folder]
        if not inside:
            continue
        lines += [f"## {title}", ""]
        for page in inside:
            source, link = _source(env, page), app.builder.get_target_uri(page)
            if source is not None:
                text = _INCLUDED.sub(
                    lambda m, source=source: (source.parent / m[1]).resolve().read_text("utf-8"),
                    source.read_text(encoding="utf-8"),
                )
                link = f"{link}.md"
                (out / link).write_text(text, encoding="utf-8")
                full += [text.rstrip(), ""]
            sentence = said.get(page) or _sentence(env.get_doctree(page))
            lines.append(
                f"- [{env.titles[page].astext()}]({link})" + (f": {sentence}" if sentence else "")
            )
        lines.append("")
    (out / "llms.txt").write_text("\n".join(lines), encoding="utf-8")
    (out / "llms-full.txt").write_text("\n".join(full + _docstrings(env)), encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect it with Sphinx."""
    app.add_config_value("llms_summary", "", "env")
    app.connect("build-finished", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
