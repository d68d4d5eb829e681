"""Whole processes: the import, commands on the sample data, the memory of a join."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from benchmarks.detection_peers import box_files, mask_files

__all__ = [
    "COMMANDS",
    "detection_memory",
    "import_package",
    "join_memory",
    "peak_memory",
    "process_facts",
    "sample_command",
    "warm_up",
]

ROOT = Path(__file__).parents[1]

#: Commands with sample data, and the seconds that the first run may take.
COMMANDS = {"temporal": 4.0, "segmentation": 6.0, "ramachandran": 8.0, "detection": 5.0}

_OF_CHILDREN = ("children_user", "children_system")

_IMPORT = """
import sys, time
start = time.perf_counter()
import overlap
print(time.perf_counter() - start, "numba" in sys.modules)
"""

_MEMORY = """
import sys
import overlap as ov
from benchmarks import scenes
from benchmarks.commands import peak_memory as peak
size, huge = int(sys.argv[1]), int(sys.argv[2])
a = ov.Intervals(scenes.intervals(size, 4, huge=huge))
b = ov.Intervals(scenes.intervals(size, 5))
for _ in range(2):
    ov.iou.pairs(a[:3000], b[:3000], at_least=0.0, strict=True)
before = peak()
found = ov.iou.pairs(a, b, at_least=0.0, strict=True).nnz
print(peak() - before, found)
"""


_DETECTION = """
import sys
from pathlib import Path
from benchmarks.commands import peak_memory as peak
name, truth, found, kind = sys.argv[1:]
if name == "overlap":
    from overlap.evaluate import detection
    kinds = {"bbox": "boxes", "segm": "masks"}
    call = lambda: detection(truth=truth, found=found, kind=kinds[kind], progress=False)
else:
    from benchmarks.detection_peers import cocoeval_of_files
    call = cocoeval_of_files(name, Path(truth), Path(found), kind)
call()
print(peak())
"""


def _python(*arguments: str, cache: Path | None = None) -> str:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    # Installed modules have bytecode, which users keep; without it each process compiles ours.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    if cache is not None:
        environment["OVERLAP_CACHE"] = str(cache)
    done = subprocess.run(
        [sys.executable, *arguments], env=environment, cwd=ROOT, capture_output=True, text=True
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(arguments)[:80]} failed:\n{done.stderr}")
    return done.stdout


def peak_memory(anew: bool = False) -> int:
    """Return the most memory that this process has held so far, in bytes.

    With `anew`, Linux begins to count again from what the process holds.
    """
    status = Path("/proc/self/status")
    if status.exists():  # getrusage would count what the parent held when it forked
        if anew:
            Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
        line = next(x for x in status.read_text().splitlines() if x.startswith("VmHWM"))
        return 1024 * int(line.split()[1])
    import resource

    scale = 1 if sys.platform == "darwin" else 1024
    return scale * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def import_package() -> tuple[float, bool]:
    """Return seconds of ``import overlap`` in a fresh process, and whether Numba came along."""
    seconds, numba = _python("-c", _IMPORT).split()
    return float(seconds), numba == "True"


def sample_command(name: str, cache: Path) -> str:
    """Run a command on its sample data with machine code in `cache`."""
    return _python("-m", "overlap", name, "--sample", "--quiet", cache=cache)


def warm_up(name: str, cache: Path) -> str:
    """Compile the kernels of a command into `cache`."""
    return _python("-m", "overlap", "warm", name, "--quiet", cache=cache)


def join_memory(size: int, huge: int) -> tuple[int, int]:
    """Return bytes that the join of `size` intervals takes at its peak, and its pairs."""
    taken, found = _python("-c", _MEMORY, str(size), str(huge)).split()
    if int(taken) <= 0:
        raise RuntimeError("the join did not raise the process's peak memory; enlarge it")
    return int(taken), int(found)


def detection_memory(name: str, paths: Sequence[Path], kind: str) -> int:
    """Return the peak memory of a process that evaluates detections of files, in bytes.

    Machine code of ours is on disk: the first process compiles it.
    """
    for _ in range(2 if name == "overlap" else 1):
        peak = _python("-c", _DETECTION, name, *map(str, paths), kind)
    return int(peak)


def _detection_rows(quick: bool) -> list[tuple[str, str, str]]:
    """Return rows of the memory of detections beside the leanest peer."""
    if not all(map(find_spec, ("hotcoco", "ultrafast_pycocotools", "pycocotools"))):
        return []
    names = ("overlap", "hotcoco", "ultrafast-pycocotools")
    rows = []
    for kind, write, found in (("bbox", box_files, 365_000), ("segm", mask_files, 36_000)):
        found = found // 100 if quick else found
        with tempfile.TemporaryDirectory() as folder:
            paths = write(Path(folder), 360 if quick else 36_000, found)
            ours, *theirs = (detection_memory(name, paths, kind) for name in names)
        what = "boxes" if kind == "bbox" else "masks"
        rows.append((f"memory of a process that evaluates {found:,} {what} of files",
                     f"{ours / 1e6:.0f} MB, {ours / min(theirs):.1f} times the leanest peer's",
                     "2 times"))  # fmt: skip
    return rows


def process_facts(quick: bool) -> list[tuple[str, str, str]]:
    """Measure processes; return rows of name, value and what is wanted."""
    imports = [import_package() for _ in range(3 if quick else 9)]
    seconds = statistics.median(t for t, _ in imports)
    numba = "with" if any(loaded for _, loaded in imports) else "without"
    rows = [("`import overlap`", f"{seconds:.3f} s, {numba} Numba", "0.2 s, without Numba")]
    for name, limit in COMMANDS.items():
        with tempfile.TemporaryDirectory() as folder:
            first = [_seconds(name, Path(folder) / str(k)) for k in range(1 if quick else 2)]
            second = [_seconds(name, Path(folder) / "0") for _ in range(1 if quick else 3)]
            warm_up(name, Path(folder) / "warm")
            warm = [_seconds(name, Path(folder) / "warm") for _ in range(2 if quick else 5)]
        title = f"`overlap {name} --sample`, processor time"
        rows.append((f"{title} of the first run", f"{min(first):.2f} s", f"{limit:g} s"))
        rows.append((f"{title} of the next", f"{min(second):.2f} s", "less"))
        rows.append((f"{title} after `overlap warm {name}`", f"{min(warm):.2f} s", "1 s"))
    for huge in (0, 100):
        taken, found = join_memory(100_000, huge)
        rows.append(
            (
                f"memory of the join of 1e5 x 1e5 intervals, {huge} of which cover everything",
                f"{taken / 1e6:.0f} MB for {found / 1e6:.2f} million pairs, "
                f"{taken / found:.0f} B each",
                "in proportion to the pairs",
            )
        )
    return rows + _detection_rows(quick)


def _seconds(name: str, cache: Path) -> float:
    """Return the processor time of a command, which other processes change little."""
    before = os.times()
    sample_command(name, cache)
    after = os.times()
    user, system = (getattr(after, x) - getattr(before, x) for x in _OF_CHILDREN)
    return user + system
