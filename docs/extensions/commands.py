"""The directive ``command``: the help of one command, under the heading where it stands."""

from __future__ import annotations

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


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect it with Sphinx."""
    app.add_directive("command", Command)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
