"""Operations of torch give the numbers and the gradients of the kernels."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

import overlap as ov

from .tensors import TENSOR_KINDS, scores_of

torch = pytest.importorskip("torch", reason="torch is not installed")
from overlap.interop.torch import overlap_loss, pairwise, score  # noqa: E402
from overlap.interop.torch._rotated_terms import rotated_terms  # noqa: E402

EXPRESSED = [kind for kind in TENSOR_KINDS if kind.expressed]


def _results(function, pred, target, both=False):
    """Return value and gradients of a function of tensors, for one backend after the other."""
    for backend in ("kernels", "torch"):
        a, b = (torch.from_numpy(t).clone() for t in (pred, target))
        inputs = (a.requires_grad_(), b.requires_grad_()) if both else (a.requires_grad_(),)
        value = function(a, b, backend)
        grads = torch.autograd.grad(value.sum(), inputs, allow_unused=True)
        yield value.detach(), *(g if g is not None else torch.zeros_like(a) for g in grads)


def _same(function, pred, target, both=False):
    for known, expressed in zip(*_results(function, pred, target, both), strict=True):
        np.testing.assert_allclose(expressed, known, rtol=1e-8, atol=1e-9)


# Under other enclosures than the natural ones, and of boxes in space, a few scores, since each
# compiles kernels of its own.
_BRIEF = (ov.iou, ov.giou, ov.eiou)


def _scores(kind):
    if kind.name in ("boxes-3", "upright boxes"):
        yield from (which for which in scores_of(kind) if which in _BRIEF)
    else:
        yield from scores_of(kind)
    if kind.name == "rotated boxes":
        yield from (which.with_enclosure("box") for which in (ov.giou, ov.iou - ov.enclosed_gap))
        yield ov.eiou.with_enclosure("box")
    if kind.name == "upright boxes":
        yield (ov.giou - ov.enclosed_gap).with_enclosure("box")


@pytest.mark.parametrize("kind", EXPRESSED, ids=str)
def test_scores(kind):
    pred, target = kind.tables(40)
    for which in _scores(kind):

        def value(a, b, backend, which=which):
            return score(which, a, b, kind=kind.kind, backend=backend)

        # Kernels of both gradients are compiled for one score of each kind.
        _same(value, pred, target, both=which == ov.giou)


@pytest.mark.parametrize(
    "settings",
    [
        {"form": "log", "floor": 0.01},
        {"form": "power", "power": 2.5},
        {"form": "power", "power": 0.5, "floor": 1e-3},
        {"focal": 0.5, "focal_grad": True},
        {"focal": 2.0, "focus": "far", "focal_grad": True},
        {"focal": 0.0, "focus": "far"},
        {"form": "log", "focal": 1.0, "reduction": "mean"},
        {"form": "power", "reduction": "none"},
    ],
    ids=str,
)
def test_forms(settings):
    pred, target = EXPRESSED[1].tables(60)
    which = ov.iou if settings.get("form") == "log" else ov.diou
    settings = {"reduction": "sum", **settings}

    def loss(a, b, backend):
        return overlap_loss(which, a, b, backend=backend, **settings)

    _same(loss, pred, target)


def test_weights():
    pred, target = EXPRESSED[0].tables(7)
    weights = torch.arange(7.0)

    def loss(a, b, backend):
        return overlap_loss(ov.diou, a, b, kind="intervals", weights=weights, backend=backend)

    _same(loss, pred, target)


def test_rotated_boxes_that_meet_along_sides():
    """Every arrangement of whole numbers and right angles, against shapely."""
    rng = np.random.default_rng(8)
    count = 300
    centers, sizes = rng.integers(0, 4, (2, count, 2)), rng.integers(0, 4, (2, count, 2))
    turns = rng.integers(-4, 5, (2, count, 1)) * (np.pi / 4)
    a, b = np.concatenate([centers, sizes, turns], axis=2)
    corners = [ov.RotatedBoxes(t).corners() for t in (a, b)]
    shared = shapely.area(shapely.intersection(*map(shapely.polygons, corners)))
    hull = shapely.area(shapely.convex_hull(shapely.multipoints(np.concatenate(corners, axis=1))))
    terms = rotated_terms(torch.from_numpy(a), torch.from_numpy(b))
    np.testing.assert_allclose(terms.intersection, shared, atol=1e-12)
    np.testing.assert_allclose(terms.hull, hull, atol=1e-12)
    same = rotated_terms(torch.from_numpy(a), torch.from_numpy(a))
    assert (same.intersection == same.measure_a).all()


@pytest.mark.parametrize("kind", EXPRESSED, ids=str)
def test_pairs(kind):
    a, b = kind.tables(6)
    known = ov.giou.pairwise(kind.batch(0, 6), kind.batch(1, 6)[:4])
    for backend in ("kernels", "torch"):
        found = pairwise(
            ov.giou,
            torch.from_numpy(a).requires_grad_(),
            torch.from_numpy(b[:4]),
            kind=kind.kind,
            backend=backend,
        )
        assert not found.requires_grad
        np.testing.assert_allclose(found, known, rtol=1e-11, atol=1e-12)


def test_can_be_differentiated_twice():
    pred, target = (torch.from_numpy(t) for t in EXPRESSED[1].tables(2))
    pred.requires_grad_()
    assert torch.autograd.gradgradcheck(
        lambda a: overlap_loss(ov.diou, a, target, backend="torch"), (pred,)
    )


def test_what_has_no_expression():
    a = torch.tensor([[0.0, 0.0, 1.0, 0.5, 1.0], [2.0, 0.0, 3.0, 0.5, 1.0]])
    with pytest.raises(TypeError, match="no operations of torch for Gaussians"):
        score(ov.kld, a, a, kind="gaussians", backend="torch")
    with pytest.raises(TypeError, match="no operations of torch for RotatedBoxes under 'min_rect'"):
        score(ov.giou.with_enclosure("min_rect"), a, a, kind="rotated", backend="torch")
    with pytest.raises(TypeError, match="no operations of torch for Boxes"):
        score(ov.iou, a[:, :4], a[:, :4], sigma=0.1, backend="torch")
    with pytest.raises(TypeError, match="divergence"):
        overlap_loss(ov.nwd(scale=1.0), a[:, :4], a[:, :4] + 1, backend="kernels")
    with pytest.raises(ValueError, match="backend = 'cuda'"):
        score(ov.iou, a[:, :4], a[:, :4], backend="cuda")
    with pytest.raises(ValueError, match="logarithm"):
        overlap_loss(ov.giou, a[:, :4], a[:, :4], form="log", backend="torch")
    with pytest.raises(ValueError, match="form = 'square'"):
        overlap_loss(ov.giou, a[:, :4], a[:, :4], form="square", backend="torch")
    with pytest.raises(ValueError, match="focal = -1"):
        overlap_loss(ov.giou, a[:, :4], a[:, :4], focal=-1.0, backend="torch")
    # Another device than the CPU means operations of torch, unless told otherwise.
    meta = a[:, :4].to("meta")
    assert score(ov.giou, meta, meta).shape == (2,)
    with pytest.raises(TypeError, match="cannot be computed on meta"):
        score(ov.kld, a.to("meta"), a.to("meta"), kind="gaussians")
