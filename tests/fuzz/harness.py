"""Damage valid files, read them, and count what happens.

An input is known by its target, the number of the run and its own, so that every finding can be
made again, in the folder ``tests``: ``python -m fuzz TARGET --run 1 --first 123 --count 1``. Inputs
are read in a child process with a limit on memory; one that takes too long ends that process, and
the run goes on after it.

To add readers, write a module with a list ``TARGETS`` and name it in `MODULES`.
"""

from __future__ import annotations

import argparse
import faulthandler
import gzip
import importlib
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
import warnings
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

MODULES = ("volumes", "texts")
SECONDS = 10.0  # for one input
MEMORY = 2 << 30  # more than before, for one input

Change = Callable[[bytes], bytes]


@dataclass(frozen=True)
class Target:
    """A reader, valid files for it, and what is known of them.

    `seeds` gives the content of small valid files. `read` takes a path and returns something that
    can be compared with ``==``. With `checked`, the format has checksums over all that matters:
    what differs from all seeds must be refused. `words` are put into files as they are. `inside`
    damages what lies beneath compression and checksums, after which other values are no fault.
    `beside` makes the files that a seed refers to, in the folder of the damaged one. `draw` makes
    inputs where damage to bytes is not enough.
    """

    name: str
    suffix: str
    seeds: Callable[[], Sequence[bytes]]
    read: Callable[[Path], Any]
    checked: bool = False
    words: Sequence[bytes] = ()
    inside: Callable[[bytes, Change], bytes] | None = None
    beside: Callable[[Path], None] | None = None
    draw: Callable[[np.random.Generator], bytes] | None = None


@dataclass
class Counts:
    """What happened, the findings, and what only the boundary around readers caught."""

    inputs: Counter[str] = field(default_factory=Counter)
    findings: list[dict[str, Any]] = field(default_factory=list)
    caught: list[dict[str, Any]] = field(default_factory=list)

    def table(self) -> str:
        names = sorted({key.split()[0] for key in self.inputs})
        kinds = ("inputs", "refused", "net", "read", *FINDINGS)
        rows = [f"{'':14}" + "".join(f"{kind:>11}" for kind in kinds)]
        for name in (*names, "all"):
            chosen = names if name == "all" else [name]
            numbers = [sum(self.inputs[f"{n} {kind}"] for n in chosen) for kind in kinds]
            rows.append(f"{name:14}" + "".join(f"{number:11,}" for number in numbers))
        return "\n".join(rows)


#: Faults: another exception, or a message without the file's name; more than ten seconds; more than
#: 2 GB; a process that ended; other values although there is a checksum. ("net": refused by the
#: boundary around readers, which turns whatever a library raises into a message.)
FINDINGS = ("traceback", "hang", "memory", "death", "other")

# Numbers at which sizes, signs and types end.
_INTEGERS = (0, 1, -1, 7, 127, 128, 255, 256, 32767, 32768, 65535, 2**31 - 1, 2**31, 2**32 - 1,
             2**53, 2**63 - 1, 2**63, 2**64 - 1)  # fmt: skip
_TEXTS = (b"", b"0", b"-1", b"1e308", b"-1e-320", b"1e999", b"nan", b"inf", b"1_0", b"0x10", b"NA",
          b"9" * 400, b"2147483648", b"18446744073709551616", b"99999999999", b"0.5", b"1.5",
          "\u0665".encode(), b"\xff", b"\0", b'"', b"\\ud800", b"null", b"true", b"[" * 2000,
          b"{}", b"[]", b"\n", b"\r", b",", b"\t", b" ", b"\xef\xbb\xbf")  # fmt: skip
_NUMBER = re.compile(rb"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")


def damage(rng: np.random.Generator, data: bytes, words: Sequence[bytes], other: bytes) -> bytes:
    """Change a file in one of a dozen ways."""
    if not data:
        return data
    new = bytearray(data)
    at, kind = int(rng.integers(len(data))), int(rng.integers(12))
    size = int(rng.integers(1, max(2, min(len(data), 64))))
    if kind <= 2:
        new[at] ^= 1 << int(rng.integers(8))
    elif kind == 3:
        new[at] = int(rng.integers(256))
    elif kind == 4:
        del new[at:]
    elif kind == 5:
        del new[at : at + size]
    elif kind == 6:
        new[at:at] = data[at : at + size] * int(rng.integers(1, 40))
    elif kind == 7:  # a binary number
        width = int(rng.choice([1, 2, 4, 8]))
        value = _INTEGERS[rng.integers(len(_INTEGERS))] % 256**width
        new[at : at + width] = value.to_bytes(width, rng.choice(["little", "big"]))
    elif kind <= 9 and (found := list(_NUMBER.finditer(data))):  # a number of text
        match = found[rng.integers(len(found))]
        new[match.start() : match.end()] = _TEXTS[rng.integers(len(_TEXTS))]
    elif kind == 10 and words:
        word = words[rng.integers(len(words))]
        new[at : at + len(word) * int(rng.integers(2))] = word
    else:
        new[at:] = other[int(rng.integers(len(other) or 1)) :]
    return bytes(new)


def inside_gzip(data: bytes, change: Change) -> bytes:
    """Damage the content of a gzip file."""
    return gzip.compress(change(gzip.decompress(data)), 1, mtime=0)


def make(target: Target, seeds: Sequence[bytes], run: int, number: int) -> tuple[bytes, bool]:
    """Return an input, and whether it was damaged beneath checksums."""
    rng = np.random.default_rng([zlib.crc32(target.name.encode()), run, number])
    if target.draw is not None:
        return target.draw(rng), False
    seed = seeds[int(rng.integers(len(seeds)))]

    def change(data: bytes) -> bytes:
        for _ in range(int(rng.choice([1, 1, 1, 2, 4]))):
            data = damage(rng, data, target.words, seeds[int(rng.integers(len(seeds)))])
        return data

    if target.inside is not None and rng.random() < 0.5:
        return target.inside(seed, change), True
    return change(seed), False


def outcome(target: Target, path: Path, wanted: Sequence[Any], inside: bool) -> tuple[str, str]:
    """Read one file: refused, read, or a finding with what there is to say of it."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.process_time()
    result, text = "read", ""
    try:
        value = target.read(path)
    except (ValueError, OSError) as error:
        result, text = "refused", f"{type(error).__name__}: {error}"
        cause: BaseException | None = error
        while cause is not None:
            if isinstance(cause, MemoryError):
                result = "memory"
            cause = cause.__context__
        if not str(error).startswith(f"{path}") or "\n" in str(error) or len(str(error)) > 3000:
            result = "traceback"
        elif result == "refused" and "an unknown form" in str(error):
            result = "net"
    except MemoryError:
        result = "memory"
    except Exception as error:
        result, text = "traceback", f"{type(error).__name__}: {error}"
    else:
        if target.checked and not inside and value not in wanted:
            result = "other"
    if resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before > MEMORY >> 10:
        result = "memory"
    if time.process_time() - start > SECONDS:
        result = "hang"
    return result, text


def child(target: Target, run: int, first: int, last: int, place: int) -> None:
    """Read inputs and print findings as lines of JSON; the file `place` says how far it came."""
    warnings.simplefilter("error")
    seeds, counts = target.seeds(), Counter[str]()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"input{target.suffix}")
        if target.beside is not None:
            target.beside(Path(folder))
        wanted = []
        for seed in seeds:  # loads what is loaded once, too
            path.write_bytes(seed)
            wanted.append(target.read(path))
        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, used + MEMORY))
        for number in range(first, last):
            state = json.dumps({"number": number, "counts": counts})
            os.pwrite(place, state.encode().ljust(400), 0)
            data, inside = make(target, seeds, run, number)
            path.unlink(missing_ok=True)  # the last one may still be mapped
            path.write_bytes(data)
            faulthandler.dump_traceback_later(SECONDS, exit=True)
            kind, text = outcome(target, path, wanted, inside)
            faulthandler.cancel_dump_traceback_later()
            counts["inputs"] += 1
            counts[kind] += 1
            if kind not in ("read", "refused"):
                text = text.replace(folder, "")[:400]
                print(json.dumps({"number": number, "kind": kind, "text": text}), flush=True)
        os.pwrite(place, json.dumps({"number": last, "counts": counts}).encode().ljust(400), 0)


def campaign(names: Sequence[str], *, run: int = 1, first: int = 0, count: int = 100) -> Counts:
    """Read `count` damaged inputs of each target, each target in a process of its own."""
    counts = Counts()
    for name in names:
        begin, last = first, first + count
        while begin < last:
            with tempfile.TemporaryFile() as place:
                words = [name, "--run", run, "--first", begin, "--count", last - begin]
                done = subprocess.run(
                    [sys.executable, "-m", __package__.rpartition(".")[2], *map(str, words),
                     "--child", str(place.fileno())],
                    cwd=Path(__file__).parents[1], pass_fds=[place.fileno()],
                    capture_output=True, text=True, check=False,
                )  # fmt: skip
                state = os.pread(place.fileno(), 400, 0)
            if not state:
                raise RuntimeError(f"{name}: the valid files cannot be read:\n{done.stderr}")
            where = json.loads(state)
            findings = [json.loads(line) for line in done.stdout.splitlines()]
            begin = where["number"]
            if done.returncode:
                kind = "hang" if "Timeout" in done.stderr else "death"
                where["counts"]["inputs"] = where["counts"].get("inputs", 0) + 1
                where["counts"][kind] = where["counts"].get(kind, 0) + 1
                findings.append({"number": begin, "kind": kind, "text": done.stderr[-3000:]})
                begin += 1
            for kind, number in where["counts"].items():
                counts.inputs[f"{name} {kind}"] += number
            for finding in findings:
                rest = counts.caught if finding["kind"] == "net" else counts.findings
                rest.append({"target": name, "run": run, **finding})
    return counts


def all_targets() -> list[Target]:
    """Return every reader under test."""
    return [
        target
        for module in MODULES
        for target in importlib.import_module(f".{module}", __package__).TARGETS
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description="Damage files and read them.")
    parser.add_argument("targets", nargs="*", help="names of readers; all without any")
    parser.add_argument("--run", type=int, default=1, help="another number draws other inputs")
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--count", type=int, default=100, help="inputs for each reader")
    parser.add_argument("--keep", help="only write the first input to this file")
    parser.add_argument("--child", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    targets = {target.name: target for target in all_targets()}
    names = options.targets or list(targets)
    if unknown := set(names) - set(targets):
        parser.error(f"no reader {', '.join(unknown)}; there are {', '.join(targets)}")
    if options.child is not None:
        last = options.first + options.count
        child(targets[names[0]], options.run, options.first, last, options.child)
        return 0
    if options.keep:
        target = targets[names[0]]
        content = make(target, target.seeds(), options.run, options.first)[0]
        Path(options.keep).write_bytes(content)
        return 0
    counts = campaign(names, run=options.run, first=options.first, count=options.count)
    for finding in counts.caught + counts.findings:
        print(json.dumps(finding))
    print(counts.table())
    return 1 if counts.findings else 0
