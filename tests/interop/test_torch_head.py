"""The example that trains a detector's head: it learns with every loss, and is drawn."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")

EXAMPLE = Path(__file__).parents[2] / "examples" / "torch_head.py"


@pytest.fixture
def head():
    threads = torch.get_num_threads()
    yield runpy.run_path(str(EXAMPLE))
    torch.set_num_threads(threads)


def test_head(head, tmp_path, capsys):
    # A step of each, from the same start; and enough of them to learn something, with one.
    curves, found = head["compare"](steps=4)
    assert len(capsys.readouterr().out.splitlines()) == len(curves) == 6
    starts = {curve[0] for curve in curves.values()}
    assert len(starts) == 1
    assert len({curve[-1] for curve in curves.values()}) == 6
    head["draw"](str(tmp_path / "head.png"), curves, found)
    assert (tmp_path / "head.png").stat().st_size > 20_000
    curve, boxes = head["train"](head["LOSSES"]["DIoU"], 45)
    assert curve[-1] > 2.0 * curve[0]
    assert torch.isfinite(boxes).all()
    assert (boxes[:, 2:] > boxes[:, :2]).all()
