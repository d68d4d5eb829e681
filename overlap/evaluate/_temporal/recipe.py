"""How a report of any family was computed, so that it can be computed again by other rules."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from overlap._common.values import ByValue, same
from overlap.evaluate.protocol import Rules
from overlap.evaluate.recipe import Recipe
from overlap.evaluate.report import Report
from overlap.io._source import read_source

from .family import Family

__all__ = ["with_recipe"]


@dataclass(frozen=True, eq=False)
class Given(ByValue):
    """An input as it was given, with its name and digest."""

    value: Any
    source: str
    sha256: str | None


@dataclass(frozen=True)
class GivenFile:
    """A file beside truth and found, which is the same as another with its content."""

    path: str = field(compare=False)
    sha256: str

    def __fspath__(self) -> str:
        return self.path

    def __str__(self) -> str:
        return self.path


def with_recipe(
    report: Report,
    family: Family,
    rules: Rules,
    truth: Any,
    found: Any,
    options: Mapping[str, Any],
) -> Report:
    """Return a report that can be computed again by other rules.

    Parameters
    ----------
    report : Report
        One that has a recipe already keeps it.
    family : Family
    rules : Rules
    truth, found : Any
        As they were given.
    options : mapping
        Options of the family that were given.
    """
    if report.recipe is not None:
        return report
    inputs = {}
    for role, value in (("truth", truth), ("found", found)):
        described = report.settings.get(role) or {}
        digest = described.get("sha256")
        inputs[role] = Given(value, str(described.get("source", role)), digest)
    whole = {one.name: options.get(one.name) for one in family.options}
    for one in family.options:
        value = whole[one.name]
        if not (one.is_input and isinstance(value, str | os.PathLike)):
            continue
        if os.path.isfile(value):  # others are settings in words
            path = os.fspath(value)
            whole[one.name] = GivenFile(path, read_source(path).sha256)
    recipe = Recipe(rules, whole, inputs, partial(_numbers, family), _same)
    return replace(report, recipe=recipe)


def _same(a: Given | None, b: Given | None) -> bool:
    if a is None or b is None:
        return a is b
    if a.sha256 is not None and b.sha256 is not None:
        return a.sha256 == b.sha256
    return same(a.value, b.value)


def _numbers(
    family: Family, rules: Rules, options: Mapping[str, Any], inputs: Mapping[str, Given]
) -> dict[str, float]:
    sides = family.inputs(inputs["truth"].value, inputs["found"].value, options)
    return dict(family.run(family.task(rules, options), sides, progress=False).items)
