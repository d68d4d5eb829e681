"""Reading of both sides of an evaluation of segments: which videos, names, columns and units."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from overlap.io.frame_rates import FrameRates, as_frame_rates
from overlap.io.name_lists import as_names
from overlap.io.name_match import mismatch
from overlap.io.name_rules import NameRule, as_rules, canonical, translated
from overlap.io.printable import number_of, some
from overlap.io.segment_match import odd_names, other_unit
from overlap.io.segments import Role, SegmentTable, as_segments

__all__ = ["AS_IT_STANDS", "Reading", "findings_of", "notes_of"]

_SIDES = ("truth", "found")


def _brief(stated: Any) -> str:
    """Return what settings say of a list or of rates, in a few words."""
    if not isinstance(stated, Mapping):
        return str(stated)
    if "source" in stated:
        return str(stated["source"])
    return some(list(stated["names"]), 3) if "names" in stated else "of each video"


@dataclass(frozen=True)
class Reading:
    """Options of reading that all families of labelled segments share.

    Parameters
    ----------
    videos : path or iterable of str, optional
        Videos to use, on both sides; see `overlap.io.name_lists.as_names` for files.
    exclude : path or iterable of str, optional
        Videos to leave out, on both sides.
    names : str or sequence of str
        Rules that repair names; see `overlap.io.name_rules`.
    columns : mapping from str to str, optional
        Columns of tables by what they hold: ``{"start": "t0"}``, or of one side
        ``{"found:start": "t0"}``.
    fps : float, str, path or mapping, optional
        Starts and stops are frames, at so many a second; see `overlap.io.frame_rates`. A mapping
        with ``"truth"`` or ``"found"`` is for these sides.
    clip : bool
        Whether segments end where their video does. Durations are those of the truth, else those
        of the input itself.
    class_agnostic : bool
        Labels are not read, and none are needed: all segments have one.
    """

    videos: Any = None
    exclude: Any = None
    names: Any = ()
    columns: Any = None
    fps: Any = None
    clip: bool = False
    class_agnostic: bool = False

    def __post_init__(self) -> None:
        """Read lists and rules, once."""
        for name in ("videos", "exclude"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, as_names(getattr(self, name), name))
        object.__setattr__(self, "names", as_rules(self.names))
        object.__setattr__(self, "columns", _columns(self.columns))
        object.__setattr__(self, "fps", _rates(self.fps))

    def __bool__(self) -> bool:
        return bool(self.settings())

    def settings(self) -> dict[str, Any]:
        """Return what was asked for, as plain data; files with their digests."""
        result: dict[str, Any] = {
            name: getattr(self, name).settings()
            for name in ("videos", "exclude")
            if getattr(self, name) is not None
        }
        if self.names:
            result["names"] = [rule.settings() for rule in self.names]
        if self.columns:
            result["columns"] = dict(self.columns)
        if self.fps:
            result["fps"] = {side: rates.settings() for side, rates in self.fps.items()}
        for name in ("clip", "class_agnostic"):
            if getattr(self, name):
                result[name] = True
        return result

    def __str__(self) -> str:
        said = []
        for name, value in self.settings().items():
            if name == "names":
                said += [rule.text for rule in self.names]
            elif value is True:
                said.append(name)
            elif name in ("columns", "fps"):
                said += [f"{name} {side}:{_brief(entry)}" for side, entry in value.items()]
            else:
                said.append(f"{name} {_brief(value)}")
        return ", ".join(said)

    @classmethod
    def of_settings(
        cls, settings: Mapping[str, Any], place: Callable[[str, str, str], str]
    ) -> Reading:
        """Return the reading that a report states.

        Parameters
        ----------
        settings : mapping
            As `settings` returns them.
        place : callable
            Returns where a file lies now, by what it is, its name and its digest; raises an error
            where it has changed.
        """

        def of_file(what: str, entry: Mapping[str, Any]) -> str:
            return place(what, str(entry["source"]), str(entry["sha256"]))

        chosen: dict[str, Any] = {
            name: settings[name]
            for name in ("columns", "clip", "class_agnostic")
            if name in settings
        }
        for name in ("videos", "exclude"):
            entry = settings.get(name)
            if entry is not None:
                chosen[name] = (
                    replace(as_names(Path(of_file(name, entry)), name), source=entry["source"])
                    if "source" in entry
                    else list(entry["names"])
                )
        rules: list[Any] = []
        for entry in settings.get("names", ()):
            if isinstance(entry, Mapping):
                front, _, source = str(entry["rule"]).partition("=")
                now = place("names", source, str(entry["sha256"]))
                rules.append(replace(as_rules(f"{front}={now}")[0], value=source))
            else:
                rules.append(entry)
        if rules:
            chosen["names"] = rules
        if "fps" in settings:
            chosen["fps"] = {}
            for side, entry in settings["fps"].items():
                if isinstance(entry, Mapping):
                    rates = (
                        as_frame_rates(entry["each"])
                        if "each" in entry
                        else replace(
                            as_frame_rates(Path(of_file("fps", entry))), source=entry["source"]
                        )
                    )
                    chosen["fps"][side] = rates
                else:
                    chosen["fps"][side] = entry
        return cls(**chosen)

    def contract(self) -> dict[str, Any]:
        """Return what another report must agree in: the lists of videos.

        Other options change the truth, of which contracts have a digest, or only the predictions.
        """
        lists = {
            name: getattr(self, name)
            for name in ("videos", "exclude")
            if getattr(self, name) is not None
        }
        if not lists:
            return {}
        digest = hashlib.sha256(
            json.dumps({name: sorted(chosen.names) for name, chosen in lists.items()}).encode()
        )
        counts = {name: len(chosen.names) for name, chosen in lists.items()}
        return {"videos": {**counts, "sha256": digest.hexdigest()}}

    def check_parts(self) -> None:
        """Refuse rules that need all labels of the truth, where a study sees a part at a time.

        Raises
        ------
        ValueError
            There is such a rule.
        """
        for rule in self.names:
            if "labels" in rule.of and (rule.alike() is not None or rule.kind == "ids"):
                raise ValueError(
                    f"names: the rule {rule.text} compares labels with those of the whole truth, "
                    "and a study sees a part at a time; limit it to videos, or name a file with "
                    "map=FILE"
                )

    def tables(
        self,
        truth: Any,
        found: Any,
        *,
        ranked: bool = True,
        labelled: bool = True,
        whole: bool = True,
    ) -> dict[str, SegmentTable]:
        """Read both sides.

        Parameters
        ----------
        truth, found : path, mapping, DataFrame or SegmentTable
        ranked : bool
            Whether predictions need confidences.
        labelled : bool
            Whether segments need labels.
        whole : bool
            Whether these are all videos.

        Returns
        -------
        dict from "truth" and "found" to SegmentTable
            Their `notes` and `findings` say what was changed and what looks odd; a report shows
            both.
        """
        return self.applied(
            {
                "truth": self.table(truth, "truth", labelled=labelled),
                "found": self.table(found, "found", ranked=ranked, labelled=labelled),
            },
            whole=whole,
        )

    def table(
        self, source: Any, role: str, *, ranked: bool = True, labelled: bool = True
    ) -> SegmentTable:
        """Read one side as it stands.

        Parameters
        ----------
        source : path, mapping, DataFrame or SegmentTable
        role : {"truth", "found", "ambiguous"}
        ranked : bool
            Whether predictions need confidences.
        labelled : bool
            Whether segments need labels.
        """
        columns = self.columns_of(role)
        labelled = labelled and not (self.class_agnostic and role != "ambiguous")
        return as_segments(
            source, role=cast(Role, role), ranked=ranked, labelled=labelled, columns=columns or None
        )

    def columns_of(self, role: str) -> dict[str, str]:
        """Return the columns that are named for one side.

        Parameters
        ----------
        role : {"truth", "found", "ambiguous"}
        """
        side = "found" if role == "found" else "truth"
        columns = {}
        for entry, column in (self.columns or {}).items():
            front, mark, name = entry.rpartition(":")
            if not mark or front == side:
                columns[name] = column
        return columns

    def applied(
        self, tables: Mapping[str, SegmentTable], *, whole: bool = True
    ) -> dict[str, SegmentTable]:
        """Repair names and units, and keep the wanted videos.

        Parameters
        ----------
        tables : mapping from str to SegmentTable
            By role: ``"truth"``, ``"found"``, ``"ambiguous"``.
        whole : bool
            Whether these are all videos; otherwise names in lists may be those of others.

        Returns
        -------
        dict of str to SegmentTable

        Raises
        ------
        ValueError
            Two names become one, a frame rate or all durations are missing, or no video is left.
        """
        result = self._named(_of_one_recording(tables))
        result = self._in_seconds(result)
        result = self._kept(result, whole)
        if self.clip:
            result = _clipped(result, whole)
        return {role: replace(table, frame_rate=None) for role, table in result.items()}

    def _named(self, tables: dict[str, SegmentTable]) -> dict[str, SegmentTable]:
        rules: Sequence[NameRule] = self.names
        if not rules:
            return tables
        ids = {number: name for table in tables.values() for number, name in table.label_ids}
        result, used = {}, set[str]()
        truth: SegmentTable | None = None
        for role, table in tables.items():
            new, notes = {}, []
            for what in ("videos", "labels"):
                before: tuple[str, ...] = getattr(table, what)
                own = [rule for rule in rules if what in rule.of]
                after = translated(before, own, ids if what == "labels" else {}, table.source)
                if truth is not None:
                    after = canonical(getattr(truth, what), after, own, table.source, truth.source)
                for rule in own:
                    alike = rule.alike()
                    names = ids if rule.kind == "ids" else rule.table
                    if any(alike(x) != x for x in before) if alike else names.keys() & set(before):
                        used.add(rule.text)
                changed = [(x, y) for x, y in zip(before, after, strict=True) if x != y]
                new[what] = after
                if changed:
                    first = f"{changed[0][0]!r} is {changed[0][1]!r}"
                    notes.append(
                        f"{table.source}: {number_of(len(changed), what[:-1])} renamed by "
                        f"{', '.join(rule.text for rule in own)} (first: {first})"
                    )
            result[role] = replace(table.renamed(**new), notes=(*table.notes, *notes))
            truth = truth or result[role]
        idle = [rule.text for rule in rules if rule.text not in used]
        if idle:
            said = f"names: {', '.join(idle)} {'changes' if len(idle) == 1 else 'change'} no name"
            result = _finding(result, said)
        return result

    def _in_seconds(self, tables: dict[str, SegmentTable]) -> dict[str, SegmentTable]:
        result = dict(tables)
        stated = {
            video: float(rate)
            for table in tables.values()
            if table.frame_rate is not None
            for video, rate in zip(table.videos, table.frame_rate, strict=True)
            if rate > 0
        }
        for role, table in tables.items():
            rates: FrameRates | None = self.fps.get("found" if role == "found" else "truth")
            if rates is None:
                continue
            if table.times is not None:
                raise ValueError(f"{table.source}: has datetimes, which fps cannot turn to seconds")
            if rates.stated:
                rates = replace(rates, each=stated)
            used = np.unique(table.video)
            rate = np.full(len(table.videos), np.nan)
            rate[used] = rates.of([table.videos[k] for k in used.tolist()], table.source)
            each = rate[table.video]
            low, high = (
                (float(x) for x in (rate[used].min(), rate[used].max()))
                if len(used)
                else (0.0, 0.0)
            )
            said = f"{low:g}" if low == high else f"{low:g} to {high:g}"
            note = f"{table.source}: frames were turned to seconds, at {said} frames a second"
            result[role] = replace(
                table, start=table.start / each, stop=table.stop / each, notes=(*table.notes, note)
            )
        return result

    def _kept(self, tables: dict[str, SegmentTable], whole: bool) -> dict[str, SegmentTable]:
        result = dict(tables)
        if self.videos is None and self.exclude is None:
            return result
        key = _key(self.names)
        there = {key(video) for table in tables.values() for video in table.videos}
        for option, chosen in (("videos", self.videos), ("exclude", self.exclude)):
            if chosen is None:
                continue
            listed = {key(name) for name in chosen.names}
            unknown = [name for name in chosen.names if key(name) not in there]
            if unknown and whole:
                said = (
                    f"{option}: {len(unknown):,} of {number_of(len(chosen.names), 'name')} "
                    f"{'is' if len(unknown) == 1 else 'are'} in neither input ({some(unknown, 3)})"
                )
                known = tuple(dict.fromkeys(v for t in tables.values() for v in t.videos))
                reason = mismatch("names", known, unknown, f"the list {option}", "the inputs")
                if reason and 2 * len(unknown) > len(chosen.names):
                    said += f"; {reason}"
                result = _finding(result, said)
            for role, table in result.items():
                keep = np.array(
                    [(key(v) in listed) == (option == "videos") for v in table.videos], bool
                )
                if keep.all():
                    continue
                kept = table.of_videos(keep)
                note = (
                    f"{table.source}: {number_of(len(table.videos) - len(kept.videos), 'video')} "
                    f"with {number_of(len(table) - len(kept), 'segment')} left out by {option}"
                )
                result[role] = replace(kept, notes=(*kept.notes, note))
            if whole and not result["truth"].videos and tables["truth"].videos:
                raise ValueError(
                    f"{option}: leaves no video of the truth ({tables['truth'].source}), which has "
                    f"{some(tables['truth'].videos, 3)}; the list has {some(chosen.names, 3)}"
                )
        return result


def notes_of(tables: Mapping[str, SegmentTable]) -> list[str]:
    """Return what reading changed or left out, for the notes of a report.

    Parameters
    ----------
    tables : mapping from str to SegmentTable
    """
    return list(dict.fromkeys(note for table in tables.values() for note in table.notes))


def findings_of(tables: Mapping[str, SegmentTable], *, matched: bool = True) -> list[str]:
    """Return what nobody must miss: oddities of inputs, names and units that do not fit.

    Parameters
    ----------
    tables : mapping from str to SegmentTable
        With ``"truth"`` and ``"found"``.
    matched : bool
        Whether anything matches; if nothing does, units are looked at, too.
    """
    truth, found = tables["truth"], tables["found"]
    said: list[str | None] = [one for table in tables.values() for one in table.findings]
    said += odd_names(truth, found)
    if not matched:
        said.append(other_unit(truth, found))
    return list(dict.fromkeys(one for one in said if one))


def _columns(given: Any) -> dict[str, str]:
    """Read columns, perhaps as text ``start=t0,stop=t1``."""
    if isinstance(given, str):
        pairs = [entry.partition("=") for entry in given.split(",") if entry.strip()]
        bad = [
            name for name, mark, column in pairs if not (name.strip() and mark and column.strip())
        ]
        if bad:
            raise ValueError(f"columns: {given!r}; wanted FIELD=COLUMN, such as start=t0,stop=t1")
        given = {name.strip(): column.strip() for name, _, column in pairs}
    columns = dict(given or {})
    for entry in columns:
        front, mark, _ = entry.rpartition(":")
        if mark and front not in _SIDES:
            raise ValueError(f"columns: {entry!r}; before the colon stands truth or found")
    return columns


def _rates(given: Any) -> dict[str, FrameRates]:
    """Read frame rates, by side."""
    if given is None:
        return {}
    if isinstance(given, list | tuple):  # from the command line, one for each side
        sides: dict[str, Any] = {}
        for entry in given:
            sides.update(_rates(entry))
        return sides
    if isinstance(given, str):
        front, mark, rest = given.partition(":")
        if mark and front in _SIDES:
            given = {front: rest}
    if isinstance(given, Mapping) and given and set(given) <= set(_SIDES):
        return {side: as_frame_rates(rates) for side, rates in given.items()}
    rates = as_frame_rates(given)
    return dict.fromkeys(_SIDES, rates)


def _key(rules: Iterable[NameRule]) -> Any:
    """Return the function by which names of videos are compared."""
    functions = [alike for rule in rules if "videos" in rule.of and (alike := rule.alike())]

    def key(name: str) -> str:
        for alike in functions:
            name = alike(name)
        return name

    return key


def _finding(tables: dict[str, SegmentTable], said: str) -> dict[str, SegmentTable]:
    """Add a finding to the first table."""
    role = next(iter(tables))
    return {**tables, role: replace(tables[role], findings=(*tables[role].findings, said))}


def _of_one_recording(tables: Mapping[str, SegmentTable]) -> dict[str, SegmentTable]:
    """Give the only recording of inputs that do not name it the name in the truth."""
    result = dict(tables)
    truth = tables["truth"]
    for role, table in tables.items():
        if role == "truth" or not table.unnamed or len(truth.videos) != 1:
            continue
        if table.videos != truth.videos:
            note = (
                f"{table.source}: does not name its recording, which was taken for "
                f"{truth.videos[0]!r} of {truth.source}"
            )
            result[role] = replace(table.renamed(truth.videos), notes=(*table.notes, note))
    return result


def _clipped(tables: dict[str, SegmentTable], whole: bool) -> dict[str, SegmentTable]:
    """Let segments end where their video does."""
    length = {
        video: float(seconds)
        for table in reversed(list(tables.values()))
        for video, seconds in zip(table.videos, table.duration, strict=True)
        if seconds == seconds
    }
    if not length and (whole or any(map(len, tables.values()))):
        raise ValueError(
            f"clip: neither {' nor '.join(table.source for table in tables.values())} has "
            "durations of videos; add them to the truth"
        )
    result = {}
    for role, table in tables.items():
        if table.times is not None:
            raise ValueError(f"{table.source}: has datetimes, which clip does not cut")
        end = np.array([length.get(video, np.inf) for video in table.videos], float)[table.video]
        start, stop = (np.clip(x, 0.0, end) for x in (table.start, table.stop))
        moved = (start != table.start) | (stop != table.stop)
        notes = list(table.notes)
        if moved.any():
            note = f"{table.source}: {number_of(int(moved.sum()), 'segment')} clipped to the video"
            outside = int((moved & _outside(table, end)).sum())
            if outside:
                note += f"; {outside:,} of them lay outside, and are empty at its end"
            notes.append(note)
        unknown = len([video for video in table.videos if video not in length])
        if unknown:
            notes.append(
                f"{table.source}: {number_of(unknown, 'video')} without a duration not clipped"
            )
        result[role] = replace(table, start=start, stop=stop, notes=tuple(notes))
    return result


def _outside(table: SegmentTable, end: NDArray[np.float64]) -> NDArray[np.bool_]:
    return (table.start >= end) | (table.stop <= 0)


#: Reading without any option.
AS_IT_STANDS = Reading()
