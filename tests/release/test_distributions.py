"""The wheel and the source distribution: their content, and that they are reproducible."""

from __future__ import annotations

import email
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
#: Folders of a checkout that are made by programs.
MADE = {"__pycache__", "_build", "_generated", "dist", "build"}
BUILD = "import sys, hatchling.build as b; print(b.build_{}(sys.argv[1]))"


def built(kind: str, folder: Path) -> Path:
    command = [sys.executable, "-c", BUILD.format(kind), str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return folder / done.stdout.split()[-1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    return built("wheel", tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def sdist(tmp_path_factory):
    return built("sdist", tmp_path_factory.mktemp("sdist"))


def files_of(*folders: str) -> set[str]:
    """Return the files of a checkout without those that programs made."""
    paths = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.is_file()]
    places = [path.relative_to(ROOT) for path in paths]
    return {
        place.as_posix()
        for place in places
        if not MADE & set(place.parts)
        and place.parts[:2] != ("docs", "gallery")
        and place.suffix not in (".pyc", ".nbi", ".nbc")
        and not any(part.startswith(".") for part in place.parts[1:])
    }


def test_the_wheel_is_the_package_and_its_license(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    about = f"overlap_metrics-{PROJECT['version']}.dist-info"
    extra = {f"{about}/{name}" for name in ("METADATA", "WHEEL", "RECORD", "entry_points.txt")}
    assert names == files_of("overlap") | extra | {f"{about}/licenses/LICENSE"}
    # each of these was missing from some package once
    for name in ("py.typed", "__init__.pyi", "io/samples/temporal_truth.json"):
        assert f"overlap/{name}" in names
    assert any(name.endswith(".html") for name in names)


def test_the_metadata_of_the_wheel(wheel):
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith("METADATA")]
        about = email.message_from_bytes(archive.read(name))
    assert about["Version"] == PROJECT["version"]
    assert about["License-Expression"] == "BSD-3-Clause"
    assert about["Requires-Python"] == PROJECT["requires-python"]
    assert set(about.get_all("Provides-Extra")) == set(PROJECT["optional-dependencies"])
    assert about.get_payload().startswith("# overlap")


def test_the_source_has_all_that_its_tests_need(sdist):
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    folders = "overlap", "tests", "docs", "examples", "benchmarks", "tools", "recipe"
    lacking = files_of(*folders) - names
    assert not lacking
    top = "README CHANGELOG CONTRIBUTING SECURITY".split()
    assert {*(f"{name}.md" for name in top), "LICENSE", "CITATION.cff", "pyproject.toml"} <= names
    assert ".ci/run" in names


def test_a_second_build_has_the_same_bytes(wheel, sdist, tmp_path):
    assert built("wheel", tmp_path).read_bytes() == wheel.read_bytes()
    assert built("sdist", tmp_path).read_bytes() == sdist.read_bytes()
