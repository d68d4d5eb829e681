"""The examples of the module and of its page run, and give what they show."""

from __future__ import annotations

import doctest
import importlib
import re
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")

PAGE = Path(__file__).parents[2] / "docs" / "guides" / "torch.md"


@pytest.mark.parametrize("name", ["_losses", "_scores"])
def test_docstrings(name):
    module = importlib.import_module(f"overlap.interop.torch.{name}")
    result = doctest.testmod(module)
    assert result.attempted >= 8
    assert result.failed == 0


@pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated")  # by torch.func itself
def test_page():
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 4
    names: dict = {}
    for block in blocks:
        exec(compile(block, str(PAGE), "exec"), names)
    assert names["pred"].grad.shape == (2, 4)
    assert names["tubes"].grad.shape == (1, 6)
    assert names["raw"].grad.shape == (1, 4)
    for name in ("pred", "tubes", "raw"):
        assert names[name].grad.abs().max() > 0
    assert names["matrix"].shape == (2, 2)
    assert names["second"](names["pred"].detach()).shape == (2, 4, 2, 4)
    assert names["items"][1] > 10.0  # apart: minus the logarithm of the floor
