"""The wheel and the source distribution in environments that have nothing else.

    python tools/clean_environments.py          # core from both, and the lowest versions
    python tools/clean_environments.py --full   # also every extra alone, all, and every Python

Each row of the table is a fresh environment in which `feature_checks.py` runs: installed features
work, and the others say how to install them. All environments give the same report on the sample.
The lowest versions are those of pyproject.toml, on the lowest Python; some tests run with them.
Exit code 1 means that a row failed.

uv makes the environments. It asks the index that pip is told to use.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CHECKS = ROOT / "tools" / "feature_checks.py"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
NOT_FOR_USERS = {"bench", "browser", "docs", "test"}
#: Run with the lowest versions: files and libraries, kinds of region, comparisons.
QUICK_TESTS = ("tests/io", "tests/regions/test_boxes.py", "tests/evaluate/test_comparison.py")


def extras() -> dict[str, set[str]]:
    """Return what a user can ask for, and the extras that each has in it."""
    result = {}
    for name, needs in PROJECT["optional-dependencies"].items():
        if name not in NOT_FOR_USERS:
            inside = re.fullmatch(rf"{PROJECT['name']}\[(.+)\]", needs[0])
            result[name] = set(inside[1].split(",")) if inside else {name}
    return result


def lowest() -> list[str]:
    """Return a constraint for every library that has a lower bound."""
    needs = [*PROJECT["dependencies"]]
    for name in extras():
        needs += PROJECT["optional-dependencies"][name]
    bounds = [re.fullmatch(r"([\w-]+)(?:\[.+\])?>=([\d.]+)", need) for need in needs]
    return [f"{bound[1]}=={bound[2]}" for bound in bounds if bound]


def index_settings() -> dict[str, str]:
    """Return the index and the folders of wheels that pip uses, as uv is told about them."""
    told = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True
    ).stdout
    names = {"index-url": "UV_DEFAULT_INDEX", "find-links": "UV_FIND_LINKS"}
    result = {}
    for line in told.splitlines():
        name, _, value = line.partition("=")
        variable = names.get(name.rpartition(".")[2])
        if variable:
            result[variable] = ",".join(str(ast.literal_eval(value)).split())
    return result


def interpreters() -> list[str]:
    """Return the Pythons of this machine that the package allows, the lowest first."""
    least = int(PROJECT["requires-python"].removeprefix(">=3."))
    folders = sorted(Path.home().glob(".pyenv/versions/*/bin"))
    result = []
    for minor in range(least, least + 10):
        for name in (f"python3.{minor}", f"python3.{minor}t"):
            places = [str(folder / name) for folder in folders if (folder / name).exists()]
            found = places[-1] if places else shutil.which(name)
            if found:
                result.append(found)
    return result


@dataclass(frozen=True)
class Row:
    """One environment: its packages, their source, and its Python."""

    source: str  # wheel, sdist or checkout
    extra: str
    python: str
    lowest: bool = False

    def __str__(self) -> str:
        what = f"{self.source}[{self.extra}]" if self.extra else self.source
        return f"{what}, lowest versions" if self.lowest else what


def rows(full: bool, torch: str | None) -> Iterator[Row]:
    first, *others = interpreters()
    yield Row("wheel", "", first)
    yield Row("sdist", "", first)
    yield Row("wheel", "all", first, lowest=True)
    if not full:
        return
    for extra in extras():
        if extra != "torch" or torch:
            yield Row("wheel", extra, first)
    yield Row("sdist", "all", first)
    yield Row("checkout", "medical,plot,report", first)
    for python in others:
        yield Row("wheel", "", python)
        yield Row("wheel", "all", python)


class Workshop:
    """A folder with uv, the distributions, and one environment at a time."""

    def __init__(self, work: Path, torch: str | None) -> None:
        self.work, self.torch = work, torch
        # kernels are compiled anew, and no setting of the caller's Python has a say
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        self.environ = kept | index_settings() | {"OVERLAP_CACHE": str(work / "kernels")}
        self.environ |= {"UV_NO_CONFIG": "1", "UV_LINK_MODE": "hardlink", "VIRTUAL_ENV": ""}
        subprocess.run([sys.executable, "-m", "venv", work / "tools"], check=True)
        self.run(work / "tools/bin/python", "-m", "pip", "install", "-q", "uv", "twine")
        self.uv = work / "tools/bin/uv"
        (work / "lowest.txt").write_text("\n".join(lowest()))
        self.sources = {"checkout": ROOT} | self.build()
        with_sources = work / "unpacked"
        shutil.unpack_archive(self.sources["sdist"], with_sources, filter="data")
        (self.unpacked,) = with_sources.iterdir()

    def run(self, *words: object, limit: int = 900, **options: object) -> str:
        done = subprocess.run(
            [str(word) for word in words], cwd=self.work, env=self.environ, timeout=limit,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"{' '.join(map(str, words))}\n{done.stdout[-4000:]}")
        return done.stdout

    def build(self) -> dict[str, Path]:
        """Build both distributions twice, which must give the same bytes."""
        digests = []
        for name in ("dist", "again"):
            self.run(self.uv, "build", "--quiet", "--out-dir", self.work / name, ROOT)
            files = *(self.work / name).glob("*.whl"), *(self.work / name).glob("*.tar.gz")
            digests.append([hashlib.sha256(path.read_bytes()).hexdigest() for path in files])
        assert digests[0] == digests[1], "two builds differ"
        wheel, sdist = (self.work / "dist" / path.name for path in files)
        self.run(self.work / "tools/bin/twine", "check", "--strict", wheel, sdist)
        for path in (wheel, sdist):
            print(f"{path.name}: {path.stat().st_size / 1e3:.0f} kB, the same when built again")
        return {"wheel": wheel, "sdist": sdist}

    def measure(self, row: Row) -> tuple[str, dict[str, float]]:
        """Make an environment, try its features, and return its size and its report."""
        home = self.work / "environment"
        shutil.rmtree(home, ignore_errors=True)
        self.run(self.uv, "venv", "--quiet", "--python", row.python, home)
        python = home / "bin/python"
        what = f"{self.sources[row.source]}{f'[{row.extra}]' if row.extra else ''}"
        limits = ["--constraint", self.work / "lowest.txt"] if row.lowest else []
        install = self.uv, "pip", "install", "--quiet", "--python", python, *limits
        pinned = [f"torch=={self.torch}"] if row.extra == "torch" else []
        self.run(*install, what, *pinned)
        megabytes = sum(x.stat().st_size for x in home.rglob("*") if x.is_file()) / 1e6
        packages = len(list(home.rglob("*.dist-info")))
        there = set().union(*(extras()[name] for name in row.extra.split(",") if name))
        output = self.run(python, "-I", CHECKS, *sorted(there))
        notes = f"{packages:3d} packages {megabytes:5.0f} MB"
        if row.lowest:
            self.run(*install, f"{self.sources[row.source]}[test]")
            tests = self.run(
                home / "bin/pytest", "-q", "-n", "2", "-m", "not slow and not reference",
                "-W", "ignore::DeprecationWarning", "-W", "ignore::PendingDeprecationWarning",
                f"--rootdir={self.unpacked}", *(self.unpacked / path for path in QUICK_TESTS),
            )  # fmt: skip
            notes += f"  {tests.strip().splitlines()[-1].strip('= ')}"
        return notes, json.loads(output.splitlines()[-1])


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--full", action="store_true", help="every extra and every Python")
    parser.add_argument("--torch", help="version of torch for its extra, which is left out without")
    options = parser.parse_args(words)
    failed, report = 0, None
    with tempfile.TemporaryDirectory(prefix="clean_") as work:
        workshop = Workshop(Path(work), options.torch)
        for row in rows(options.full, options.torch):
            start = time.monotonic()
            version = workshop.run(row.python, "--version").split()[1]
            try:
                notes, summary = workshop.measure(row)
                report = report or summary
                state = "ok" if summary == report else f"another report: {summary} != {report}"
            except Exception as error:  # a table of all rows says more than the first failure
                notes, state = "", f"FAILED\n{error}"
            failed += state != "ok"
            seconds = time.monotonic() - start
            print(f"{row!s:36} {version:8} {seconds:4.0f} s {notes} {state}", flush=True)
    print("all environments are as promised" if not failed else f"{failed} environments failed")
    return min(failed, 1)


if __name__ == "__main__":
    sys.exit(main())
