"""The examples of the module and of its page run, and give what they show."""

from __future__ import annotations

import doctest
import importlib
import re
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")

DOCS = Path(__file__).parents[2] / "docs"


def names_after(page: Path, count: int) -> dict:
    """Run the blocks of a page that are no sessions, and return the names that they make."""
    blocks = re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    blocks = [block for block in blocks if not block.startswith(">>>")]
    assert len(blocks) == count
    names: dict = {}
    for block in blocks:
        exec(compile(block, str(page), "exec"), names)
    return names


@pytest.mark.parametrize("name", ["_losses", "_scores"])
def test_docstrings(name):
    module = importlib.import_module(f"overlap.interop.torch.{name}")
    result = doctest.testmod(module)
    assert result.attempted >= 8
    assert result.failed == 0


@pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated")  # by torch.func itself
def test_page():
    names = names_after(DOCS / "guides" / "torch.md", 5)
    assert names["pred"].grad.shape == (2, 4)
    assert names["tubes"].grad.shape == (1, 6)
    assert names["raw"].grad.shape == (1, 4)
    for name in ("pred", "tubes", "raw"):
        assert names[name].grad.abs().max() > 0
    assert names["matrix"].shape == (2, 2)
    assert names["second"](names["pred"].detach()).shape == (2, 4, 2, 4)
    assert [str(target) for target in names["held"]] == ["overlap.loss.default"]
    assert names["items"][1] > 10.0  # apart: minus the logarithm of the floor


def test_tutorial(capsys):
    page = DOCS / "tutorials" / "training.md"
    losses = names_after(page, 1)["losses"]
    assert losses[-1] < 0.1 < losses[0]
    said = re.search(r"```text\n(loss .*)\n```", page.read_text(encoding="utf-8"))[1]
    said, shown = (
        [float(number) for number in re.findall(r"\d\.\d+", text)]
        for text in (said, capsys.readouterr().out)
    )
    assert said == pytest.approx(shown, abs=0.02)
