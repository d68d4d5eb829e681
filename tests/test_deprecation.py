"""Deprecated spellings work, warn where the caller stands, and go when they said."""

from __future__ import annotations

import ast
import inspect
import tomllib
import warnings
from pathlib import Path

import pytest

from overlap._common.deprecation import (
    RemovedValue,
    RenamedKeyword,
    deprecated,
    renamed_function,
    version_of,
)

ROOT = Path(__file__).parents[1]
RECORDS = {"RenamedKeyword", "RemovedValue", "renamed_function"}
LIFE = {"since": "0.2", "removed_in": "0.4"}


@deprecated(
    RenamedKeyword("boxes", "regions", **LIFE),
    RemovedValue("rule", "both", instead="rule='all'", **LIFE),
)
def count(regions, rule="all"):
    """Count regions.

    Parameters
    ----------
    regions : list
    """
    return len(regions), rule


tally = renamed_function("tally", count, **LIFE)


class Counter:
    @deprecated(RenamedKeyword("n", "number", **LIFE))
    def add(self, number=1):
        """Add a number."""
        return number


def test_a_call_without_a_deprecated_spelling_is_silent():
    assert count([1, 2]) == (2, "all")
    assert count(regions=[1], rule="any") == (1, "any")


def test_an_earlier_keyword_is_moved():
    with pytest.warns(FutureWarning) as seen:
        assert count(boxes=[1, 2]) == (2, "all")
    assert [str(warning.message) for warning in seen] == [
        "count: the keyword 'boxes' is deprecated since 0.2 and will be refused in 0.4; "
        "use 'regions'"
    ]
    assert seen[0].filename == __file__
    with pytest.warns(FutureWarning, match=r"Counter\.add: the keyword 'n'"):
        assert Counter().add(n=3) == 3


def test_both_keywords_at_once_are_refused():
    with pytest.raises(TypeError, match="got both 'boxes' and 'regions'; give 'regions'"):
        count([1], boxes=[2])
    with pytest.raises(TypeError, match="got both"):
        count(regions=[1], boxes=[2])


def test_a_value_that_will_go_keeps_its_meaning():
    text = r"rule='both' is deprecated since 0\.2 and will be refused in 0\.4; use rule='all'"
    for args, keywords in [((["x"], "both"), {}), ((["x"],), {"rule": "both"})]:
        with pytest.warns(FutureWarning, match=text):
            assert count(*args, **keywords) == (1, "both")


def test_an_earlier_name_does_the_same():
    with pytest.warns(
        FutureWarning, match=r"the name 'tally' is deprecated since 0\.2 .*; use 'count'"
    ):
        assert tally([1, 2, 3]) == (3, "all")
    assert tally.__name__ == "tally"
    assert inspect.signature(tally) == inspect.signature(count)


def test_the_warning_is_seen_without_any_option():
    """`DeprecationWarning` would be hidden in every module but the main one."""
    with warnings.catch_warnings(record=True) as seen:
        warnings.resetwarnings()
        warnings.simplefilter("ignore", DeprecationWarning)
        tally([])
    assert [warning.category for warning in seen] == [FutureWarning]


def test_the_docstring_says_it_after_the_summary():
    assert count.__doc__.splitlines()[:6] == [
        "Count regions.",
        "",
        ".. deprecated:: 0.2",
        "   The keyword 'boxes' is deprecated since 0.2 and will be refused in 0.4; use 'regions'.",
        "",
        ".. deprecated:: 0.2",
    ]
    assert count.__doc__.index("Parameters") > count.__doc__.index("rule='both'")
    assert Counter.add.__doc__.startswith("Add a number.\n\n.. deprecated:: 0.2\n")


def test_a_deprecation_lasts_two_minor_versions_or_to_the_next_major_one():
    RenamedKeyword("a", "b", since="0.9", removed_in="1.0")
    with pytest.raises(ValueError, match="it must stay for 2 minor versions"):
        RenamedKeyword("a", "b", since="0.2", removed_in="0.3")


def test_a_record_of_no_parameter_is_refused():
    with pytest.raises(TypeError, match="has no parameter 'd'"):
        deprecated(RenamedKeyword("c", "d", **LIFE))(lambda a: a)


def overdue(source: str, version: str) -> list[str]:
    """Return the lines of source with a deprecation that this version should not have."""
    result = []
    for node in ast.walk(ast.parse(source)):
        called = getattr(getattr(node, "func", None), "id", None)
        if called in RECORDS:
            end = {word.arg: word.value for word in node.keywords}["removed_in"]
            if version_of(version) >= version_of(ast.literal_eval(end)):
                result.append(f"{node.lineno}: {ast.unparse(node)}")
    return result


def test_no_deprecation_is_overdue():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    late = [
        f"{path.relative_to(ROOT)}:{text}"
        for path in sorted((ROOT / "overlap").rglob("*.py"))
        for text in overdue(path.read_text(), version)
    ]
    assert not late, f"version {version} has to be without {late}"


def test_an_overdue_deprecation_is_found():
    call = "renamed_function('tally', count, since='0.2', removed_in='0.4')"
    assert overdue(f"tally = {call}", "0.3.9") == []
    assert overdue(f"tally = {call}", "0.4.0") == [f"1: {call}"]
    record = "RenamedKeyword('a', 'b', since='0.2', removed_in='0.10')"
    assert overdue(f"@deprecated({record})\ndef f(b): ...", "1.0") == [f"1: {record}"]
