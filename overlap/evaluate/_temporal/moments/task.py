"""What the tasks of moments share: queries of both sides, blocks of them, settings, sentence."""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from overlap._common.values import ByValue, same
from overlap.evaluate.bootstrap import Bootstrap
from overlap.evaluate.contract import Contract
from overlap.evaluate.numbers import Number
from overlap.evaluate.report import plain
from overlap.evaluate.sentence import digests_text, intervals_text
from overlap.evaluate.task import Description, Inputs, Task
from overlap.evaluate.thresholds import iou_name, threshold_values
from overlap.io.moment_table import Clips, MomentTable
from overlap.io.moments import as_moments
from overlap.io.name_match import mismatch
from overlap.io.printable import some

from ..tally import Tally
from ..tie_words import SOME, tie_notes

__all__ = ["Answered", "MomentEvidence", "MomentTask"]


@dataclass(frozen=True, eq=False, kw_only=True)
class MomentEvidence(Tally):
    """What was counted of every query.

    Attributes
    ----------
    rules : Rules
    truth, found : MomentTable
        Of the queries that are scored.
    given : mapping from str to MomentTable, optional
        Both inputs as they were given.
    ends : str
        What is known of ranges over orders of ties.
    """

    rules: Any
    truth: MomentTable
    found: MomentTable
    given: Mapping[str, MomentTable] | None = None
    ends: str = SOME


@dataclass(frozen=True, eq=False)
class Answered(ByValue):
    """Windows and clips of some queries, and what was measured of each.

    Attributes
    ----------
    truth, found : MomentTable
        Of the same queries, in the same order.
    values : dict of str to ndarray, shape (queries, ...)
    """

    truth: MomentTable
    found: MomentTable
    values: dict[str, NDArray[Any]]


@dataclass(frozen=True)
class MomentTask(Task):
    """Rules of an evaluation of queries; an item is a block of them."""

    protocol: Any

    unit = "blocks of queries"
    records = (Answered, MomentTable, Clips)
    #: Whether a query without predictions that is left out is not even measured.
    drops: ClassVar[bool] = False

    @abstractmethod
    def values(self, truth: MomentTable, found: MomentTable) -> dict[str, NDArray[Any]]:
        """Measure every query.

        Parameters
        ----------
        truth, found : MomentTable
            Of the same queries, rows in their order.
        """

    @abstractmethod
    def evidence(
        self, truth: MomentTable, found: MomentTable, values: dict[str, NDArray[Any]]
    ) -> Any:
        """Return what the numbers follow from.

        Parameters
        ----------
        truth, found : MomentTable
        values : dict
            As `values` returns them.
        """

    def remarks(self, evidence: Any) -> tuple[list[str], list[str]]:
        """Return more notes and findings.

        Parameters
        ----------
        evidence : Evidence
        """
        return [], []

    def items(self, pieces: int, **inputs: Any) -> Inputs:
        """Read both sides, and split the queries into blocks."""
        tables = {role: as_moments(given, role=role) for role, given in inputs.items()}
        truth, found = self._paired(tables)
        count = len(truth.queries)
        blocks = np.array_split(np.arange(count), max(1, min(pieces, count)))
        items = {
            k: {"truth": truth.of_queries(block), "found": found.of_queries(block)}
            for k, block in enumerate(blocks)
        }
        return Inputs(items, tables)

    def _paired(self, item: Mapping[str, Any]) -> tuple[MomentTable, MomentTable]:
        """Return both sides with the queries that are scored, in the order of the truth."""
        truth, found = (as_moments(item[role], role=role) for role in ("truth", "found"))
        rule = self.protocol.unanswered
        given, known = set(found.queries), set(truth.queries)
        silent = [name for name in truth.queries if name not in given]
        strange = [name for name in found.queries if name not in known]
        if rule == "error" and (silent or strange):
            said = []
            if silent:
                said.append(
                    f"queries of the truth without predictions: {len(silent)} ({some(silent, 3)})"
                )
            if strange:
                said.append(f"predictions for unknown queries: {len(strange)} ({some(strange, 3)})")
            reason = mismatch("queries", truth.queries, found.queries)
            raise ValueError(
                f"{found.source} against {truth.source}: {'; '.join(said)}"
                + (f"; {reason}" if reason else "")
                + "; to score the queries that both have, set unanswered=leave_out"
            )
        if rule == "leave_out" and silent and self.drops:
            keep = [k for k, name in enumerate(truth.queries) if name in given]
            truth = truth.of_queries(np.array(keep, dtype=np.int64))
        else:
            truth = truth.of_queries(np.arange(len(truth.queries)))
        return truth, _for_queries(found, truth.queries)

    def measure(self, key: Any, item: Mapping[str, Any]) -> Answered:
        """Measure some queries."""
        truth, found = self._paired(item)
        return Answered(truth, found, self.values(truth, found))

    def holds(self, key: Any, part: Answered, item: Mapping[str, Any]) -> bool:
        """Whether a part was measured of these very windows."""
        return all(
            same(_content(table), _content(getattr(part, role)))
            for role, table in zip(("truth", "found"), self._paired(item), strict=True)
        )

    def rules(self) -> dict[str, Any]:
        """Return the rules on which parts depend."""
        return plain({**self.protocol.settings(), "thresholds": self.protocol.thresholds})

    def finish(self, parts: Mapping[Any, Answered], about: Any) -> Any:
        """Put the queries together."""
        given = list(parts.values())
        if not given:
            raise ValueError("study: nothing was added; add truth and found first")
        names = [name for part in given for name in part.truth.queries]
        if len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise ValueError(f"study: query {twice!r} is in two items; add it once")
        truth, found = (_joined([getattr(part, role) for part in given])
                        for role in ("truth", "found"))  # fmt: skip
        shared = [name for name in given[0].values if all(name in part.values for part in given)]
        values = {name: np.concatenate([part.values[name] for part in given]) for name in shared}
        return replace(self.evidence(truth, found, values), given=about)

    def describe(
        self, evidence: Any, numbers: Sequence[Number], bootstrap: Bootstrap
    ) -> Description:
        """Say what the numbers depend on."""
        rules, about = self.protocol, evidence.given
        truth, found = evidence.truth, evidence.found
        whole = about or {"truth": truth, "found": found}
        settings = {
            "protocol": rules.name,
            "rules": rules.settings(),
            "thresholds": list(rules.thresholds),
            **{role: _source(table) for role, table in whole.items()},
        }
        names = {table.source: table.findings for table in whole.values()}
        findings = [finding for given in names.values() for finding in given]
        known = whole["truth"].queries, whole["found"].queries
        notes, more = self.remarks(evidence)
        strange = [name for name in known[1] if name not in set(known[0])]
        silent = [name for name in known[0] if name not in set(known[1])]
        fate = "are left out" if rules.unanswered == "leave_out" else "count as missed"
        said = []
        if strange:
            said.append(
                f"predicted queries that are not in the truth: {len(strange):,} (first: "
                f"{strange[0]!r}); they take no part"
            )
        if silent:
            said.append(
                f"queries of the truth without predictions: {len(silent):,} (first: "
                f"{silent[0]!r}); they {fate}"
            )
        if strange and silent:  # perhaps the same ones, spelt in two ways
            findings += said
        else:
            notes += said
        notes += tie_notes(numbers, evidence.ends)
        reason = mismatch("queries", *known)
        if reason:
            findings.append(reason)
        findings += _other_videos(whole["truth"], whole["found"])
        of_windows = [number for number in numbers if "iou" in number.where]
        for which, part in (("", numbers), (" of windows", of_windows)):
            if part and all(not number.value for number in part):
                findings.append(
                    f"every number{which} is 0: are the windows in seconds on both sides?"
                )
                break
        contract = {
            "truth": {
                "queries": len(whole["truth"].queries),
                "windows": len(whole["truth"]),
                "sha256": _digest(whole["truth"]),
            },
            "protocol": rules.settings(),
        }
        at = {
            number.name: {"iou": [float(number.where["iou"])]}
            if "iou" in number.where
            else {"iou": sorted(threshold_values(rules.thresholds))}
            for number in numbers
        }
        return Description(settings, Contract(self.name, contract, at), notes, [*findings, *more])

    def sentence(self, evidence: Any, settings: Mapping[str, Any]) -> str:
        """Return the sentence for a paper."""
        truth, found, rules = settings["truth"], settings["found"], self.protocol
        levels = ", ".join(map(iou_name, rules.thresholds))
        digests = digests_text({"truth": truth, "predictions": found})
        said = (
            f"Moments were scored with overlap {settings['versions']['overlap-metrics']} by the "
            f"protocol '{rules.name}' ({rules.description}): {found['windows']} predicted windows "
            f"against {truth['windows']} annotated ones of {truth['queries']} queries, at temporal "
            f"IoU {rules.comparison} {levels}" + (f"; {digests}" if digests else "") + "."
        )
        return said + intervals_text(settings, "queries")


def _for_queries(table: MomentTable, names: Sequence[str]) -> MomentTable:
    """Return the predictions of some queries; those without any have no window."""
    number = {name: k for k, name in enumerate(table.queries)}
    lacking = [name for name in names if name not in number]
    if lacking:
        for name in lacking:
            number[name] = len(number)
        blank = ("",) * len(lacking)
        clips = table.clips
        if clips is not None:
            last = np.full(len(lacking), clips.pointer[-1])
            clips = replace(clips, pointer=np.append(clips.pointer, last))
        table = replace(
            table,
            queries=(*table.queries, *lacking),
            videos=(*table.videos, *blank),
            duration=np.append(table.duration, np.full(len(lacking), np.nan)),
            clips=clips,
        )
    return table.of_queries(np.array([number[name] for name in names], dtype=np.int64))


def _content(table: MomentTable) -> tuple[Any, ...]:
    return (table.queries, table.query, table.start, table.stop, table.confidence,
            table.duration, table.clips)  # fmt: skip


def _joined(tables: Sequence[MomentTable]) -> MomentTable:
    """Concatenate tables of different queries."""
    first = tables[0]
    if len(tables) == 1:
        return first
    shifts = np.cumsum([0, *(len(table.queries) for table in tables)])

    def column(name: str) -> Any:
        return np.concatenate([getattr(table, name) for table in tables])

    scored = all(table.confidence is not None for table in tables)
    return MomentTable(
        tuple(name for table in tables for name in table.queries),
        tuple(name for table in tables for name in table.videos),
        np.concatenate([t.query + shift for t, shift in zip(tables, shifts, strict=False)]),
        column("start"),
        column("stop"),
        column("confidence") if scored else None,
        column("duration"),
        column("row"),
        ", ".join(dict.fromkeys(table.source for table in tables)),
        first.sha256 if len({table.sha256 for table in tables}) == 1 else None,
        None,
        tuple(dict.fromkeys(said for table in tables for said in table.findings)),
    )


def _source(table: MomentTable) -> dict[str, Any]:
    return {
        "source": table.source,
        "sha256": table.sha256,
        "queries": len(table.queries),
        "windows": len(table),
    }


def _other_videos(truth: MomentTable, found: MomentTable) -> list[str]:
    """Say of which queries the sides name another video."""
    named = dict(zip(truth.queries, truth.videos, strict=True))
    odd = [
        (query, named[query], video)
        for query, video in zip(found.queries, found.videos, strict=True)
        if video and named.get(query) and named[query] != video
    ]
    if not odd:
        return []
    query, one, other = odd[0]
    return [
        f"queries of other videos than in the truth: {len(odd):,} (first: {query!r} is of {one!r}, "
        f"and here of {other!r})"
    ]


def _digest(table: MomentTable) -> str:
    """SHA-256 of queries with their windows and clips, whatever file they came from."""
    order = np.array(sorted(range(len(table.queries)), key=table.queries.__getitem__), dtype=int)
    table = table.of_queries(order)
    order = np.lexsort((table.stop, table.start, table.query))
    digest = hashlib.sha256("\n".join(table.queries).encode("utf-8", "backslashreplace"))
    for values in (table.query, table.start + 0.0, table.stop + 0.0):
        digest.update(values[order].tobytes())
    if table.clips is not None:
        length = table.duration + 0.0  # which says how many clips there are
        for values in (length, table.clips.pointer, table.clips.place, table.clips.score + 0.0):
            digest.update(values.tobytes())
    return digest.hexdigest()
