"""The server of stimuli: the pictures of the commands, with where they came from, behind tokens."""

import io
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from starlette.testclient import TestClient

from gaia_stim.config import InterpolateConfig, MorphConfig, MorphGridConfig
from gaia_stim.explorer.cache import Cache
from gaia_stim.explorer.chains import ChainSpec
from gaia_stim.explorer.security import Doors, only
from gaia_stim.explorer.server import stimulus_app
from gaia_stim.explorer.session import Session
from gaia_stim.explorer.store import Store
from gaia_stim.files import hash_file
from gaia_stim.images import png_bytes
from gaia_stim.pipeline.grids import morph_grid
from gaia_stim.pipeline.morphs import interpolate, morph
from gaia_stim.samples import deal, draw_face
from gaia_stim.space.space import Space
from gaia_stim.stimuli.sets import StimulusSet

OWN = "0wner"
PORT = 8791
LAB = "https://lab.example"
NAMES = ("anna", "bert", "cleo", "dora", "emil", "fritz", "gerd", "hans")


@pytest.fixture
def photographs(tmp_path: Path) -> dict[str, Path]:
    folder = tmp_path / "faces"
    folder.mkdir()
    for number, name in enumerate(NAMES):
        (folder / f"{name}.png").write_bytes(png_bytes(draw_face(deal(number, seed=7), size=48)))
    return {path.name: path for path in sorted(folder.iterdir())}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "state.sqlite")
    yield store
    store.close()


@pytest.fixture
def stranger(tiny_run: Path, photographs: dict[str, Path], store: Store) -> TestClient:
    session, own = Session(Space.load(tiny_run), photographs.items()), only(OWN, "owner")
    doors = Doors(lambda token: own(token) or store.participant(token), PORT, frozenset({LAB}))
    return TestClient(stimulus_app(session, store, doors, 1 << 20), base_url=f"http://127.0.0.1:{PORT}")


@pytest.fixture
def owner(stranger: TestClient) -> TestClient:
    stranger.headers["authorization"] = f"Bearer {OWN}"
    return stranger


def get(client: TestClient, **parameters: Any) -> Any:
    answer = client.get("/v1/stimulus", params=parameters)
    assert answer.status_code == 200, answer.text
    return answer


MORPH = {"from": "anna.png", "to": "bert.png"}
GRID = {"tl": "anna.png", "tr": "bert.png", "bl": "cleo.png", "br": "dora.png"}


def test_a_morph_is_to_the_byte_the_file_that_the_command_writes(
    owner: TestClient, photographs: dict[str, Path], tiny_run: Path
) -> None:
    ends = {"first": photographs["anna.png"], "second": photographs["bert.png"], "model": tiny_run}
    made = StimulusSet.open(morph(MorphConfig(**ends, steps=5, out=Path("set"))).out)
    for row in made.rows():
        answer = get(owner, **MORPH, alpha=row.alpha)
        assert answer.content == (made.folder / row.image).read_bytes()
        about = json.loads(answer.headers["x-gaia-stim-provenance"])
        assert about["model_hash"] == row.model_hash and about["side"] == 48
        assert about["sources"] == [hash_file(photographs[name]) for name in ("anna.png", "bert.png")]
    shape = StimulusSet.open(morph(MorphConfig(**ends, steps=3, vary="shape", size="model", out=Path("shape"))).out)
    assert get(owner, **MORPH, alpha=0.5, vary="shape", size="model").content == shape.content(shape.rows()[1].image)


def test_grids_and_wheels_are_those_of_the_commands(
    owner: TestClient, photographs: dict[str, Path], tiny_run: Path
) -> None:
    corners = zip(("top_left", "top_right", "bottom_left", "bottom_right"), photographs.values(), strict=False)
    made = morph_grid(MorphGridConfig(**dict(corners), rows=2, cols=3, model=tiny_run, out=Path("grid")))
    grid = StimulusSet.open(made.out)
    for row in grid.rows():
        assert get(owner, **GRID, u=row.grid_u, v=row.grid_v).content == grid.content(row.image)
    around = [photographs[name] for name in ("anna.png", "bert.png", "cleo.png")]
    asked = InterpolateConfig(images=tuple(around), path="wheel", steps=4, model=tiny_run, out=Path("wheel"))
    wheel = StimulusSet.open(interpolate(asked).out)
    for row in wheel.rows():
        answer = get(owner, image=[path.name for path in around], angle=row.angle_deg)
        assert answer.content == wheel.content(row.image)


def test_a_code_is_drawn_by_the_model(owner: TestClient, tiny_run: Path) -> None:
    space = Space.load(tiny_run)
    code = np.random.default_rng(1).normal(size=space.latent).astype(np.float32)
    answer = get(owner, code=",".join(repr(float(one)) for one in code))
    assert answer.content == png_bytes(space.decode(code[None])[0])


def test_what_one_has_is_not_sent_again_and_each_picture_has_its_tag(owner: TestClient) -> None:
    first, other = get(owner, **MORPH, alpha=0.3), get(owner, **MORPH, alpha=0.31)
    assert first.headers["etag"] != other.headers["etag"]
    again = owner.get(
        "/v1/stimulus", params={**MORPH, "alpha": "0.30"}, headers={"if-none-match": first.headers["etag"]}
    )
    assert again.status_code == 304 and not again.content


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({}, "say what to show"),
        ({**MORPH, "alpha": "much"}, "alpha"),
        ({**MORPH, "alpha": "nan"}, "alpha"),
        ({**MORPH, "alpha": 7}, "alpha"),
        ({**MORPH, "alhpa": 0.5}, "alhpa"),
        ({"from": "anna.png"}, "'to' is missing beside 'from'"),
        ({"tl": "anna.png", "tr": "bert.png", "br": "anna.png"}, "'bl' is missing beside 'tl'"),
        ({**MORPH, "size": 4}, "size"),
        ({**MORPH, "size": 999999}, "size"),
        ({**MORPH, "alpha": [0.1, 0.2]}, "twice"),
        ({"face": "anna.png", "attribute": "smile:1"}, "--vectors"),
        ({"face": "anna.png", "attribute": "smile"}, "NAME:SDS"),
        ({"code": "1,2"}, "numbers"),
        ({"code": ",".join("1" * 16), "size": 100}, "code"),
        ({"image": ["anna.png", "bert.png"], "angle": 1}, "images"),
    ],
)
def test_what_cannot_be_is_explained(owner: TestClient, asked: dict[str, Any], why: str) -> None:
    answer = owner.get("/v1/stimulus", params=asked)
    assert answer.status_code == 400 and why in answer.json()["error"]


def test_no_file_but_the_photographs(owner: TestClient) -> None:
    for name in ("../secret.png", "/etc/passwd", "anna", "ANNA.png", "faces/anna.png"):
        assert owner.get("/v1/stimulus", params={"from": name, "to": "bert.png"}).status_code == 404


def test_many_clients_at_once_get_the_same_bytes(owner: TestClient) -> None:
    places = [0.1, 0.2, 0.3, 0.4] * 5
    with ThreadPoolExecutor(10) as pool:
        found = list(pool.map(lambda alpha: get(owner, **MORPH, alpha=alpha).content, places))
    assert len(set(found)) == 4 and found[:4] == found[4:8] == found[16:]


def test_the_cache_is_bounded() -> None:
    cache, made = Cache(100), []
    for number in (1, 2, 1, 3, 1, 4):
        cache.made(str(number), lambda number=number: made.append(number) or bytes(40))  # type: ignore[misc]
    assert made == [1, 2, 3, 4] and cache.size <= 100
    assert cache.made("large", lambda: bytes(1000)) == bytes(1000) and cache.size == 0


# -- who may ask -----------------------------------------------------------------------------------------------------


def test_tokens(stranger: TestClient) -> None:
    assert stranger.get("/v1/space").status_code == 403
    assert stranger.get("/v1/space", params={"token": "wrong"}).status_code == 403
    own = {"authorization": f"Bearer {OWN}"}
    token = stranger.post("/v1/participants", json={"name": "p1"}, headers=own).json()["token"]
    theirs = {"authorization": f"Bearer {token}"}
    assert stranger.get("/v1/stimulus", params=MORPH, headers=theirs).status_code == 200
    for method, path in (
        ("POST", "/v1/participants"),
        ("POST", "/v1/chain"),
        ("GET", "/v1/chain"),
        ("GET", "/v1/chain/1/table"),
    ):
        assert stranger.request(method, path, headers=theirs, json={"name": "p2"}).status_code == 403
    assert stranger.post("/v1/participants", json={"name": "p1"}, headers=own).status_code == 400
    assert stranger.post("/v1/participants", json={"name": "owner"}, headers=own).status_code == 400


def test_the_file_does_not_know_the_tokens(stranger: TestClient, tmp_path: Path) -> None:
    own = {"authorization": f"Bearer {OWN}"}
    token = stranger.post("/v1/participants", json={"name": "p1"}, headers=own).json()["token"]
    kept = b"".join(path.read_bytes() for path in tmp_path.glob("state.sqlite*"))
    assert b"p1" in kept and token.encode() not in kept


def test_pages_of_origins_that_were_named_may_ask_and_no_others(owner: TestClient) -> None:
    ask = {"access-control-request-method": "GET", "access-control-request-headers": "authorization"}
    allowed = owner.options("/v1/stimulus", headers={"origin": LAB, **ask})
    assert allowed.status_code == 200 and allowed.headers["access-control-allow-origin"] == LAB
    assert owner.get("/v1/space", headers={"origin": LAB}).headers["access-control-allow-origin"] == LAB
    evil = owner.get("/v1/space", headers={"origin": "https://evil.example"})
    assert evil.status_code == 403 and "access-control-allow-origin" not in evil.headers
    assert owner.get("/v1/space", headers={"host": "evil.example"}).status_code == 403


# -- chains over the network -----------------------------------------------------------------------------------------


def test_a_chain_from_begin_to_table(owner: TestClient) -> None:
    spec = {"kind": "gsp", "start": "anna.png", "axes": 3, "trials": 4, "seed": 3, "size": "model"}
    chain = owner.post("/v1/chain", json=spec).json()["chain"]
    pictures = set()
    for trial, answer in enumerate((0.5, -1.0, 2.0, 0.25)):
        told = owner.get(f"/v1/chain/{chain}").json()
        assert (told["trial"], told["done"], told["low"], told["high"]) == (trial, False, -2, 2)
        shown = owner.get(f"/v1/chain/{chain}/picture", params={"trial": trial, "at": answer})
        assert shown.headers["content-type"] == "image/png"
        pictures.add(shown.content)
        assert owner.post(f"/v1/chain/{chain}/trials/{trial}", json={"answer": answer}).status_code == 200
        assert owner.post(f"/v1/chain/{chain}/trials/{trial}", json={"answer": answer}).status_code == 200
        assert owner.post(f"/v1/chain/{chain}/trials/{trial}", json={"answer": 0.1}).status_code == 409
    assert len(pictures) == 4
    assert owner.get(f"/v1/chain/{chain}").json() == {"chain": chain, "trials": 4, "done": True}
    table = pd.read_csv(io.BytesIO(owner.get(f"/v1/chain/{chain}/table").content))
    assert list(table["answer"]) == [0.5, -1.0, 2.0, 0.25] and set(table["participant"]) == {"owner"}
    last = table.iloc[-1]
    assert last[last["dimension"]] == 0.25 and len({*table["dimension"][:3]}) == 3
    assert owner.get("/v1/chain").json()["chains"][0]["answered"] == 4


def test_the_two_of_a_trial_are_the_present_one_and_the_proposal(owner: TestClient) -> None:
    spec = {"kind": "mcmcp", "start": "anna.png", "axes": 2, "trials": 9, "size": "model"}
    chain = owner.post("/v1/chain", json=spec).json()["chain"]
    pair = [owner.get(f"/v1/chain/{chain}/picture", params={"trial": 0, "at": at}).content for at in (0, 1)]
    assert pair[0] != pair[1]
    owner.post(f"/v1/chain/{chain}/trials/0", json={"answer": 1})
    after = [owner.get(f"/v1/chain/{chain}/picture", params={"trial": 1, "at": at}).content for at in (0, 1)]
    assert pair[1] in after


@pytest.mark.parametrize(
    "wrong",
    [
        {"start": "nobody.png"},
        {"axes": 0},
        {"axes": 2, "attributes": ["smile"]},
        {"axes": 60},
        {"axes": 0, "attributes": ["smile"]},
        {"reach": 0},
        {"step": -1},
        {"kind": "walk"},
        {"colour": 1},
        {"size": "9999"},
    ],
)
def test_a_chain_that_cannot_be_is_not_begun(owner: TestClient, wrong: dict[str, Any]) -> None:
    spec = {"kind": "gsp", "start": "anna.png", "axes": 2, **wrong}
    assert owner.post("/v1/chain", json=spec).status_code in (400, 404)
    assert owner.get("/v1/chain").json()["chains"] == []


def test_every_address_is_in_the_openapi_document(owner: TestClient) -> None:
    document = owner.get("/v1/openapi.json").json()
    routes = {(r.path.replace(":int", ""), m.lower()) for r in _routes(owner) for m in (r.methods or set()) - {"HEAD"}}
    told = {(path, method) for path, about in document["paths"].items() for method in about}
    assert routes - {("/v1/openapi.json", "get")} == told


def test_answers_are_those_that_the_openapi_document_tells(owner: TestClient) -> None:
    paths = owner.get("/v1/openapi.json").json()["paths"]
    bodies = {"/v1/participants": {"name": "p01"}, "/v1/chain": {"kind": "gsp", "start": "anna.png", "axes": 2}}
    bodies["/v1/chain/{chain}/trials/{trial}"] = {"answer": 0.5}
    asked = {(path, method): about for path, methods in paths.items() for method, about in methods.items()}
    posts = [(path, "post") for path in bodies]
    assert {one for one in asked if one[1] == "post"} == set(posts)
    for path, method in [*posts, *(asked.keys() - {("/v1/stimulus", "get"), *posts})]:
        address = path.format(chain=1, trial=0) + ("?trial=1&at=0.5" if path.endswith("picture") else "")
        answer = owner.request(method, address, json=bodies.get(path) if method == "post" else None)
        assert answer.is_success and str(answer.status_code) in asked[path, method]["responses"], (path, answer.text)


def test_what_can_be_asked_is_a_page_too(owner: TestClient) -> None:
    answer = owner.get("/")
    assert answer.headers["content-type"].startswith("text/html")
    for path in owner.get("/v1/openapi.json").json()["paths"]:
        assert f"<code>{path}</code>" in answer.text
    for field in ChainSpec.model_fields:
        assert f"<code>{field}</code>" in answer.text
    assert "<script" not in answer.text and "http" not in answer.text.replace("https://lab", "")
    assert "Undefined" not in answer.text and "script-src" not in answer.headers["content-security-policy"]


def test_a_proxy_s_name_is_let_in_where_it_was_given(tiny_run: Path, store: Store) -> None:
    session, doors = (
        Session(Space.load(tiny_run), []),
        Doors(only(OWN, "owner"), PORT, hosts=frozenset({"lab.example"})),
    )
    client = TestClient(stimulus_app(session, store, doors, 1), headers={"authorization": f"Bearer {OWN}"})
    for host, status in (("lab.example", 200), ("LAB.example", 200), ("evil.example", 403), (f"localhost:{PORT}", 200)):
        assert client.get("/v1/space", headers={"host": host}).status_code == status
    told = {"host": "lab.example", "origin": "https://lab.example"}
    assert client.get("/v1/space", headers=told).status_code == 200
    assert client.get("/v1/space", headers=told | {"origin": "https://evil.example"}).status_code == 403


def _routes(client: TestClient) -> Any:
    app = client.app
    while not hasattr(app, "routes"):
        app = app.app
    return app.routes
