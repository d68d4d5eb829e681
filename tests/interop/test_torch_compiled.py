"""Graphs that are compiled or exported: whole, and with the bits of the calls that they replace."""

from __future__ import annotations

import io
import subprocess
import sys
import warnings

import pytest

import overlap as ov
from overlap.testing import all_scores

from .tensors import TENSOR_KINDS

torch = pytest.importorskip("torch", reason="torch is not installed")
from overlap.interop.torch import OverlapLoss, overlap_loss, pairwise, score  # noqa: E402
from overlap.interop.torch import _operators as operators  # noqa: E402

# Compiling and exporting load what torch warns of.
pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated")

KINDS = {kind.name: kind for kind in TENSOR_KINDS}
PRED, TARGET = (torch.from_numpy(table) for table in KINDS["boxes-2"].tables(5))
CRITERION = OverlapLoss(ov.giou, kind=ov.Boxes, invalid="sort")
BOXED = ov.giou.with_enclosure("box")
MINE = ov.dice - 0.5 * ov.center_gap
WEIGHTS = torch.arange(5.0)
# backwards, small types, one region for all, without a side, and every option that a graph can hold
CALLS = {
    "loss": lambda x: overlap_loss(ov.giou, x, TARGET),
    "sum": lambda x: overlap_loss(ov.giou, x.float(), TARGET.float(), reduction="sum"),
    "items": lambda x: overlap_loss(ov.giou, x, TARGET, reduction="none").square().sum(),
    "forms": lambda x: overlap_loss(
        ov.iou, x, TARGET, form="power", power=2.0, focal=0.5, focus="far"
    ),
    "weights": lambda x: overlap_loss(ov.giou, x, TARGET, weights=WEIGHTS),
    "sort": lambda x: overlap_loss(ov.giou, x.flip(1), TARGET.flip(0), invalid="sort"),
    "clamp": lambda x: overlap_loss(ov.giou, x.flip(1), TARGET, invalid="clamp"),
    "half": lambda x: overlap_loss(ov.giou, x.half(), TARGET.half()),
    "two types": lambda x: overlap_loss(ov.giou, x.float(), TARGET),
    "columns": lambda x: overlap_loss(ov.giou, x.T.contiguous().T, TARGET),
    "single": lambda x: overlap_loss(ov.giou, x[:1], TARGET, reduction="sum"),
    "target": lambda x: overlap_loss(ov.giou, TARGET, x),
    "both": lambda x: overlap_loss(ov.giou, x, x.flip(0)),
    "axes": lambda x: score(ov.giou, x[None], TARGET[None]).sum(),
    "module": lambda x: CRITERION(x, TARGET),
    "score": lambda x: score(BOXED, x, TARGET).sum(),
    "sums": lambda x: score(MINE, x, TARGET).sum(),
    "pairwise": lambda x: pairwise(ov.iou, x, TARGET).sum() * x.sum(),
    "smooth": lambda x: overlap_loss(ov.iou, x, TARGET, sigma=0.1),
    "arcs": lambda x: overlap_loss(ov.iou, x[:, ::2], TARGET[:, ::2], kind="intervals", period=1.7),
    "masks": lambda x: overlap_loss(ov.dice, x / 3.0, TARGET / 3.0, kind="masks", soft="product"),
}


def graphs_of(function, *, fullgraph=True, backend=None):
    """Return a compiled function, and the list to which its graphs are added."""
    graphs = []

    def keep(graph, _):
        graphs.append([str(node.target) for node in graph.graph.nodes])
        return graph.forward

    torch._dynamo.reset()
    return torch.compile(function, backend=backend or keep, fullgraph=fullgraph), graphs


def results(function, boxes=PRED):
    x = boxes.clone().requires_grad_()
    value = function(x)
    value.backward()
    return value.detach(), x.grad


def check_same(function, other, boxes=PRED):
    for found, known in zip(results(function, boxes), results(other, boxes), strict=True):
        assert found.dtype == known.dtype
        assert torch.equal(found, known)


@pytest.mark.parametrize("name", CALLS)
def test_the_graph_is_whole(name):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        compiled, graphs = graphs_of(CALLS[name])
        check_same(compiled, CALLS[name])
    assert not [w for w in caught if "Dynamo" in str(w.message)]
    (names,) = graphs
    assert sum(name.startswith("overlap.") for name in names) == 1


@pytest.mark.parametrize("name", ["items", "weights", "half", "both", "pairwise"])
def test_ways_back_are_compiled_too(name):
    check_same(graphs_of(CALLS[name], backend="aot_eager")[0], CALLS[name])


@pytest.mark.parametrize("name", ["boxes-2", "rotated boxes"])
def test_operations_of_torch_are_traced_themselves(name):
    kind = KINDS[name]
    pred, target = (torch.from_numpy(table) for table in kind.tables(5))

    def loss(x):
        items = overlap_loss(
            ov.giou, x, target, kind=kind.kind, backend="torch", weights=WEIGHTS, form="power"
        )
        return items + score(ov.giou, x, target, kind=kind.kind, backend="torch").sum()

    compiled, graphs = graphs_of(loss)
    check_same(compiled, loss, pred)
    assert not any(name.startswith("overlap.") for name in graphs[0])


def test_another_score_is_another_graph():
    def loss(x, which):
        return overlap_loss(which, x, TARGET)

    compiled, graphs = graphs_of(loss)
    for which in (ov.giou, MINE, ov.dice - 0.25 * ov.center_gap, ov.giou):
        check_same(lambda x, which=which: compiled(x, which), lambda x, which=which: loss(x, which))
    assert len(graphs) == 3


def test_sizes_may_change():
    def loss(x, y):
        return overlap_loss(ov.giou, x, y, reduction="none").sum()

    compiled, graphs = graphs_of(loss)
    for count in (5, 4, 3, 2):
        check_same(
            lambda x: compiled(x, TARGET[: len(x)]),
            lambda x: loss(x, TARGET[: len(x)]),
            PRED[:count],
        )
    assert len(graphs) == 2
    assert compiled(PRED[:0], TARGET[:0]) == 0


def _tube(table):
    return ov.Product(ov.Boxes(table[:, :4]), ov.Intervals(table[:, 4:]), scale=3.0)


@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor")  # the compiler looks at it
def test_what_no_text_can_say_splits_the_graph():
    """Kinds that are functions, and scores made while the compiler traces."""
    tubes = torch.from_numpy(KINDS["box x interval"].table(1, 5))
    for call, boxes in (
        (lambda x: overlap_loss(ov.iou, x, tubes, kind=_tube), tubes.flip(0)),
        (lambda x: score(ov.dice - 0.5 * ov.center_gap, x, TARGET).sum(), PRED),
        (lambda x: pairwise(0.5 * ov.iou, x, TARGET).sum() + x.sum(), PRED),
    ):

        def model(x, call=call):
            return 3.0 * call(x * 2.0) + 1.0

        compiled, graphs = graphs_of(model, fullgraph=False)
        check_same(compiled, model, boxes)
        assert 1 <= len(graphs) <= 4
        with pytest.raises(torch._dynamo.exc.Unsupported):
            graphs_of(model)[0](boxes)


def test_errors_of_a_graph():
    bad = PRED.clone()
    bad[2, 0] = 9.0
    compiled, _ = graphs_of(CALLS["loss"])
    with pytest.raises(ValueError, match=r"^pred: .*2"):
        compiled(bad)
    compiled, _ = graphs_of(lambda x: overlap_loss(ov.giou, x, TARGET, weights=WEIGHTS - 1.0))
    with pytest.raises(ValueError, match="finite numbers >= 0"):
        compiled(PRED)
    compiled, _ = graphs_of(CALLS["loss"])
    x = PRED.clone().requires_grad_()
    (grad,) = torch.autograd.grad(compiled(x), x, create_graph=True)
    with pytest.raises(RuntimeError, match="first derivatives only"):
        torch.autograd.grad(grad.sum(), x, allow_unused=True)


class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.head = torch.nn.Linear(4, 4)

    def forward(self, x, target):
        boxes = x + self.head(x)
        criterion = OverlapLoss(ov.giou, invalid="sort")
        return criterion(boxes, target), pairwise(ov.iou, x, target), score(MINE, x, target)


def test_export():
    """The graph holds operators, for any number of boxes, and is stored and read."""
    model, pred, target = Model(), PRED.float(), TARGET.float()
    count = {0: torch.export.Dim("count")}
    program = torch.export.export(model, (pred, target), dynamic_shapes=(count, count))
    names = [str(node.target) for node in program.graph.nodes]
    assert [name for name in names if name.startswith("overlap.")] == [
        "overlap.loss.default",
        "overlap.pairwise.default",
        "overlap.score.default",
    ]
    stored = io.BytesIO()
    torch.export.save(program, stored)
    stored.seek(0)
    again = torch.export.load(stored).module()
    pred, target = pred.repeat(2, 1), target.repeat(2, 1)
    for found, known in zip(again(pred, target), model(pred, target), strict=True):
        assert torch.equal(found, known)
    again(pred, target)[0].backward()
    model(pred, target)[0].backward()
    grads = dict(again.named_parameters())
    for name, parameter in model.named_parameters():
        assert torch.equal(grads[name].grad, parameter.grad)


def test_export_says_what_it_cannot_hold():
    class Tubes(torch.nn.Module):
        def forward(self, x):
            return overlap_loss(ov.iou, x, x.flip(0), kind=_tube)

    tubes = torch.from_numpy(KINDS["box x interval"].table(1, 5))
    with pytest.raises(Exception, match=r"torch.export.*give backend='torch'"):
        torch.export.export(Tubes(), (tubes,))


def test_texts_say_every_score():
    for which in (*all_scores(), BOXED, MINE, -0.1 * ov.iou + (1 / 3) * ov.ciou(alpha_grad=True)):
        layout, text = operators.described(which, "boxes", {"sigma": 0.1})
        again, read = operators._read(text)
        assert again == which
        assert (read.name, read.grid) == (layout.name, layout.grid)
    own = ov.component(ov.iou.parts[0].component.formula, needs="overlap", name="dice")
    for which, options in ((own, {}), (ov.iou, {"unit": object()})):
        assert operators.described(which, "boxes", options)[1] == ""
    with pytest.raises(ValueError, match="no such score in this version of overlap"):
        operators._read(text.replace('"iou"', '"iov"'))


def test_operators_are_registered_as_torch_wants():
    text = operators.described(ov.giou, "boxes", {})[1]
    usual = ("linear", 3.0, 1e-6, None, "near", False)
    checks = ("test_schema", "test_autograd_registration", "test_faketensor")
    for asked in ([True, False], [True, True], [False, False]):
        sides = (
            side.clone().requires_grad_(own)
            for side, own in zip((PRED, TARGET), asked, strict=True)
        )
        a, b = sides
        for reduction in ("mean", "none"):
            given = (a, b, None, text, *usual, reduction, torch.float32, asked)
            torch.library.opcheck(operators.loss, given, test_utils=checks)
        torch.library.opcheck(
            operators.score, (a, b, text, torch.float64, asked), test_utils=checks
        )
    torch.library.opcheck(operators.pairwise, (PRED, TARGET, text))


def test_the_compiler_is_not_loaded_before_it_is_asked_for():
    code = "import sys, overlap.interop.torch; print('torch._dynamo' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
