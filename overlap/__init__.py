"""How much do two sets agree, and if they do not touch, how far apart are they?

A *batch of regions* (`Intervals`, `Boxes`, `FiniteSets`, `Masks`, `Product`, or a kind of
your own) holds N sets of one kind. A *score* (`iou`, `giou`, ``dice - 0.5 * center_gap``, or a
`component` of your own) compares two batches: pair by pair, pairwise, sparsely, or with exact
gradients. Between the two stand a few named numbers, the *terms* of a pair (`terms`): kinds know
no scores and scores know no geometry, so that every score works for every kind that has its terms.

Conventions, everywhere in the package:

- ``found`` comes first and ``truth`` second. ``coverage(found, truth)`` is a precision, and
  ``tversky(alpha, beta)`` weighs found minus truth by alpha.
- Coordinates are continuous and regions half-open: the interval from 2 to 5 is 3 long, the
  box from 0 to 10 is 10 wide, and two that share an edge do not intersect. Data that counts
  the last frame or pixel as inside is read with ``inclusive=True``.
- Boxes are lower corner, then upper corner: ``x0, y0, x1, y1``. Other orders have their own
  constructors (`Boxes.from_xywh`, `Boxes.from_cxcywh`).
- Angles are in radians from +x towards +y, which is counter-clockwise where y points up and
  clockwise on an image where y points down.
- Lengths are in the unit of the batch (``unit="s"``); times are seconds. Batches with
  different units are not compared.
- Arithmetic is float64, whatever the input was. Symmetric scores are symmetric to the last
  bit, and the ratio of a region of positive measure with itself is exactly 1.
- Ratios are NaN for two empty regions and 0 where exactly one is empty; a penalty whose
  denominator is 0 is 0. Gradients give half of the derivative to each side of a tie.
- Batches are immutable; functions never change their input.

Importing the package imports nothing else: every name is loaded when it is first used.
"""

from typing import Any

import lazy_loader

_load, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("overlap-metrics")
    try:
        return _load(name)
    except AttributeError:
        if name.startswith("_"):
            raise
    from difflib import get_close_matches

    from overlap._common.other_programs import ATTRIBUTES

    if name.casefold() in ATTRIBUTES:
        raise AttributeError(f"overlap has no {name!r}; {ATTRIBUTES[name.casefold()]}")
    known = {public.casefold(): public for public in __all__}
    hits = get_close_matches(name.casefold(), known, n=1)
    hint = f"; did you mean overlap.{known[hits[0]]}?" if hits else ""
    raise AttributeError(f"overlap has no {name!r}{hint}")
