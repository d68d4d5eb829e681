"""Tutorials, how-tos and the README, followed literally, block by block, in one empty folder.

Shell blocks run with the `overlap` of this environment, and print what a ``text`` block behind
them says, where ``...`` stands for anything. Python sessions run in between. A block of Python
whose first line is a comment with the name of a file is that file.
"""

from __future__ import annotations

import doctest
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[1] / "docs"
#: Pages whose commands are about files and machines that a reader brings.
EXAMPLES = {"tutorials/index", "guides/index", "guides/possession", "guides/scaling",
            "guides/detection", "guides/sounds", "guides/spotting", "guides/action_segmentation",
            "guides/diarization", "guides/tubes", "guides/unranked", "guides/moments",
            "guides/proposals"}  # fmt: skip
PAGES = [DOCS.parent / "README.md"]
PAGES += sorted(
    page
    for folder in ("tutorials", "guides")
    for page in DOCS.glob(f"{folder}/*.md")
    if "```sh" in page.read_text(encoding="utf-8") and f"{folder}/{page.stem}" not in EXAMPLES
)
_BLOCK = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"# ([\w/]+\.\w+)\n")
_INSTALLS = re.compile(
    r"^(python3? -m venv|(\.venv/bin/)?pip install|\. \.venv/bin/activate)", re.MULTILINE
)


def blocks(page: str) -> Iterator[tuple[str, str, int]]:
    """Language, text and line of each block of code."""
    for match in _BLOCK.finditer(page):
        yield match[1], match[2], page[: match.start(2)].count("\n") + 1


def run_shell(text: str, line: int) -> str:
    """Run commands as a reader types them, and return what the screen shows."""
    here = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    shell = subprocess.run(
        ["bash", "-e", "-c", text],
        env={**os.environ, "PATH": here, "COLUMNS": "100"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=300,
    )
    if shell.returncode != 0:
        raise AssertionError(f"line {line}: exit code {shell.returncode}\n{shell.stdout}")
    return shell.stdout


def same(shown: str, said: str) -> bool:
    """Whether a page quotes what the screen shows, but for blanks at the ends of lines."""
    shown, said = (
        "\n".join(row.rstrip() for row in text.strip().splitlines()) for text in (shown, said)
    )
    return doctest.OutputChecker().check_output(said, shown, doctest.ELLIPSIS)


def follow(page: str, name: str) -> int:
    """Do what a page says, in the current folder; return how many blocks were run."""
    flags = doctest.ELLIPSIS
    session, runner = {"__name__": "__main__"}, doctest.DocTestRunner(optionflags=flags)
    shown, count = None, 0
    for language, text, line in blocks(page):
        last, shown = shown, None
        if language == "sh" and not _INSTALLS.search(text):
            shown = run_shell(text, line)
        elif language == "text" and last is not None:
            if not same(last, text):
                raise AssertionError(f"{name}, line {line}: the screen shows\n{last}")
        elif language == "python" and text.startswith(">>>"):
            test = doctest.DocTestParser().get_doctest(text, session, name, name, line)
            output: list[str] = []
            runner.run(test, clear_globs=False, out=output.append)
            session = test.globs
            if output:
                raise AssertionError("".join(output))
        elif language == "python" and (file := _FILE.match(text)):
            Path(file[1]).write_text(text, encoding="utf-8")
        else:
            continue
        count += 1
    return count


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_page_does_what_it_says(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    assert follow(page.read_text(encoding="utf-8"), page.name) > 1


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ("```sh\nexit 3\n```\n", "line 2: exit code 3"),
        ("```sh\necho one\n```\n\n```text\ntwo\n```\n", "page, line 6: the screen shows\none"),
        ("```python\n>>> 1 + 1\n3\n\n```\n", "Expected:\n    3\nGot:\n    2"),
        (
            "```python\n>>> a = 1\n```\n\n```sh\ntrue\n```\n\n```python\n>>> a\n2\n```\n",
            "Got:\n    1",
        ),
    ],
)
def test_a_wrong_page_is_found(block, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(AssertionError, match=re.escape(message)):
        follow(block, "page")


def test_a_right_page_passes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    page = "```sh\necho one two\n```\n\n```text\none ...\n```\n\n```python\n# a.txt\n```\n"
    assert follow(page + "\n```sh\npip install x\n```\n", "page") == 3
    assert Path("a.txt").read_text() == "# a.txt\n"
