"""How many truths some of the predictions of equal confidence find, in the worst and best order."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from functools import reduce
from itertools import combinations
from operator import or_

__all__ = ["least_and_most"]

_TRIED = 1000  # choices that are looked at, one by one


def least_and_most(found: Sequence[int], chosen: int) -> tuple[int, int, bool]:
    """Return how many truths a choice of predictions finds, at least and at most.

    Where a prediction finds one truth at most, the ends are closed forms. Else all choices are
    tried, if they are not many; which choice is best is a hard problem (maximum coverage), and for
    many choices the ends are bounds.

    Parameters
    ----------
    found : sequence of int
        Truths that each prediction finds, as bits.
    chosen : int
        How many predictions are chosen.

    Returns
    -------
    least, most : int
    exact : bool
        Whether there are choices that find so many; else the ends may be too far apart.

    Examples
    --------
    >>> least_and_most([0b01, 0b01, 0b10, 0], 2)
    (1, 2, True)
    """
    sizes = sorted(truths.bit_count() for truths in found)
    every = reduce(or_, found, 0).bit_count()
    if sizes[-1] <= 1:
        rest = chosen - sizes.count(0)
        repeats = sorted(Counter(filter(None, found)).values())
        least = 0
        while rest > 0:  # those first that most predictions find
            rest -= repeats.pop()
            least += 1
        return least, min(chosen, every), True
    if math.comb(len(found), chosen) <= _TRIED:
        counts = [reduce(or_, some).bit_count() for some in combinations(found, chosen)]
        return min(counts), max(counts), True
    sure = sum(
        sum(not truths >> k & 1 for truths in found) < chosen
        for k in range(max(truths.bit_length() for truths in found))
    )
    return max(sizes[chosen - 1], sure), min(every, sum(sizes[-chosen:])), False
