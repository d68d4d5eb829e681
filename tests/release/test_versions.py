"""One version and one list of libraries: other files that name them agree with pyproject.toml."""

from __future__ import annotations

import json
import re
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

import overlap as ov
from overlap import evaluate
from overlap.cli.reload import load_compared
from overlap.io import sample_path

yaml = pytest.importorskip("yaml")  # dask has it

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
USERS = set(EXTRAS) - {"all", "bench", "browser", "docs", "test"}
#: Names of conda-forge that differ from those of the Python index.
CONDA = {
    "lazy_loader": "lazy-loader",
    "matplotlib": "matplotlib-base",
    "torch": "pytorch",
    "dask[distributed]": "distributed",
}


def on_conda(needs: list[str]) -> set[str]:
    pairs = [need.partition(">=") for need in needs]
    assert all(bound for *_, bound in pairs), needs
    return {f"{CONDA.get(name, name)} >={bound}" for name, _, bound in pairs}


def test_every_file_has_the_version():
    version = PROJECT["version"]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["version"] == version
    recipe = yaml.safe_load((ROOT / "recipe" / "recipe.yaml").read_text())
    assert recipe["context"]["version"] == version
    heads = re.findall(r"^## \[(\d\S*)\] - (\S+)$", (ROOT / "CHANGELOG.md").read_text(), re.M)
    assert heads[0] == (version, str(citation["date-released"]))


def test_the_recipe_has_the_libraries_and_their_bounds():
    needs = yaml.safe_load((ROOT / "recipe" / "recipe.yaml").read_text())["requirements"]
    python = {"python >=${{ python_min }}"}
    assert set(needs["run"]) == on_conda(PROJECT["dependencies"]) | python
    optional = [need for name in USERS for need in EXTRAS[name]]
    assert set(needs["run_constraints"]) == on_conda(optional)


def test_the_extra_all_is_every_extra_but_torch():
    (need,) = EXTRAS["all"]
    named = re.fullmatch(r"overlap-metrics\[(.+)\]", need)
    assert set(named[1].split(",")) == USERS - {"torch"}


def test_python_versions_are_one():
    least = PROJECT["requires-python"].removeprefix(">=")
    named = [line.rpartition(" ")[2] for line in PROJECT["classifiers"] if ":: 3." in line]
    assert named[0] == least
    recipe = yaml.safe_load((ROOT / "recipe" / "recipe.yaml").read_text())
    assert recipe["context"]["python_min"] == least


def case_report(folder: Path, version: str) -> Path:
    """Write a report as the version of the package did."""
    report = evaluate.segmentation(
        **{role: sample_path(f"volumes_{role}") for role in ("truth", "found")},
        labels="1=organ,2=lesion,3=vessel", metrics="dice",
    )  # fmt: skip
    content = json.loads(report.to_json())
    content["settings"]["versions"]["overlap-metrics"] = version
    content["settings"]["contract"]["version"] = ".".join(version.split(".")[:2])
    path = folder / f"{version}.json"
    path.write_text(json.dumps(content))
    return path


def test_reports_of_an_earlier_version_are_read_and_compared(tmp_path):
    old, new = (case_report(tmp_path, version) for version in ("0.1.0", "0.2.0"))
    reports = load_compared([old, new])
    assert len(evaluate.compare(*load_compared([old, old]), names=["a", "b"]).pairs) == 1
    with pytest.raises(ValueError, match=r"version: 0\.1 against 0\.2.*--allow version"):
        evaluate.compare(*reports, names=["old", "new"])
    assert len(evaluate.compare(*reports, names=["old", "new"], allow="version").pairs) == 1


def test_a_report_on_localization_of_an_earlier_version_is_made_again(tmp_path):
    files = {role: sample_path(f"temporal_{role}") for role in ("truth", "found")}
    content = json.loads(evaluate.temporal(**files, iou=0.5, ties="stable").to_json())
    content["settings"]["versions"]["overlap-metrics"] = "0.1.0"
    content["settings"]["contract"]["version"] = "0.1"
    path = tmp_path / "r.json"
    path.write_text(json.dumps(content | {"folder": "/"}))
    (report,) = load_compared([path])
    made_with = report.settings["versions"]["overlap-metrics"]
    assert made_with == metadata.version("overlap-metrics") == ov.__version__
