import importlib.util
from pathlib import Path

import numpy as np
import pytest

from overlap.io import as_segments, sample_path
from overlap.io.samples import SAMPLES

SCRIPT = Path(__file__).parents[2] / "tools" / "make_samples.py"


def test_script_regenerates_the_shipped_bytes():
    spec = importlib.util.spec_from_file_location("make_samples", SCRIPT)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    made = script.make_samples()
    folder = sample_path("temporal_truth").parent
    shipped = {path for path in folder.rglob("*.*") if not path.suffix.startswith(".py")}
    assert {str(path.relative_to(folder)) for path in shipped} == set(made)
    for file, content in made.items():
        assert (folder / file).read_bytes() == content, file
    for name in SAMPLES:
        assert any(file.startswith(SAMPLES[name]) for file in made), name


def test_samples_have_what_real_files_have():
    truth = as_segments(sample_path("temporal_truth"), role="truth")
    found = as_segments(sample_path("temporal_found"), role="found")
    assert len(truth.videos) == 40
    assert len(truth.labels) == 8
    assert (truth.stop == truth.start).sum() == 1
    rows = set(zip(truth.video, truth.label, truth.start, truth.stop, strict=True))
    assert len(rows) == len(truth) - 1
    assert len(np.unique(truth.video)) < 40  # a video without actions
    assert len(np.unique(found.confidence)) < len(found)
    assert set(found.videos) - set(truth.videos) == {"sample_unknown"}
    assert np.isfinite(truth.duration).all()


def test_unknown_sample_lists_those_there_are():
    with pytest.raises(ValueError, match="no sample 'truth'; there are temporal_truth"):
        sample_path("truth")
