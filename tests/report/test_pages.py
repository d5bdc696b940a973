"""The pages: whole in themselves, deaf to what names would smuggle in, and alive in a real browser."""

import base64
import io
import json
import shutil
import subprocess
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gaia_stim.config import MatchConfig, MorphConfig, ReportConfig
from gaia_stim.dataset import open_dataset
from gaia_stim.errors import ConfigError, DataError
from gaia_stim.events import Event, Note
from gaia_stim.images import write_png
from gaia_stim.metrics import METRICS
from gaia_stim.pipeline.match import match
from gaia_stim.pipeline.morphs import morph
from gaia_stim.pipeline.report import report
from gaia_stim.report import sets as sets_module
from gaia_stim.report.runs import run_page
from gaia_stim.runs import Run, append_log
from gaia_stim.space.space import Space

Plant = Callable[..., Path]
HOSTILE = "\"><img src=x onerror=alert(1)> & '{{7*7}}' <script>alert(2)</script>"
CHROMIUM = Path("/usr/bin/chromium")
VOID = {"meta", "link", "img", "input", "br", "hr"}


class Page(HTMLParser):
    """A page's tags, checked to be closed in order, and all that it would load or run."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)
        self.close()
        assert not self.open, f"never closed: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open.pop() == tag, f"</{tag}> closes nothing"

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


def check(text: str) -> Page:
    """What holds for every page."""
    page = Page(text)
    assert "://" not in text and "@import" not in text
    assert all(image["alt"] and str(image["src"]).startswith("data:image/png;base64,") for image in page.all("img"))
    assert {link["href"] for link in page.all("link")} == {"data:,"}
    assert page.all("script") == [{}]
    loads = {name for _, attributes in page.found for name in attributes if name.startswith("on")}
    assert not loads
    ids = [attributes["id"] for _, attributes in page.found if "id" in attributes]
    assert len(ids) == len(set(ids))
    labels = {attributes["aria-labelledby"] for _, attributes in page.found if "aria-labelledby" in attributes}
    assert labels <= set(ids)
    return page


@pytest.fixture
def made(tiny_run: Path, faces: Path, tmp_path: Path) -> Path:
    first, second = sorted(faces.glob("*.png"))[:2]
    morph(MorphConfig(first=first, second=second, steps=5, out=tmp_path / "set", model=tiny_run))
    return tmp_path / "set"


@pytest.fixture
def run(tiny_run: Path, tmp_path: Path) -> Path:
    """A copy of the trained run, to be written into."""
    return Path(shutil.copytree(tiny_run, tmp_path / "run"))


def page_of(config: ReportConfig) -> str:
    return report(config).out.read_text(encoding="utf-8")


def test_the_page_of_a_set_holds_its_very_files(made: Path) -> None:
    text = page_of(ReportConfig(target=made))
    page = check(text)
    assert (made.parent / "set_report.html").exists()
    for file in (made / "stimuli").glob("*.png"):
        assert base64.b64encode(file.read_bytes()).decode() in text
    assert len(page.all("button")) == 5 + 2
    slider = page.all("input")[0]
    assert (slider["min"], slider["max"]) == ("0", "4")
    assert "Steps between neighbours" in text and "Luminance and contrast" in text
    provenance = json.loads((made / "provenance.json").read_text())
    assert provenance["model"]["model_hash"] in text and provenance["sources"][0]["image_hash"] in text


def test_the_page_of_a_run_shows_curves_pictures_and_provenance(run: Path) -> None:
    text = page_of(ReportConfig(target=run))
    page = check(text)
    for heading in ("Training", "Reconstructions", "Worst", "Between held-out images", "Provenance"):
        assert f">{heading}</h" in text
    for chart in ("Error on held-out images", "Losses", "Balance weights", "Learning rate"):
        assert chart in text
    assert len(page.all("polyline")) >= 8
    assert Run(run).model_hash() in text and Run(run).config().dataset.content_hash in text
    # 60 faces are too few to measure by, and the page says so instead of saying nothing.
    assert "of the figures" in text and "too few images (needs" in text


def test_figures_stand_beside_their_controls_in_words(run: Path, faces: Path) -> None:
    figures = dict.fromkeys(METRICS, 0.25) | {"seed": 0}
    space = Space.load(run)
    text = run_page(Run(run), space, open_dataset(faces, 32), figures, [], "sha256_0").decode()
    check(text)
    assert "midpoints are told from reconstructions 25% of the time" in text
    assert "pixel blends" in text and all(name in text for name in METRICS)


def test_a_run_without_its_images_has_a_page_that_says_so(plant: Plant) -> None:
    run = plant()
    append_log(run / "log.jsonl", {"images_seen": 16, "losses": {"x": 0.5}, "balance": {}, "learning_rate": 0.1})
    told: list[Event] = []
    text = report(ReportConfig(target=run), told.append).out.read_text(encoding="utf-8")
    check(text)
    assert "Without pictures of held-out images" in text and "Losses" in text
    assert any(isinstance(event, Note) and event.warning for event in told)
    with pytest.raises(DataError):
        report(ReportConfig(target=run, images=Path("gone"), force=True))


def test_names_are_text_never_markup(made: Path, run: Path) -> None:
    manifest, provenance = made / "manifest.csv", made / "provenance.json"
    known = json.loads(provenance.read_text())
    known["plan"]["title"] = known["sources"][0]["path"] = known["request"][HOSTILE] = HOSTILE
    provenance.write_text(json.dumps(known))
    table = manifest.read_text().replace(",img_", ",img_").replace("face_00000;", "<script>alert(3)</script>;")
    manifest.write_text(table)
    hostile = made.rename(made.with_name("<img src=x onerror=alert(4)>"))
    page = check(page_of(ReportConfig(target=hostile, out=made.with_name("set.html"))))
    assert all(set(image) <= {"src", "alt", "title", "class", "id"} for image in page.all("img"))

    config = json.loads((run / "config.json").read_text())
    config["dataset"]["folder"] = config["options"]["images"] = HOSTILE
    (run / "config.json").write_text(json.dumps(config))
    append_log(run / "log.jsonl", {"images_seen": 400, "losses": {HOSTILE: 1.0}, "balance": {}})
    text = page_of(ReportConfig(target=run, out=made.with_name("run.html")))
    check(text)
    assert "{{7*7}}" in text


def test_only_the_pages_own_script_may_run(made: Path) -> None:
    import hashlib

    text = page_of(ReportConfig(target=made))
    script = text.split("<script>")[1].split("</script>")[0]
    allowed = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    [policy] = [meta["content"] for meta in check(text).all("meta") if "http-equiv" in meta]
    assert policy is not None and "default-src 'none'" in policy
    assert f"script-src 'sha256-{allowed}'" in policy and "script-src 'unsafe" not in policy


def test_a_large_set_is_shown_in_part_and_says_so(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sets_module, "SHOWN", 3)
    text = page_of(ReportConfig(target=made))
    ids = [button["data-id"] for button in check(text).all("button") if "data-id" in button]
    assert ids == ["m_0001", "m_0003", "m_0005"]
    assert "3 of 5 stimuli are shown" in text


def test_a_set_for_another_display_is_shown_as_it_looks_there(made: Path) -> None:
    """Its files hold light, and would look dark: what is shown is light by the sRGB curve, to a level of rounding."""
    there = match(MatchConfig(stimuli=made, display="linear", dither="none")).out
    text = page_of(ReportConfig(target=there))
    shown = [image["src"] for image in check(text).all("img") if str(image["alt"]).startswith("Stimulus m_0002")]
    assert shown and "linear: shown here as on it" in text
    for uri in shown:
        pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(str(uri).partition(",")[2]))))
        light = np.asarray(Image.open(there / "stimuli" / "m_0002.png")) / 255
        srgb = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
        assert np.abs(pixels - 255 * srgb).max() <= 0.5 and pixels.mean() > 255 * light.mean() + 20


def test_a_changed_stimulus_is_pointed_out(made: Path) -> None:
    write_png(made / "stimuli" / "m_0002.png", np.zeros((32, 32, 3), np.uint8))
    assert "changed after the set was written: m_0002;" in page_of(ReportConfig(target=made))


def test_the_same_again_does_nothing_and_another_is_refused(made: Path) -> None:
    config = ReportConfig(target=made)
    before = report(config).out.read_bytes()
    told: list[Event] = []
    assert report(config, told.append).out.read_bytes() == before
    assert any(isinstance(event, Note) and "nothing to do" in event.text for event in told)
    with (made / "manifest.csv").open("a") as stream:
        stream.write("\n")
    with pytest.raises(ConfigError, match="--force"):
        report(config)
    report(ReportConfig(target=made, force=True))


def test_neither_a_run_nor_a_set(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="neither a run"):
        report(ReportConfig(target=tmp_path))


@pytest.mark.skipif(not CHROMIUM.exists(), reason=f"there is no browser at {CHROMIUM}")
@pytest.mark.parametrize("kind", ["made", "run"])
def test_in_a_real_browser(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    out = report(ReportConfig(target=request.getfixturevalue(kind))).out
    picture = tmp_path / "page.png"
    browser = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
    browser += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
    browser += ["--enable-logging=stderr", f"--user-data-dir={tmp_path / 'profile'}", "--window-size=900,1400"]
    shot = subprocess.run(
        [*browser, f"--screenshot={picture}", out.absolute().as_uri()], capture_output=True, text=True, timeout=60
    )
    # Scripts' errors and everything that the page's policy forbids are told on the console.
    assert "CONSOLE" not in shot.stderr
    pixels = np.asarray(Image.open(picture).convert("L"))
    assert pixels.shape == (1400, 900) and pixels.std() > 20
    if kind == "made":
        dom = subprocess.run(
            [*browser, "--dump-dom", out.absolute().as_uri()], capture_output=True, text=True, timeout=60
        )
        assert 'class="alive"' in dom.stdout and 'aria-valuetext="Stimulus m_0001' in dom.stdout
