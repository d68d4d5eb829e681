"""Ids of COCO's annotations: those that its program counts in another way than other ids."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overlap.io.printable import brief, number_of

__all__ = ["ZERO_ID", "zero_ids"]

#: Flag of annotations whose id is 0.
ZERO_ID = "zero_id"


def zero_ids(ids: Sequence[Any], where: str) -> tuple[dict[str, NDArray[np.bool_]], list[str]]:
    """Return the flag of annotations whose id is 0, and findings on ids.

    Parameters
    ----------
    ids : sequence
        Those of annotations; None where one has none.
    where : str
        The file, for messages.

    Returns
    -------
    flags : dict from str to ndarray of bool
        Empty where no id is 0.
    findings : list of str
    """
    try:
        several = len(set(ids)) < len(ids)
    except TypeError:
        raise ValueError(f"{where}: annotations: an id is a list or mapping") from None
    findings = []
    if several:
        twice = {name: count for name, count in Counter(ids).items() if count > 1}
        twice.pop(None, None)
        if twice:
            findings.append(
                f"{where}: annotations: {number_of(len(twice), 'id')} there more than once (first: "
                f"{brief(next(iter(twice)))}); each of these annotations counts here, and "
                "pycocotools counts the last one of an id several times"
            )
    if 0 not in ids:
        return {}, findings
    zero = np.array([name == 0 for name in ids], dtype=bool)
    findings.append(
        f"{where}: {number_of(int(zero.sum()), 'annotation')} with the id 0; pycocotools counts "
        "what matches it as false, which mode='strict' (--mode strict) does as well"
    )
    return {ZERO_ID: zero}, findings
