"""Every link of the built pages within the site leads somewhere: a file, and an anchor in it.

Sphinx knows its own references; this also reads what themes, templates and extensions have written.
"""

from __future__ import annotations

from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from sphinx.application import Sphinx
from sphinx.util import logging

_LOG = logging.getLogger(__name__)


class _Page(HTMLParser):
    def __init__(self, path: Path) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.links: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for key, value in attrs:
            if value and (key == "id" or (key == "name" and tag == "a")):
                self.names.add(value)
            elif value and key in {"href", "src"}:
                self.links.append(value)


def check(app: Sphinx, error: Exception | None) -> None:
    """Warn of every link that leads nowhere."""
    if error or app.builder.name != "html":
        return
    page_of = cache(_Page)
    for path in sorted(Path(app.outdir).rglob("*.html")):
        if "_static" in path.parts:  # templates of the theme
            continue
        for link in dict.fromkeys(page_of(path).links):
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            file = path if not parts.path else (path.parent / unquote(parts.path)).resolve()
            anchor = unquote(parts.fragment)
            if not file.exists():
                _LOG.warning("%s: no file for the link %s", path, link)
            elif anchor and file.suffix == ".html" and anchor not in page_of(file).names:
                _LOG.warning("%s: no anchor for the link %s", path, link)


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect it with Sphinx, after all that writes pages."""
    app.connect("build-finished", check, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
