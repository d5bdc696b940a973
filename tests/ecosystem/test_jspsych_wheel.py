"""Adjustment on a wheel in Chromium: keys go round past the seam, and the response is the angle's alpha."""

from collections.abc import Iterator

import pytest
from jspsych_browser import MISSING, Browser, Page, adjusted, change_settings
from planted_sets import planted_wheel

from gaia_stim.config import DesignConfig, ExportConfig
from gaia_stim.pipeline.designs import design
from gaia_stim.pipeline.export import export

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}"),
]
STEPS = 6


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    home = tmp_path_factory.mktemp("wheel")
    wheel = planted_wheel(home / "wheel", STEPS).folder
    made = design(DesignConfig(kind="adjustment", stimuli=wheel, out=home / "design", targets=2, repetitions=1)).out
    out = export(ExportConfig(stimuli=wheel, to="jspsych", design=made, out=home / "out")).out
    change_settings(out, fullscreen=False)
    browser = Browser(tmp_path_factory.mktemp("profile"))
    opened = browser.open(f"{(out / 'index.html').as_uri()}?participant=1")
    opened.wait(".page [data-key]")
    opened.do("key", key=" ")
    yield opened
    browser.close()


@pytest.mark.parametrize(("key", "way"), [("arrowright", 1), ("arrowleft", -1)])
def test_keys_go_past_the_seam(page: Page, key: str, way: int) -> None:
    """A whole turn and then past the seam, whichever stimulus it began at."""
    begin = page.js("line.indexOf(pictures.get(design_rows()[results.length].stim_b))")
    presses = STEPS + (STEPS - begin + 1 if way > 0 else begin + 2)
    row = adjusted(page, key, presses)
    place = (begin + way * presses) % STEPS
    assert place == (1 if way > 0 else STEPS - 2)
    assert float(row["response"]) == pytest.approx(place / STEPS, abs=1e-6)
    assert row["response_stim"] == page.js(f"line[{place}].stim_id")
    assert row["slider"] == "steps"
