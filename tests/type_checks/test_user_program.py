"""The program that type checkers read is one that runs."""

from __future__ import annotations

import shutil

import pytest

from overlap.io import sample_path

from . import user_program as program


@pytest.mark.slow
@pytest.mark.parametrize("part", [program.scores_of_regions, program.labels, program.training])
def test_parts_without_files(part):
    part()


@pytest.mark.slow
def test_reports(tmp_path):
    for role in ("truth", "found"):
        shutil.copytree(sample_path(f"volumes_{role}"), tmp_path / role)
    program.reports(tmp_path)
