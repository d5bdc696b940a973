"""A notebook in JupyterLab itself, in Chromium: what models and sets show, what is told, and the page in a cell."""

import json
import os
import subprocess
import sysconfig
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jspsych_browser import MISSING, Browser, Page

from gaia_stim.config import SamplesConfig
from gaia_stim.samples import folder as drawn

ROOT = Path(__file__).parents[2]
JUPYTER = ROOT / ".ecosystem" / "jupyter" / "bin" / "python"
PICTURES = os.environ.get("GAIA_STIM_DOCS_IMAGES")
"""Where the screenshots of docs/explore.md and docs/python.md go, when they are to be made again."""
CELLS = (
    "from gaia_stim import MorphConfig, Space, StimulusSet, morph, progress\nspace = Space.load('builtin')\nspace",
    "with progress() as listen:\n"
    "    made = morph(MorphConfig(first='faces/images/face_00000.png', second='faces/images/face_00001.png',"
    " model='builtin'), listen)\nStimulusSet.open(made.out)",
    "space.explore('faces/images')",
)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}"),
    pytest.mark.skipif(not JUPYTER.exists(), reason="no JupyterLab; 'make test-ecosystem' installs it"),
]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a notebook in JupyterLab, whose kernel has this package."""
    home = tmp_path_factory.mktemp("jupyter")
    drawn.draw_into(SamplesConfig(out=home / "work" / "faces", n=12, size=96, seed=3))
    kernel = {
        "display_name": "gaia-stim",
        "language": "python",
        "argv": [str(JUPYTER), "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "env": {"PYTHONPATH": os.pathsep.join([str(ROOT), sysconfig.get_path("purelib")])},
    }
    cells = [
        {"cell_type": "code", "id": f"cell{at}", "source": code, "outputs": [], "execution_count": None, "metadata": {}}
        for at, code in enumerate(CELLS)
    ]
    spec = {"name": "gaia", "display_name": "gaia-stim", "language": "python"}
    notebook = {"cells": cells, "metadata": {"kernelspec": spec}, "nbformat": 4, "nbformat_minor": 5}
    # It would ask whether to fetch news.
    quiet = {"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}
    for file, content in (
        ("data/kernels/gaia/kernel.json", kernel),
        ("config/labconfig/page_config.json", quiet),
        ("work/walk.ipynb", notebook),
    ):
        (home / file).parent.mkdir(parents=True, exist_ok=True)
        (home / file).write_text(json.dumps(content))
    places = {f"JUPYTER_{what.upper()}_DIR": str(home / what) for what in ("data", "config", "runtime")}
    options = ["--no-browser", "--expose-app-in-browser", "--IdentityProvider.token=known", "--port=0"]
    if os.geteuid() == 0:
        options.append("--allow-root")
    with (home / "log").open("w") as log:
        server = subprocess.Popen(
            [JUPYTER, "-m", "jupyterlab", *options],
            cwd=home / "work",
            env={**os.environ, **places},
            stdout=log,
            stderr=log,
        )
        try:
            yield f"{_address(home / 'runtime')}lab/tree/walk.ipynb?token=known"
        finally:
            server.terminate()
            server.wait(timeout=60)


def _address(runtime: Path) -> str:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for file in runtime.glob("jpserver-*.json"):
            return str(json.loads(file.read_text())["url"])
        time.sleep(0.1)
    raise AssertionError("JupyterLab did not start")


@pytest.fixture(scope="module")
def page(lab: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """The notebook after all its cells ran."""
    browser = Browser(tmp_path_factory.mktemp("profile"))
    found = browser.open(lab)
    until(found, "globalThis.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'")
    assert found.js("jupyterapp.commands.execute('notebook:run-all-cells').then(() => true)")
    yield found
    browser.close()


def until(page: Page, code: str) -> Any:
    deadline = time.monotonic() + 120
    while not (found := page.js(code)):
        assert time.monotonic() < deadline, f"{code}: {page.js('document.body.innerText')}"
        time.sleep(0.1)
    return found


def shot(page: Page, name: str, number: int, height: int) -> None:
    if PICTURES:
        page.do("size", width=1280, height=height)
        page.js(f"document.querySelectorAll('.jp-Notebook-cell')[{number}].scrollIntoView()")
        page.do("shot", path=str(Path(PICTURES) / f"{name}.png"))


def cell(number: int) -> str:
    return f"document.querySelectorAll('.jp-Notebook-cell')[{number}].querySelector('.jp-Cell-outputWrapper')"


def test_a_model_shows_what_it_is_and_draws(page: Page) -> None:
    assert "builtin" in page.js(f"{cell(0)}.innerText")
    assert page.js(f"{cell(0)}.querySelector('img').naturalWidth") > 64


def test_a_set_shows_its_sheet_after_what_was_told(page: Page) -> None:
    assert page.js(f"{cell(1)}.querySelector('img').naturalWidth") > 64
    told = page.js(f"{cell(1)}.innerText")
    assert "model: builtin" in told and "writing stimuli: 9/9" in told
    shot(page, "notebook_shows", 0, 640)


def test_the_slider_in_a_cell_draws(page: Page) -> None:
    inside = f"{cell(2)}.querySelector('iframe')?.contentWindow"
    settled = f"{inside}?.document.querySelectorAll('[aria-busy=false]').length === 2"
    picture = f"{inside}.document.getElementById('picture').toDataURL()"
    until(page, settled)
    before = page.js(picture)
    page.js(
        f"Object.assign({inside}.document.getElementById('alpha'), {{value: 0.9}}).dispatchEvent(new Event('input'))"
    )
    until(page, f"{picture} !== {json.dumps(before)} && {settled}")
    assert page.js(f"{inside}.document.getElementById('picture').width") == 96
    assert page.do("errors") == []
    shot(page, "explore_notebook", 2, 1080)
