"""One browser for all tests of a process."""

import sys
from pathlib import Path

import pytest

from .chromium import Chromium, lack

# for the inputs in `golden`, as where `python -m browser` runs in this folder
sys.path.append(str(Path(__file__).parents[1]))


@pytest.fixture(scope="session")
def chromium():
    """A running browser, or a counted skip."""
    reason = lack()
    if reason:
        pytest.skip(reason)
    with Chromium() as running:
        yield running
