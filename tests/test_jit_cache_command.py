"""A whole command on a cold, damaged, read-only or full cache of kernels: the same numbers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import overlap

pytestmark = [pytest.mark.slow, pytest.mark.kernels]

FULL = """
import builtins, errno, os, tempfile
if os.environ.get("FAULT"):
    def refuse(*args, **options):
        number = {"full": errno.ENOSPC, "read-only": errno.EROFS}[os.environ["FAULT"]]
        raise OSError(number, os.strerror(number))
    tempfile.mkstemp = refuse
"""

# The sample is so small that the command would compile nothing.
COMPILED = """
import sys
from overlap._kernels.plain import all_compiled
from overlap.cli import main
with all_compiled():
    sys.exit(main())
"""


def start(folder: Path, out: str, fault: str = "", cache: str = "") -> None:
    """Run the command in a process of its own; it has to end well, and with nothing to say."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("NUMBA_")}
    environment |= {
        "PYTHONPATH": os.pathsep.join([str(folder), str(Path(overlap.__file__).parents[1])]),
        "OVERLAP_CACHE": cache or str(folder / "cache"),
        "FAULT": fault,
    }
    command = [sys.executable, "-c", COMPILED, "temporal", "--sample", "--quiet", "--out", out]
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")


def numbers(folder: Path, out: str) -> tuple[dict, list]:
    report = json.loads((folder / out).read_text())
    return report["summary"], report["table"]


@pytest.fixture(scope="module")
def warm(tmp_path_factory) -> tuple[Path, tuple[dict, list]]:
    """A folder with the kernels of four processes that began at once, and their numbers."""
    folder = tmp_path_factory.mktemp("command")
    (folder / "sitecustomize.py").write_text(FULL)
    names = [f"cold_{k}.json" for k in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda name: start(folder, name), names))
    results = [numbers(folder, name) for name in names]
    assert results[1:] == results[:1] * 3
    entries = list((folder / "cache").iterdir())
    assert entries
    assert all(path.suffix == ".kernel" and path.name[0] != "." for path in entries)
    return folder, results[0]


def test_numbers_are_those_without_a_cache(warm) -> None:
    folder, wanted = warm
    start(folder, "without.json", cache="0")
    assert numbers(folder, "without.json") == wanted


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda data: b"",
    "cut": lambda data: data[: len(data) // 2],
    "noise": lambda data: bytes(range(256)) * 40,
    "a bit": lambda data: data[:-100] + bytes([data[-100] ^ 1]) + data[-99:],
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_cache_heals(damage: str, warm) -> None:
    folder, wanted = warm
    sound = {path: path.read_bytes() for path in (folder / "cache").iterdir()}
    for path, data in sound.items():
        path.write_bytes(DAMAGE[damage](data))
    start(folder, "damaged.json")
    assert numbers(folder, "damaged.json") == wanted
    assert {path.name for path in (folder / "cache").iterdir()} == {path.name for path in sound}
    assert all(path.stat().st_size > 1000 for path in sound)


def test_a_warm_cache_that_cannot_be_written(warm) -> None:
    folder, wanted = warm
    before = {path: path.stat().st_mtime_ns for path in (folder / "cache").iterdir()}
    start(folder, "read_only.json", "read-only")
    assert numbers(folder, "read_only.json") == wanted
    assert {path: path.stat().st_mtime_ns for path in (folder / "cache").iterdir()} == before


def test_a_cold_cache_on_a_full_disk(warm, tmp_path) -> None:
    _, wanted = warm
    (tmp_path / "sitecustomize.py").write_text(FULL)
    start(tmp_path, "full.json", "full")
    assert numbers(tmp_path, "full.json") == wanted
    assert list((tmp_path / "cache").iterdir()) == []
