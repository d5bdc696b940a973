"""A decoder as ONNX in onnxruntime-web, in Chromium: without a network it draws what the model draws."""

import base64
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from jspsych_browser import MISSING, MODULES, Browser, Page, address_of, serve_folder

pytest.importorskip("onnxruntime")

from gaia_stim.images import Pixels, read_image
from gaia_stim.samples import deal, draw_face
from gaia_stim.space.portable import CHECK, MOST_LEVELS, RECORD, write_decoder
from gaia_stim.space.space import Space

ORT = MODULES / "onnxruntime-web" / "dist"
FILES = ("ort.wasm.min.js", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}"),
    pytest.mark.skipif(not ORT.is_dir(), reason="no onnxruntime-web; 'make test-ecosystem' installs it"),
]
HTML = """<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><script src="ort.wasm.min.js"></script>
<script>
ort.env.wasm.wasmPaths = new URL(".", location.href).href;
ort.env.wasm.numThreads = 1;
const ready = ort.InferenceSession.create("decoder.onnx");
const run = async (code) =>
  (await ready).run({ code: new ort.Tensor("float32", Float32Array.from(code), [1, code.length]) });
async function drawn(code) {
  const { image } = await run(code);
  const levels = Uint8ClampedArray.from(image.data, (value) => Math.round(255 * value));
  return btoa(Array.from(levels, (one) => String.fromCharCode(one)).join(""));
}
async function milliseconds(code, times) {
  const each = [];
  for (let time = 0; time < times; time++) {
    const begun = performance.now();
    await run(code);
    each.push(performance.now() - begun);
  }
  each.sort((a, b) => a - b);
  return [each[0], each[times >> 1]];
}
</script>"""


@pytest.fixture(scope="module")
def space() -> Space:
    return Space.load("builtin")


@pytest.fixture(scope="module")
def folder(space: Space, tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("decoder")
    write_decoder(space, home)
    for name in FILES:
        (home / name).symlink_to(ORT / name)
    (home / "index.html").write_text(HTML)
    return home


@pytest.fixture(scope="module")
def page(folder: Path, browser: Browser) -> Iterator[Page]:
    server = serve_folder(folder)
    yield browser.open(f"{address_of(server)}/index.html")
    server.shutdown()


def drawn(page: Page, code: list[float], shape: tuple[int, int, int]) -> Pixels:
    planes = np.frombuffer(base64.b64decode(page.js(f"drawn({json.dumps(code)})")), np.uint8)
    height, width, channels = shape
    return planes.reshape(channels, height, width).transpose(1, 2, 0)


def test_it_draws_the_picture_to_check_by(page: Page, folder: Path, space: Space) -> None:
    check = json.loads((folder / RECORD).read_text())["check"]["code"]
    found = drawn(page, check, space.shape)
    assert np.abs(found.astype(np.int16) - read_image(folder / CHECK)).max() <= MOST_LEVELS


def test_codes_of_pictures_and_between_are_drawn_as_the_model_does(page: Page, space: Space) -> None:
    codes = space.encode([draw_face(deal(face, seed=7), size=64) for face in range(6)])
    codes = np.concatenate([codes, (codes[1:] + codes[:-1]) / 2]).astype(np.float32)
    off = [
        np.abs(drawn(page, code.tolist(), space.shape).astype(np.int16) - true)
        for code, true in zip(codes, space.decode(codes), strict=True)
    ]
    levels, share = max(one.max() for one in off), np.mean([(one > 0).mean() for one in off])
    fastest, middle = page.js(f"milliseconds({json.dumps(codes[0].tolist())}, 40)")
    logging.info("onnxruntime-web: %.1f ms a picture, the fastest %.1f", middle, fastest)
    assert levels <= MOST_LEVELS and share < 0.001, f"{levels} levels, {100 * share:.3f} % of the values off"
    assert middle < 1000


def test_it_asks_nobody_else(page: Page) -> None:
    asked = json.loads(page.js("JSON.stringify(performance.getEntriesByType('resource').map((one) => one.name))"))
    origin = page.js("location.origin")
    assert any(name.endswith(".wasm") for name in asked)
    assert all(name.startswith((origin, "data:")) for name in asked)
    assert page.do("errors") == []
