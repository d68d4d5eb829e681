"""Links to files of the repository, in pages that are read there as well as on the site.

On the site ``CONTRIBUTING.md`` and ``CHANGELOG.md`` are pages, scripts in ``examples/`` are pages
of the gallery, and the README is the start page.
"""

from __future__ import annotations

import re

from sphinx.application import Sphinx

_PAGES = (
    (r"CONTRIBUTING\.md", "/about/contributing.md"),
    (r"CHANGELOG\.md", "/about/changelog.md"),
    (r"README\.md", "/index.md"),
    (r"examples/(\w+)\.py", r"/gallery/\1.rst"),
    (r"docs/", "/"),
)


def to_pages(_: Sphinx, name: str, text: list[str]) -> None:
    """Let the links of a page lead to pages of the site."""
    for path, page in _PAGES:
        text[0] = re.sub(rf"\]\((?:\.\./)*{path}", f"]({page}", text[0])


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect it with Sphinx."""
    app.connect("source-read", to_pages)
    app.connect("include-read", lambda app, path, name, text: to_pages(app, name, text))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
