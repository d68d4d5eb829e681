"""Faults while files are written: a reader finds the old content or the new one, and nothing else.

An exception is raised before every line of the code that writes, one after the other, and by every
call of the operating system in it; and processes are killed at random moments.
"""

from __future__ import annotations

import errno
import gc
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

import overlap as ov
from overlap import evaluate
from overlap._kernels import cache as _kernel_cache
from overlap.evaluate._segmentation.task import Segmentation
from overlap.evaluate.parts import Store, unpack
from overlap.io import _atomic, sample_path, write_text
from overlap.plot.figures import save

OLD = b"the old content\n"


class AtLine:
    """Raise an exception before the k-th line that runs in a file."""

    def __init__(self, file: str, line: int, error: BaseException) -> None:
        self.file, self.line, self.left, self.error = file, line, line, error

    def _of_call(self, frame: FrameType, event: str, arg: Any) -> Any:
        return self._of_line if frame.f_code.co_filename == self.file else None

    def _of_line(self, frame: FrameType, event: str, arg: Any) -> Any:
        if event == "line":
            self.left -= 1
            if self.left == -1:
                raise self.error
        return self._of_line

    def __enter__(self) -> AtLine:
        self.before = sys.gettrace()
        sys.settrace(self._of_call)
        return self

    def __exit__(self, *_: Any) -> None:
        sys.settrace(self.before)


def faults_at_lines(file: str, kind: type[BaseException]) -> Iterator[AtLine]:
    """Yield one fault for each line that runs, until one run needs no more."""
    for line in range(1000):
        fault = AtLine(file, line, kind("injected"))
        yield fault
        if fault.left >= 0:  # the code ended before
            return


@pytest.fixture(scope="module")
def report() -> Any:
    return evaluate.temporal(
        truth=sample_path("temporal_truth"), found=sample_path("temporal_found"), progress=False
    )


def write_picture(path: Path) -> None:
    save(Figure(figsize=(0.2, 0.2)), path)


def check(folder: Path, target: Path, new: bytes) -> bool:
    """Return whether the new content is there; raise unless that or the old one is."""
    names = os.listdir(folder)
    assert set(names) <= {target.name}, names
    content = target.read_bytes() if target.exists() else None
    assert content in (None, OLD, new)
    return content == new


@pytest.mark.parametrize("kind", [KeyboardInterrupt, MemoryError])
@pytest.mark.parametrize("there", [True, False], ids=["replaced", "new"])
@pytest.mark.parametrize("form", ["text", "json", "csv", "png"])
def test_an_exception_before_any_line(form, there, kind, report, tmp_path) -> None:
    write = {
        "text": lambda path: write_text(path, "new\n"),
        "json": report.to_json,
        "csv": report.to_csv,
        "png": write_picture,
    }[form]
    target = tmp_path / f"report.{form}"
    write(target)
    wanted = target.read_bytes()
    seen = {True: 0, False: 0}
    for fault in faults_at_lines(_atomic.__file__, kind):
        target.unlink()
        if there:
            target.write_bytes(OLD)
        try:
            with fault:
                write(target)
        except kind:
            pass
        seen[check(tmp_path, target, wanted)] += 1
        target.touch()
    assert seen[False] > 15
    assert seen[True] >= 2  # after the rename, and without a fault


CALLS = ["open", "close", "fsync", "replace", "write"]


def failing(name: str, number: int, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Make the n-th call of a function of the system fail; return a count of its calls."""
    count = [0]
    error = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    if name == "write":

        def half(path: Path, data: bytes) -> int:
            count[0] += 1
            with path.open("wb") as file:
                file.write(data[: len(data) // 2])
            raise error

        monkeypatch.setattr(Path, "write_bytes", half)
        return count
    plain = getattr(os, name)

    def call(*args: Any, **options: Any) -> Any:
        count[0] += 1
        if count[0] == number:
            if name == "close":
                plain(*args)
            raise error
        return plain(*args, **options)

    monkeypatch.setattr(_atomic.os, name, call)
    return count


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("name", CALLS)
def test_a_full_disk_at_any_call(name: str, number: int, tmp_path, monkeypatch) -> None:
    target = tmp_path / "report.json"
    target.write_bytes(OLD)
    with monkeypatch.context() as patch:
        count = failing(name, number, patch)
        try:
            write_text(target, "new\n" * 1000)
            said = ""
        except OSError as error:
            said, number = str(error), error.errno
    done = check(tmp_path, target, b"new\n" * 1000)
    assert done == (said == "")
    if not done:
        assert number == errno.ENOSPC
        assert said == f"{target}: cannot be written: No space left on device"
    assert count[0] or number > 1


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
def test_a_device_that_is_full_is_named() -> None:
    with pytest.raises(OSError, match=r"/dev/full.*No space left on device"):
        write_text("/dev/full", "new\n")


@pytest.mark.parametrize("form", ["json", "csv", "html", "png"])
def test_reports_on_a_full_disk(form, report, tmp_path, monkeypatch) -> None:
    if form == "html":
        pytest.importorskip("jinja2")
    target = tmp_path / f"report.{form}"
    target.write_bytes(OLD)
    write = report.plot if form == "png" else getattr(report, f"to_{form}")
    failing("fsync", 1, monkeypatch)
    with pytest.raises(OSError, match=rf"report\.{form}: cannot be written: No space left"):
        write(target)
    assert not check(tmp_path, target, b"")


def test_a_picture_that_is_cut_off(tmp_path, monkeypatch) -> None:
    def half(self, path, **_):
        Path(path).write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Figure, "savefig", half)
    with pytest.raises(OSError, match=r"report\.png: cannot be written: No space left"):
        write_picture(tmp_path / "report.png")
    assert os.listdir(tmp_path) == []


WRITE = """
import sys
from overlap.io import write_text
contents = [letter * 3_000_000 for letter in "ab"]
write_text(sys.argv[1], contents[0])
print("ready", flush=True)
while True:
    for content in contents:
        write_text(sys.argv[1], content)
"""


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_processes_that_are_killed(tmp_path) -> None:
    target = tmp_path / "report.json"
    rng = random.Random(1)
    for _ in range(8):
        target.unlink(missing_ok=True)
        with subprocess.Popen(
            [sys.executable, "-c", WRITE, str(target)],
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(Path(ov.__file__).parents[1])},
        ) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            time.sleep(rng.uniform(0.0, 0.05))
            process.send_signal(signal.SIGKILL)
        content = target.read_bytes()
        assert content in (b"a" * 3_000_000, b"b" * 3_000_000)
    # what they left is removed an hour later, and no file of anyone else
    others = [
        ".report.json.swp",
        ".report.json.part",
        ".report.txt.part-1.json",
        "report.json.part-",
    ]
    for name in others:
        (tmp_path / name).touch()
    (tmp_path / ".report.json.part-0123456789abcdef.json").touch()
    for path in tmp_path.iterdir():
        os.utime(path, (0, 0))
    write_text(target, "new")
    assert sorted(os.listdir(tmp_path)) == sorted([*others, target.name])


def test_temporary_files_of_living_processes_stay(tmp_path) -> None:
    target = tmp_path / "report.json"
    with _atomic.atomic_path(target) as other:
        other.write_text("half")
        write_text(target, "first")
        assert target.read_text() == "first"
    assert target.read_text() == "half"


def test_the_umask_is_never_changed(tmp_path, monkeypatch) -> None:
    def refused(mask: int) -> int:
        raise AssertionError

    before = os.umask(0o027)
    try:
        monkeypatch.setattr(os, "umask", refused)
        write_text(tmp_path / "a.txt", "new")
        monkeypatch.undo()
        assert (tmp_path / "a.txt").stat().st_mode & 0o777 == 0o640
    finally:
        os.umask(before)


def test_a_private_file_is_private_while_it_is_replaced(tmp_path) -> None:
    target = tmp_path / "private.txt"
    target.write_text("old")
    target.chmod(0o600)
    with _atomic.atomic_path(target) as temporary:
        assert temporary.stat().st_mode & 0o777 == 0o600


def test_long_names(tmp_path) -> None:
    target = tmp_path / f"{'n' * 245}.json"
    write_text(target, "new")
    assert target.read_text() == "new"


# ----------------------------------------------------------------------------- other writers


@pytest.fixture
def cases() -> dict[str, Any]:
    volume = np.zeros((4, 4), np.uint8)
    volume[1:3, 1:3] = 1
    sides = {f"case_{k}": volume for k in range(3)}
    return {"truth": sides, "found": sides, "metrics": ["dice"], "progress": False}


def test_measured_cases_that_cannot_be_kept(cases, tmp_path, monkeypatch) -> None:
    """The run goes on, says so, and leaves nothing that a later run would trip over."""
    plain = evaluate.segmentation(**cases)
    with monkeypatch.context() as patch:
        failing("write", 1, patch)
        report = evaluate.segmentation(**cases, resume=str(tmp_path))
    assert os.listdir(tmp_path) == []
    assert report.table.equals(plain.table)
    notes = " ".join(report.settings["notes"])
    assert "3 cases could not be kept for a later run (first: case_0, " in notes
    assert "No space left on device)" in notes


@pytest.mark.parametrize("kind", [KeyboardInterrupt, MemoryError])
def test_an_exception_while_cases_are_kept(kind, cases, tmp_path) -> None:
    """Of three cases, those before the fault are there, whole; the others are not."""
    evaluate.segmentation(**cases)  # compiled
    whole = {True: 0, False: 0}
    for fault in faults_at_lines(_atomic.__file__, kind):
        for path in tmp_path.iterdir():
            path.unlink()
        try:
            with fault:
                evaluate.segmentation(**cases, resume=str(tmp_path))
        except kind:
            pass
        names = os.listdir(tmp_path)
        assert all(name.endswith(".part") and name[0] != "." for name in names)
        for name in names:
            unpack((tmp_path / name).read_bytes(), Segmentation.records)
        whole[len(names) == 3] += 1
        if fault.line > 60:
            break
    assert whole[False] > 40


DAMAGE: dict[str, Callable[[Path], Any]] = {
    "empty": lambda path: path.write_bytes(b""),
    "cut": lambda path: path.write_bytes(path.read_bytes()[:-20]),
    "not UTF-8": lambda path: path.write_bytes(b"\xff\xfe{"),
    "deep": lambda path: path.write_text("[" * 200_000),
    "a number": lambda path: path.write_text("1e999"),
    "a long integer": lambda path: path.write_text('{"sha256": ' + "9" * 10_000 + "}"),
    "a lone surrogate": lambda path: path.write_text('{"sha256": "\\ud800"}'),
    "NaN": lambda path: path.write_text('{"sha256": NaN, "measured": NaN}'),
    "a folder": lambda path: (path.unlink(), path.mkdir()),
    "a pipe": lambda path: (path.unlink(), os.mkfifo(path)),
    "a link to itself": lambda path: (path.unlink(), path.symlink_to(path)),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_damaged_records_are_measured_again(name: str, cases, tmp_path) -> None:
    plain = evaluate.segmentation(**cases, resume=str(tmp_path))
    first = sorted(tmp_path.iterdir())[0]
    DAMAGE[name](first)
    report = evaluate.segmentation(**cases, resume=str(tmp_path))
    assert not len(report.failures)
    assert report.table.equals(plain.table)
    notes = " ".join(report.settings["notes"])
    assert "were damaged on disk and were measured again" in notes or "could not be kept" in notes
    assert "2 cases were measured by an earlier run" in notes


def test_every_flipped_bit_of_a_record_is_seen(cases, tmp_path) -> None:
    evaluate.segmentation(**cases, resume=str(tmp_path))
    store = Store(str(tmp_path), {}, Segmentation.records)
    path = sorted(tmp_path.iterdir())[0]
    data = path.read_bytes()
    rng = random.Random(2)
    for at in rng.sample(range(8 * (len(data) - 1)), 400):
        spoiled = bytearray(data)
        spoiled[at // 8] ^= 1 << at % 8
        path.write_bytes(spoiled)
        assert store.load("case_0") == (None, "damaged")


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # of files that are open at a fault
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("kind", [KeyboardInterrupt, MemoryError, OSError])
def test_an_exception_while_machine_code_is_kept(kind, tmp_path) -> None:
    content, old = b"new" * 1000, b"old"
    runs = 0
    for fault in faults_at_lines(_kernel_cache.__file__, kind):
        (tmp_path / "a.kernel").write_bytes(old)
        try:
            with fault:
                _kernel_cache._written(tmp_path, "a.kernel", content)
        except kind:
            pass
        assert os.listdir(tmp_path) == ["a.kernel"]
        assert (tmp_path / "a.kernel").read_bytes() in (old, content)
        runs += 1
    assert runs > 8
    gc.collect()
