"""Results of all sections in one file, so that one section can be measured anew."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.workload import Result, Timing

__all__ = ["FILE", "Growth", "Results", "Section"]

FILE = Path(__file__).parent / "results.json"


@dataclass(frozen=True)
class Growth:
    """Times and memory of one job at growing sizes.

    Attributes
    ----------
    name, unit : str
        The job, and what `counts` counts.
    sizes, counts : tuple of int
        Sizes of the input, and the items that the job had at each.
    seconds : tuple of float
        Fastest calls.
    memory : tuple of int
        Most bytes that the process held, with the input, above what it held before.
    given, kept : tuple of int
        Bytes of them that the input took, and that the result takes.
    exponent : float
        Slope of log(seconds) over log(count).
    wanted : float, optional
        At most.
    """

    name: str
    unit: str
    sizes: tuple[int, ...]
    counts: tuple[int, ...]
    seconds: tuple[float, ...]
    memory: tuple[int, ...]
    exponent: float
    wanted: float | None = None
    given: tuple[int, ...] = ()
    kept: tuple[int, ...] = ()


@dataclass(frozen=True)
class Section:
    """What was measured for one section.

    Attributes
    ----------
    races : tuple of Result
    growth : tuple of Growth
    facts : tuple of (str, str, str)
        Name, value, what is wanted.
    others : float
        Share of the processors that other programs had meanwhile.
    """

    races: tuple[Result, ...] = ()
    growth: tuple[Growth, ...] = ()
    facts: tuple[tuple[str, str, str], ...] = ()
    others: float = 0.0


@dataclass
class Results:
    """Sections by name, and the machine that they were measured on."""

    machine: dict[str, str] = field(default_factory=dict)
    speed: list[tuple[str, str]] = field(default_factory=list)
    sections: dict[str, Section] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path = FILE) -> Results:
        """Read a file that `write` has written; there is nothing in one that does not exist."""
        if not path.exists():
            return cls()
        content = json.loads(path.read_text(encoding="utf-8"))
        return cls(
            content["machine"],
            [tuple(row) for row in content["speed"]],  # type: ignore[misc]
            {name: _section(known) for name, known in content["sections"].items()},
        )

    def write(self, path: Path = FILE) -> None:
        """Write all or nothing; numbers have four digits."""
        text = json.dumps(_short(asdict(self)), indent=1, ensure_ascii=False) + "\n"
        draft = path.with_suffix(".part")
        draft.write_text(text, encoding="utf-8")
        os.replace(draft, path)

    def check_machine(self, machine: Mapping[str, str]) -> None:
        """Raise a ValueError if results are of another machine, or of other programs."""
        other = [name for name in machine if self.machine.get(name, "") != machine[name]]
        if self.sections and other:
            raise ValueError(
                f"{FILE.name} is of another machine or of other versions ({', '.join(other)}), and "
                "its sections cannot be joined with new ones; measure all: python -m benchmarks"
            )


def _section(known: Mapping[str, Any]) -> Section:
    growth = (
        Growth(**{key: tuple(v) if isinstance(v, list) else v for key, v in row.items()})
        for row in known["growth"]
    )
    races = tuple(map(_result, known["races"]))
    facts = tuple(map(tuple, known["facts"]))
    return Section(races, tuple(growth), facts, known["others"])  # type: ignore[arg-type]


def _result(row: Mapping[str, Any]) -> Result:
    return Result(
        **{
            **row,
            "ours": Timing(**row["ours"]),
            "peers": {name: Timing(**times) for name, times in row["peers"].items()},
            "missing": tuple(row["missing"]),
            "floor": Timing(**row["floor"]) if row["floor"] else None,
            "against": tuple(row["against"]),
        }
    )


def _short(value: Any) -> Any:
    """Return nested values with floats of four digits."""
    if isinstance(value, float):
        return float(f"{value:.4g}")
    if isinstance(value, dict):
        return {key: _short(part) for key, part in value.items()}
    return [_short(part) for part in value] if isinstance(value, (list, tuple)) else value
