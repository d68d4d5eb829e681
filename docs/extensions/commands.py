"""The directive ``command``: the help of one command, under the heading where it stands."""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx_click.ext import ClickDirective


class Command(ClickDirective):
    """Usage, arguments and options of ``overlap NAME``."""

    def run(self) -> list[nodes.Node]:
        """Return the help without a heading of its own."""
        name = self.arguments[0]
        self.arguments = [f"overlap.cli.{name}:{name}_command"]
        self.options["prog"] = f"overlap {name}"
        (section,) = super().run()
        return section.children[1:]


def escape_stars(app: Sphinx, context: Any, lines: list[str]) -> None:
    """Keep the stars of patterns such as ``*`` and ``**`` from opening an emphasis."""
    lines[:] = [re.sub(r"(?<= )(\*{1,2})(?=[ .])", lambda m: f"``{m[1]}``", line) for line in lines]


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect both with Sphinx."""
    app.connect("sphinx-click-process-options", escape_stars)
    app.add_directive("command", Command)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
