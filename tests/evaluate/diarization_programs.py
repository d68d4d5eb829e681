"""Diarization by definition: speakers of every elementary interval, and all mappings tried."""

from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
from scipy.optimize import linear_sum_assignment


def joined(turns):
    """Overlapping turns of one speaker as one; touching ones stay two."""
    result = []
    for start, stop, who in sorted(set(turns), key=lambda turn: (turn[2], turn[0], turn[1])):
        if result and result[-1][2] == who and start < result[-1][1]:
            result[-1] = (result[-1][0], max(result[-1][1], stop), who)
        else:
            result.append((start, stop, who))
    return result


def cut(turns, spans):
    parts = [(max(a, x), min(b, y), who) for a, b, who in turns for x, y in spans]
    return [part for part in parts if part[1] > part[0]]


def elementary(rules, truth, found, spans):
    """Yield length, whether it is scored, and the speakers of both sides."""
    margin = rules.margin
    boundaries = [time for start, stop, _ in truth for time in (start, stop)]
    collars = [(time - margin, time + margin) for time in boundaries] if margin else []
    ends = {
        time for start, stop, *_ in (*truth, *found, *spans, *collars) for time in (start, stop)
    }
    for low, high in itertools.pairwise(sorted(ends)):
        middle = (low + high) / 2

        def over(rows, middle=middle):
            return [row for row in rows if row[0] < middle < row[1]]

        if not over(spans):
            continue
        there = [who for *_, who in over(truth)]
        given = [who for *_, who in over(found)]
        scored = not over(collars) and not (rules.skip_overlap and len(there) > 1)
        if rules.own_overlap != "twice":
            there, given = sorted(set(there)), sorted(set(given))
        yield high - low, scored, Counter(there), Counter(given)


def assigned(rows, columns, gain):
    """Return the assignment by scipy, of sorted names; pairs without gain stay alone."""
    if not rows or not columns:
        return {}
    table = np.array([[gain[a, b] for b in columns] for a in rows])
    pairs = zip(*linear_sum_assignment(-table), strict=True)
    return {rows[a]: columns[b] for a, b in pairs if table[a, b] > 0}


def diarization(rules, truth, found, spans):
    """DER, its parts and JER by the definitions of the three programs."""
    truth, found = ([x for x in side if x[1] - x[0] > rules.shortest] for side in (truth, found))
    if spans is None:
        sides = truth if rules.without_uem == "truth_hull" else truth + found
        spans = [(min(x[0] for x in sides), max(x[1] for x in sides))] if sides else []
    if rules.collar_at_cuts:
        truth, found = cut(truth, spans), cut(found, spans)
    if rules.own_overlap == "merged":
        truth, found = joined(truth), joined(found)
    pieces = list(elementary(rules, truth, found, spans))
    gain = Counter()
    for length, scored, there, given in pieces:
        if scored or rules.mapping_time == "evaluated":
            for a, b in itertools.product(there, given):
                gain[a, b] += length * there[a] * given[b]
    names = sorted({x[2] for x in truth}), sorted({x[2] for x in found})
    mapping = assigned(names[1], names[0], Counter({(b, a): x for (a, b), x in gain.items()}))
    mapping = {a: b for b, a in mapping.items()}
    result = dict.fromkeys(("total", "missed detection", "false alarm", "confusion"), 0.0)
    for length, scored, there, given in pieces:
        if scored:
            many, others = there.total(), given.total()
            right = sum(min(there[a], given[mapping[a]]) for a in there if a in mapping)
            result["total"] += length * many
            result["missed detection"] += length * max(many - others, 0)
            result["false alarm"] += length * max(others - many, 0)
            result["confusion"] += length * (min(many, others) - right)
    error = result["missed detection"] + result["false alarm"] + result["confusion"]
    result["DER"] = error / result["total"] if result["total"] else float(error > 0)
    if rules.jaccard == "frames":
        result["JER"] = framed(truth, found, spans)
        return result
    pairs = mapping if rules.mapping_time == "evaluated" else assigned(*names, gain)
    errors = []
    for a in names[0]:
        own = sum(length for length, scored, there, _ in pieces if scored and a in there)
        b = pairs.get(a)
        both = sum(x for x, scored, there, given in pieces if scored and a in there and b in given)
        either = sum(
            x for x, scored, there, given in pieces if scored and (a in there or b in given)
        )
        if own:
            errors.append(1 - both / either)
    result["JER"] = sum(errors) / len(errors) if errors else 1.0
    return result


def framed(truth, found, spans, step=0.01):
    """Mean Jaccard error in frames, speakers paired so that the sum is least."""
    count = int(max((stop for _, stop in spans), default=0.0) / step)
    times = step * np.arange(count)

    def frames(start, stop):
        first, last = np.searchsorted(times, (start, stop))
        return set(range(int(first), int(last)))

    kept = set().union(*(frames(*span) for span in spans))
    sides = []
    for turns in (truth, found):
        who = sorted({turn[2] for turn in turns})
        own = [set().union(*(frames(a, b) for a, b, x in turns if x == w)) & kept for w in who]
        sides.append(own)
    ours, theirs = sides
    if not ours:
        return float(any(theirs))
    errors = np.ones((len(ours), len(theirs)))
    for (i, a), (j, b) in itertools.product(enumerate(ours), enumerate(theirs)):
        errors[i, j] = 1 - len(a & b) / len(a | b) if a | b else 1.0
    best = np.ones(len(ours))
    rows, columns = linear_sum_assignment(errors)
    best[rows] = errors[rows, columns]
    return float(best.mean())
