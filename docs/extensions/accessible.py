"""Names for parts of a page without words: arrows, and pictures that are links."""

from __future__ import annotations

import re
from pathlib import Path

from sphinx.application import Sphinx

_ARROW = re.compile(r'<summary>(?=<span class="toctree-toggle")')
_THUMBNAIL = re.compile(
    r'<img alt="" (src="[^"]*_thumb\.\w+" />\n<p><a class="reference internal") '
    r'(href="[^"]*"><span class="[^"]*">([^<]*)</span>)'
)


def name_all(app: Sphinx, error: Exception | None) -> None:
    """Write the names into the pages."""
    if error or app.builder.name != "html":
        return
    for page in Path(app.outdir).rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        named = _ARROW.sub('<summary aria-label="Pages below">', text)
        named = _THUMBNAIL.sub(r'<img alt="\3" \1 aria-label="\3" \2', named)
        if named != text:
            page.write_text(named, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect it with Sphinx."""
    app.connect("build-finished", name_all)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
