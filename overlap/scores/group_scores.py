"""Scores of all pairs within groups: one matrix for each image, video or class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from overlap._common.values import ByValue
from overlap.scores import evaluation as _engine
from overlap.scores.candidates import group_pair
from overlap.scores.group_labels import labels_at

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from overlap.regions.base import Regions
    from overlap.scores.plan import Plan

__all__ = ["GroupScores", "pairwise_by_group"]


@dataclass(frozen=True, eq=False)
class GroupScores(ByValue):
    """All scores within one group, as of one image.

    Attributes
    ----------
    group : object
        The label of the group; a tuple where labels have several columns.
    found : ndarray of int64, shape (n,)
        Positions of the group's found regions in their batch, ascending.
    truth : ndarray of int64, shape (m,)
        Those of its true regions.
    score : ndarray of float64, shape (n, m)
        Score of each found region against each true one.
    """

    group: Any
    found: NDArray[np.int64]
    truth: NDArray[np.int64]
    score: NDArray[np.float64]


def pairwise_by_group(plan: Plan, found: Regions, truth: Regions, groups: Any) -> list[GroupScores]:
    """Return the scores of all pairs within every group that either side has.

    Parameters
    ----------
    plan : Plan
    found, truth : Regions
    groups : pair
        Labels of both sides, see `Score.pairs`.
    """
    plan.geometry(found, truth)
    columns, codes = group_pair(groups, len(found), len(truth))
    orders = [np.argsort(code, kind="stable") for code in codes]
    labels = np.union1d(*codes)
    ends = [
        np.append(np.searchsorted(code[order], labels), len(code))
        for code, order in zip(codes, orders, strict=True)
    ]
    mine, theirs = (batch[order] for batch, order in zip((found, truth), orders, strict=True))
    result = []
    for k in range(len(labels)):
        (a, b), (c, d) = (end[k : k + 2].tolist() for end in ends)
        index = orders[0][a:b], orders[1][c:d]
        side = 0 if b > a else 1
        name = labels_at(columns[side], int(index[side][0]))
        score = _engine.pairwise(plan, mine[a:b], theirs[c:d])
        result.append(GroupScores(name, *index, score))
    return result
