"""One browser for all tests of a process."""

import pytest

from .chromium import Chromium, lack


@pytest.fixture(scope="session")
def chromium():
    """A running browser, or a counted skip."""
    reason = lack()
    if reason:
        pytest.skip(reason)
    with Chromium() as running:
        yield running
