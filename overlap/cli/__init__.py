"""The command ``overlap``: one module per command, and what they share."""

from .program import cli, main

__all__ = ["cli", "main"]
