"""What the tests with real programs share."""

from collections.abc import Iterator

import pytest
from jspsych_browser import Browser


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Chromium, with downloads of its own for each module; only for tests that are skipped where it is missing."""
    found = Browser(tmp_path_factory.mktemp("profile"))
    yield found
    found.close()
