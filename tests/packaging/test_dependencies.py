"""No licence of what the core brings is one that would bind a lab's own programs, and the page says what there is."""

from importlib.metadata import version
from pathlib import Path

import pytest
from stated_licences import is_free_of_gpl, page

ROOT = Path(__file__).parents[2]


@pytest.mark.skipif("+cpu" not in version("torch"), reason="another build of torch brings other packages")
def test_the_page_lists_what_is_installed() -> None:
    assert (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8") == page()


def test_none_is_under_the_gpl_or_unknown() -> None:
    rows = [line.strip("|").split("|") for line in page().splitlines() if line.startswith("| ")][1:]
    assert len(rows) > 30
    assert [name for name, text in rows if not is_free_of_gpl(text) or "not stated" in text] == []


@pytest.mark.parametrize(
    ("text", "free"),
    [
        ("MIT", True),
        ("GPL-3.0-only", False),
        ("GNU General Public License v3 (GPLv3)", False),
        ("MIT OR GPL-2.0-or-later", True),
        ("LGPL-2.1-or-later", True),
        ("BSD-3-Clause AND GPL-3.0-with-GCC-exception", True),
        ("BSD-3-Clause AND GPL-2.0-only", False),
        ("AGPL-3.0-only", False),
        ("GNU General Public License v2", False),
        ("GNU Lesser General Public License v3 (LGPLv3)", True),
    ],
)
def test_what_counts_as_gpl(text: str, free: bool) -> None:
    assert is_free_of_gpl(text) is free
