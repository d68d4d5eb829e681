"""Importing the package is cheap and pulls in no heavy dependency."""

import json
import subprocess
import sys

import pytest

import overlap

HEAVY = ["numba", "llvmlite", "pandas", "scipy", "skimage", "matplotlib", "joblib", "tqdm", "torch"]


def run(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    )
    return done.stdout


def loaded_after(code: str) -> set[str]:
    found = run(
        f"import json, sys\n{code}\nprint(json.dumps([m for m in {HEAVY} if m in sys.modules]))"
    )
    return set(json.loads(found))


def test_import_loads_nothing_heavy():
    assert loaded_after("import overlap") == set()


def test_listing_names_loads_nothing_heavy():
    assert loaded_after("import overlap; dir(overlap)") == set()


def test_readers_load_nothing_heavy():
    code = "from overlap.io import as_segments, sample_path\n"
    code += "as_segments(sample_path('temporal_found'), role='found')"
    assert loaded_after(code) == set()


def test_command_line_loads_nothing_heavy():
    assert loaded_after("import overlap.cli") == set()


@pytest.mark.parametrize("name", overlap.__all__)
def test_public_names_resolve_to_documented_things(name):
    value = getattr(overlap, name)
    assert value is not None
    if callable(value):
        assert value.__doc__


def test_scoring_a_report_does_not_load_pandas():
    code = "from overlap import evaluate\nfrom overlap.io import sample_path\n"
    code += "r = evaluate.temporal(truth=sample_path('temporal_truth'), "
    code += "found=sample_path('temporal_found'), iou=0.5)\nr.summary_items(); r.to_json()"
    assert "pandas" not in loaded_after(code)


@pytest.mark.parametrize("name", ["temporal", "detection", "segmentation", "ramachandran"])
def test_a_command_loads_only_what_it_needs(name):
    """Each of these libraries takes a tenth of a second or more; Numba is needed by all."""
    unused = {"pandas", "matplotlib", "skimage", "joblib", "tqdm", "torch", "scipy.special"}
    code = f"from overlap.cli import main\nmain(['{name}', '--sample', '--quiet'])"
    found = run(f"import sys\n{code}\nprint(sorted({unused} & set(sys.modules)))")
    assert found == "[]\n"
