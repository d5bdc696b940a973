"""The gallery is what its lines make: the page always, its pictures with GAIA_STIM_SLOW (two minutes of one core)."""

import importlib.util
import os
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "docs" / "images" / "gallery"


@pytest.fixture(scope="module")
def gallery() -> ModuleType:
    spec = importlib.util.spec_from_file_location("gallery", ROOT / "examples" / "gallery.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_shows_the_lines_that_are_run(gallery: ModuleType) -> None:
    page = (ROOT / "docs" / "gallery.md").read_text(encoding="utf-8")
    assert len(gallery.EXAMPLES) >= 20
    for example in gallery.EXAMPLES:
        assert f"## {example['title']}\n" in page
        assert (example.get("run") or example["python"]).strip() in page
        assert "picture" not in example or (PICTURES / f"{gallery.name(example)}.jpg").exists()


@pytest.mark.skipif(os.environ.get("GAIA_STIM_SLOW", "0") in ("", "0"), reason="two minutes: GAIA_STIM_SLOW=1")
def test_the_lines_make_the_pictures(gallery: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    gallery.build(tmp_path / "run", tmp_path / "pictures", tmp_path / "gallery.md")
    assert (tmp_path / "gallery.md").read_text() == (ROOT / "docs" / "gallery.md").read_text()
    for made in sorted((tmp_path / "pictures").iterdir()):
        new, old = (np.asarray(Image.open(path), dtype=np.float64) for path in (made, PICTURES / made.name))
        assert new.shape == old.shape, made.name
        assert np.abs(new - old).mean() < 1, made.name
