"""Layouts: how the numbers of a kind of region lie in a tensor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch

import overlap as ov
from overlap._kernels.terms import Terms
from overlap.interop.torch._box_terms import box_terms
from overlap.interop.torch._rotated_terms import rotated_terms, upright_terms
from overlap.regions.base import Regions

__all__ = ["TERMS", "Kind", "Layout", "layout_of"]

Kind = str | type[Regions] | Callable[[Any], Regions]

_NAMES: dict[str, type[Regions]] = {
    "intervals": ov.Intervals,
    "boxes": ov.Boxes,
    "rotated": ov.RotatedBoxes,
    "upright": ov.UprightBoxes,
    "gaussians": ov.Gaussians,
    "masks": ov.Masks,
}
TERMS: dict[str, Callable[[Any, Any, str], Terms]] = {
    "Intervals": box_terms,
    "Boxes": box_terms,
    "RotatedBoxes": rotated_terms,
    "UprightBoxes": upright_terms,
}  # as operations of PyTorch, of tables without options
_SMOOTH = ("sigma", "alpha", "relative")
_WIDTHS = {ov.Intervals: 2, ov.RotatedBoxes: 5, ov.UprightBoxes: 7, ov.Gaussians: 5}


@dataclass(frozen=True, eq=False)
class Layout:
    """How to read regions from tensors.

    Attributes
    ----------
    name : str
        As in messages.
    build : callable or None
        From a table (N, P), or masks (N, *grid), to regions; None where only shapes are asked for.
    width : int or None
        Numbers of a region; None where any even number will do, or the cells of a grid.
    grid : int or None
        Of masks, the number of trailing axes that are the grid; 0 for all but the first.
    kept : bool
        The regions surely have the numbers of the table as their parameters.
    terms : callable or None
        ``(a, b, enclosure)`` -> terms as expressions of PyTorch.
    enclosures : tuple of str
        Those that `terms` knows.
    sizes : slice or None
        Columns that are sizes and so must not be negative; None where ends must be in order.
    ends : bool
        The first half of the columns are lower ends, and the others the upper ones.
    plain : bool
        Ends in order are all that the table must have, and the kernels read them as they are.
    """

    name: str
    build: Callable[[Any], Regions] | None
    width: int | None = None
    grid: int | None = None
    kept: bool = True
    terms: Callable[[Any, Any, str], Terms] | None = None
    enclosures: tuple[str, ...] = ("natural", "box")
    sizes: slice | None = None
    ends: bool = False
    plain: bool = False

    @property
    def trailing(self) -> int:
        """Number of trailing axes that hold one region."""
        return 1 if self.grid is None else self.grid

    def check_shape(self, tensor: Any, side: str) -> None:
        """Raise unless the trailing axes of a tensor can hold a region."""
        shape = tuple(tensor.shape)
        if self.grid is not None:
            if tensor.ndim < max(self.grid, 1):
                raise ValueError(
                    f"{side}: shape {shape} has fewer axes than the grid of the masks; say how "
                    "many of the last axes are the grid with axes="
                )
            return
        wanted = "2 D" if self.width is None else str(self.width)
        last = shape[-1] if shape else 0
        fits = last == self.width if self.width is not None else last >= 2 and last % 2 == 0
        if not fits:
            raise ValueError(
                f"{side}: shape {shape}; {self.name} are tensors of shape (..., {wanted}), one "
                "region in the last axis"
            )

    def regions(self, table: np.ndarray) -> Regions:
        """Return the regions of a table, shape (N, P), or of masks."""
        assert self.build is not None
        batch = self.build(table)
        if not self.kept:
            self._check_kept(table, batch)
        return batch

    def _check_kept(self, table: np.ndarray, batch: Any) -> None:
        if not isinstance(batch, Regions):
            raise TypeError(
                f"{self.name}: expected a batch of regions from the function given as kind, got "
                f"{type(batch).__name__}"
            )
        numbers = batch.to_array()
        if numbers.shape != table.shape or not np.array_equal(numbers, table):
            raise ValueError(
                f"{self.name}: the {type(batch).__name__} that it makes have other parameters than "
                "the tensor, so that gradients would be of those; convert the tensor with "
                "operations of torch before"
            )

    def mended(self, tensor: Any, invalid: str) -> Any:
        """Return predictions with negative sizes turned round or set to zero.

        Parameters
        ----------
        tensor : Tensor, shape (..., P)
        invalid : {"sort", "clamp"}
        """
        if self.ends:
            half = tensor.shape[-1] // 2
            lower, upper = tensor[..., :half], tensor[..., half:]
            bad = upper < lower
            if invalid == "sort":
                ends = torch.where(bad, upper, lower), torch.where(bad, lower, upper)
            else:
                middle = lower + 0.5 * (upper - lower)
                ends = torch.where(bad, middle, lower), torch.where(bad, middle, upper)
            return torch.cat(ends, -1)
        if self.sizes is not None:
            cut = self.sizes
            sizes = tensor[..., cut]
            sizes = sizes.abs() if invalid == "sort" else sizes.clamp(min=0.0)
            return torch.cat([tensor[..., : cut.start], sizes, tensor[..., cut.stop :]], -1)
        if self.grid is not None and invalid == "clamp":
            return tensor.clamp(0.0, 1.0)
        raise ValueError(
            f"invalid = {invalid!r}: {self.name} have no negative sizes to mend so; use 'error'"
        )


@lru_cache(maxsize=256)
def _layout(kind: Any, options: tuple[tuple[str, Any], ...]) -> Layout:
    if isinstance(kind, str):
        if kind not in _NAMES:
            raise ValueError(
                f"kind = {kind!r}; expected one of {', '.join(_NAMES)}, a class of regions, or a "
                "function from a table to regions"
            )
        kind = _NAMES[kind]
    given = dict(options)
    smooth = {name: given.pop(name) for name in _SMOOTH if name in given}
    if not (isinstance(kind, type) and issubclass(kind, Regions)):
        if options:
            raise TypeError(
                f"kind is a function, and takes no {', '.join(dict(options))}; let it do that"
            )
        function: Any = kind
        return Layout(getattr(kind, "__name__", repr(kind)), function, kept=False)
    if kind is ov.Masks:
        return _masks(given, smooth)
    build = _builder(kind, given, smooth)
    name = kind.__name__
    if kind in (ov.Intervals, ov.Boxes):
        line = not given.get("period")
        return Layout(
            name,
            build,
            _WIDTHS.get(kind),
            terms=TERMS[name] if line and not smooth else None,
            ends=line,
            plain=line and not smooth,
        )
    width = _WIDTHS.get(kind, len(kind.columns) or None)
    if kind is ov.RotatedBoxes:
        sizes = slice(2, 4)
    elif kind is ov.UprightBoxes:
        sizes = slice(3, 6)
    else:
        return Layout(name, build, width, kept=kind in _WIDTHS)
    enclosures = ("natural", "hull", "box")
    expression = None if smooth else TERMS[name]
    return Layout(name, build, width, terms=expression, enclosures=enclosures, sizes=sizes)


def _builder(
    kind: type[Regions], given: dict[str, Any], smooth: dict[str, Any]
) -> Callable[[np.ndarray], Regions]:
    if "sigma" in smooth:
        if len(smooth) > 1:
            raise TypeError("sigma= blurs, and alpha= and relative= take smooth minima: give one")
        sigma = smooth["sigma"]
        return lambda table: kind(table, **given).blurred(sigma)
    if "relative" in smooth and "alpha" not in smooth:
        raise TypeError("relative= belongs to the smooth minima of alpha=, which is not given")
    if smooth:
        alpha, relative = smooth["alpha"], smooth.get("relative", True)
        return lambda table: kind(table, **given).smooth_min(alpha, relative=relative)
    return lambda table: kind(table, **given)


def _masks(given: dict[str, Any], smooth: dict[str, Any]) -> Layout:
    if smooth:
        raise TypeError(f"masks have no {', '.join(smooth)}")
    axes = given.get("axes")
    if axes is None:
        axes = len(given["spacing"]) if "spacing" in given else 0
    axes = len(axes) if isinstance(axes, str) else axes

    def build(cells: np.ndarray) -> Regions:
        return ov.Masks(cells, **{"axes": cells.ndim - 1, **given})

    return Layout("masks", build, grid=int(axes))


def layout_of(kind: Any, options: dict[str, Any]) -> Layout:
    """Return the layout of a kind with the keywords of its constructor."""
    if not (isinstance(kind, str) or callable(kind)):
        raise TypeError(
            f"kind = {kind!r}; expected one of {', '.join(_NAMES)}, a class of regions, or a "
            "function from a table to regions"
        )
    if not options:
        return _layout(kind, ())
    given = {name: tuple(v) if isinstance(v, list) else v for name, v in options.items()}
    return _layout(kind, tuple(sorted(given.items())))
