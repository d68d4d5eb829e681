"""What may make truths hard to find: their coverage of the video, length, and number in the video.

Characteristics and edges of bins are those of H. Alwassel and others, "Diagnosing Error in Temporal
Action Detectors", ECCV 2018.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from overlap._common.values import ByValue
from overlap.evaluate.number_lists import as_numbers, read_numbers
from overlap.io.name_match import closest

__all__ = ["BINS", "CHARACTERISTICS", "Characteristic", "characteristics_of", "parse_bins"]

#: Characteristics of a truth, with what they mean.
CHARACTERISTICS = {
    "coverage": "length of the truth over the duration of its video",
    "length": "seconds from start to stop",
    "instances": "number of truths of the video, of any class",
}

#: Edges of bins by the name of the dataset; a bin has its upper edge, the first one also its lower.
BINS: Mapping[str, Mapping[str, tuple[float, ...]]] = {
    "activitynet": {
        "coverage": (0.0, 0.2, 0.4, 0.6000000000000001, 0.8, 1.0),  # as numpy.linspace has them
        "length": (0.0, 30.0, 60.0, 120.0, 180.0, math.inf),
        "instances": (-1.0, 1.0, 4.0, 8.0, math.inf),
    },
    "thumos14": {
        "coverage": (0.0, 0.02, 0.04, 0.06, 0.08, 1.0),
        "length": (0.0, 3.0, 6.0, 12.0, 18.0, math.inf),
        "instances": (-1.0, 1.0, 40.0, 80.0, math.inf),
    },
}
_NAMES = ("XS", "S", "M", "L", "XL")


@dataclass(frozen=True, eq=False)
class Characteristic(ByValue):
    """Values of one characteristic, in bins.

    Attributes
    ----------
    name : str
    edges : tuple of float
        Rising. A value belongs to the first bin whose upper edge it does not exceed.
    bin : ndarray, dtype=int64, shape (M,)
        Number of the bin of each truth, -1 for none.
    """

    name: str
    edges: tuple[float, ...]
    bin: NDArray[np.int64]

    @property
    def bins(self) -> list[tuple[str, str]]:
        """Name and range of each bin."""
        ends = list(itertools.pairwise(self.edges))
        names: Sequence[str] = _NAMES[: len(ends)]
        if len(ends) > len(_NAMES):
            names = [str(k) for k in range(1, len(ends) + 1)]
        return [(name, self._span(*both)) for name, both in zip(names, ends, strict=True)]

    def _span(self, low: float, high: float) -> str:
        if low < 0:
            return f"up to {high:.4g}"
        if math.isinf(high):
            return f"above {low:.4g}"
        return f"{low:.4g} to {high:.4g}"


def characteristics_of(
    values: Mapping[str, NDArray[np.float64]],
    bins: str | Mapping[str, Sequence[float]],
) -> tuple[Characteristic, ...]:
    """Put the values of truths into bins.

    Parameters
    ----------
    values : mapping from str to ndarray, shape (M,)
        Values of some of `CHARACTERISTICS`.
    bins : str or mapping
        A name of `BINS`; ``"quantiles"`` for five bins of about equally many truths; or edges of
        some characteristics, the others in quantiles.

    Raises
    ------
    ValueError
        There are no such bins, or edges do not rise.
    """
    known = (*BINS, "quantiles")
    edges: Mapping[str, Sequence[float]] = {}
    if isinstance(bins, str):
        if bins not in known:
            raise ValueError(
                f"bins = {bins!r}{closest(bins, known)} is not one of {', '.join(known)}, and no "
                "mapping from characteristics to edges"
            )
        edges = BINS.get(bins, {})
    else:
        for name in bins:
            if name not in CHARACTERISTICS:
                raise ValueError(
                    f"bins: there is no characteristic {name!r}{closest(name, CHARACTERISTICS)}; "
                    f"there are {', '.join(CHARACTERISTICS)}"
                )
        edges = bins
    return tuple(
        _binned(name, column, _edges(name, edges[name]) if name in edges else _quantiles(column))
        for name, column in values.items()
    )


def parse_bins(words: Sequence[str]) -> str | dict[str, tuple[float, ...]]:
    """Read bins of a command line.

    Parameters
    ----------
    words : sequence of str
        One name, or edges such as ``"length=0,3,6,inf"``.

    Examples
    --------
    >>> parse_bins(["thumos14"]), parse_bins(["length=0,3,inf"])
    ('thumos14', {'length': (0.0, 3.0, inf)})
    """
    if len(words) == 1 and "=" not in words[0]:
        return words[0].casefold()
    result = {}
    for word in words:
        name, equals, edges = word.partition("=")
        if not equals:
            raise ValueError(f"bins: {word!r} is no CHARACTERISTIC=EDGES, such as length=0,3,6,inf")
        head, _, last = edges.rpartition(",")
        endless = last.strip().casefold() == "inf"
        numbers = read_numbers(head if endless else edges, f"bins of {name}")
        result[name.strip()] = (*numbers, math.inf) if endless else numbers
    return result


def _edges(name: str, edges: Sequence[float]) -> tuple[float, ...]:
    result = tuple(math.inf if x == math.inf else x for x in map(float, edges))
    finite = as_numbers([x for x in result if not math.isinf(x)], f"bins of {name}")
    if len(result) < 2 or any(b <= a for a, b in itertools.pairwise(result)) or not finite:
        raise ValueError(f"bins of {name}: edges {result} must be two or more, and rise")
    return result


def _quantiles(values: NDArray[np.float64]) -> tuple[float, ...]:
    known = np.sort(values[~np.isnan(values)])
    if not len(known):
        return (0.0, math.inf)
    # values that occur, so that no number of instances is a fraction
    at = -(-np.arange(len(_NAMES) + 1) * len(known) // len(_NAMES)) - 1
    edges = np.unique(known[np.maximum(at, 0)])
    return tuple(edges.tolist()) if len(edges) > 1 else (0.0, float(edges[0]) or math.inf)


def _binned(name: str, values: NDArray[np.float64], edges: tuple[float, ...]) -> Characteristic:
    number = np.searchsorted(edges, values, side="left") - 1
    number[values == edges[0]] = 0
    number[~((values >= edges[0]) & (values <= edges[-1]))] = -1
    return Characteristic(name, edges, number)
