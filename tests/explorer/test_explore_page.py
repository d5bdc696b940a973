"""The page's server: who is let in, what is sent to it, and that saving is the command itself."""

import json
import shlex
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from gaia_stim.cli import main
from gaia_stim.config import Config
from gaia_stim.config.verbs import VERBS, verb_of
from gaia_stim.explorer.app import explore_app
from gaia_stim.explorer.deeds import Wanted, asked, command_line, recipe
from gaia_stim.explorer.security import Doors, only
from gaia_stim.explorer.session import Session
from gaia_stim.explorer.views import AxesView, MorphView
from gaia_stim.images import png_bytes
from gaia_stim.samples import deal, draw_face
from gaia_stim.space.space import Space
from gaia_stim.stimuli.plans.continua import morph_plan

TOKEN, PORT = "s3cret", 8790
AT = f"http://127.0.0.1:{PORT}"
SOCKET = f"ws://127.0.0.1:{PORT}/pictures"
Contents = Callable[[Path], dict[str, bytes]]


def the_command(config: Config) -> Any:
    return VERBS[verb_of(config)].function()(config)


@pytest.fixture
def photographs(tmp_path: Path) -> list[tuple[str, Path]]:
    folder = tmp_path / "faces"
    folder.mkdir()
    for number, name in enumerate(("anna", "bert", "cleo", "dora")):
        (folder / f"{name}.png").write_bytes(png_bytes(draw_face(deal(number, seed=7), size=48)))
    return [(path.name, path) for path in sorted(folder.iterdir())]


@pytest.fixture
def session(tiny_run: Path, photographs: list[tuple[str, Path]]) -> Session:
    return Session(Space.load(tiny_run), photographs)


@pytest.fixture
def stranger(session: Session) -> TestClient:
    """Somebody without the token."""
    app = explore_app(session, Doors(only(TOKEN), PORT), Path("explored"), the_command)
    return TestClient(app, base_url=AT, follow_redirects=False)


@pytest.fixture
def page(stranger: TestClient) -> Iterator[TestClient]:
    """A browser that has opened the address."""
    assert stranger.get(f"/?token={TOKEN}").status_code == 303
    yield stranger


def morph(alpha: float = 0.5, **more: Any) -> dict[str, Any]:
    return {"kind": "morph", "images": ["anna.png", "bert.png"], "alpha": alpha, **more}


def picture(page: TestClient, view: dict[str, Any], quality: str = "fine") -> tuple[dict[str, Any], Any]:
    with page.websocket_connect(SOCKET) as socket:
        socket.send_text(json.dumps({"id": 1, "view": view, "quality": quality}))
        data = socket.receive_bytes()
    (length,) = struct.unpack("<I", data[:4])
    header = json.loads(data[4 : 4 + length])
    return header, np.frombuffer(data[4 + length :], np.uint8).reshape(header["side"], header["side"], 4)


# -- who is let in ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/state", "/thumbnails/anna.png", "/explore.js", "/nowhere", "/?token=wrong"])
def test_without_the_token_nobody_gets_in(stranger: TestClient, path: str) -> None:
    answer = stranger.get(path)
    assert answer.status_code == 403 and "token" in answer.json()["error"]


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example"},
        {"host": f"evil.example:{PORT}"},
        {"host": "127.0.0.1:1"},
        {"origin": "https://evil.example"},
        {"origin": f"http://127.0.0.1:{PORT + 1}"},
        {"origin": "null"},
    ],
)
def test_another_host_or_origin_is_refused_with_the_token_as_well(page: TestClient, headers: dict[str, str]) -> None:
    assert page.get("/state").status_code == 200
    assert page.get("/state", headers=headers).status_code == 403
    assert page.get(f"/?token={TOKEN}", headers=headers).status_code == 403
    told = {"host": f"127.0.0.1:{PORT}", **headers}
    with pytest.raises(WebSocketDisconnect), page.websocket_connect(SOCKET, headers=told):
        pass


def test_the_socket_wants_the_token(stranger: TestClient) -> None:
    with (
        pytest.raises(WebSocketDisconnect),
        stranger.websocket_connect(SOCKET),
    ):
        pass


def test_the_token_goes_from_the_address_into_a_cookie_that_scripts_and_other_sites_do_not_see(
    stranger: TestClient,
) -> None:
    answer = stranger.get(f"/?token={TOKEN}")
    assert answer.headers["location"] == "/"
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=strict" in cookie and str(PORT) in cookie
    assert "default-src 'none'" in stranger.get("/").headers["content-security-policy"]


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "..%2f..%2fetc%2fpasswd", "%2fetc%2fpasswd", "anna.png%00", "/etc/passwd"]
)
def test_no_file_but_the_photographs_is_to_be_had(page: TestClient, name: str) -> None:
    assert page.get(f"/thumbnails/{name}").status_code == 404
    sent = {"view": {"kind": "morph", "images": [name, "anna.png"]}}
    assert page.post("/deeds", content=json.dumps(sent)).status_code == 404


# -- what is dropped -------------------------------------------------------------------------------------------------


def test_what_is_dropped_is_kept_and_can_be_morphed(page: TestClient) -> None:
    content = png_bytes(draw_face(deal(9, seed=7), size=48))
    for _ in range(2):
        name = page.post("/photographs?name=Zo%C3%AB%20(1).PNG", content=content).json()["name"]
        assert name == "Zoe_1.png"
    assert [path.name for path in Path("explored/photographs").iterdir()] == ["Zoe_1.png"]
    assert Path("explored/photographs/Zoe_1.png").read_bytes() == content
    header, _ = picture(page, {"kind": "morph", "images": ["anna.png", name]})
    assert header["side"] == 48
    other = png_bytes(draw_face(deal(10, seed=7), size=48))
    assert page.post("/photographs?name=Zoe_1.png", content=other).json()["name"] != name


@pytest.mark.parametrize("name", ["../../up.png", "/tmp/up.png", "..%5cup.png"])
def test_what_is_dropped_goes_nowhere_else(page: TestClient, name: str, contents: Contents) -> None:
    content = png_bytes(draw_face(deal(9, seed=7), size=48))
    assert page.post(f"/photographs?name={name}", content=content).json()["name"].endswith("up.png")
    assert list(Path("explored").rglob("*.png")) == list(Path("explored/photographs").glob("*up.png"))
    assert not Path("up.png").exists()


def test_too_much_is_refused_whatever_its_header_says(page: TestClient) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(101):
            yield bytes(1 << 20)

    assert page.post("/photographs?name=a.png", content=endless()).status_code == 413
    assert page.post("/photographs?name=a.png", content=b"", headers={"content-length": "104857601"}).status_code == 413
    assert page.post("/deeds", content=bytes(1 << 17)).status_code == 413
    assert not Path("explored").exists()


@pytest.mark.parametrize(("name", "content"), [("a.png", b"no picture"), ("a.exe", b"MZ"), ("", b""), ("a.png", b"")])
def test_what_is_no_picture_is_refused_and_leaves_nothing(page: TestClient, name: str, content: bytes) -> None:
    assert page.post(f"/photographs?name={name}", content=content).status_code == 400
    assert not Path("explored").exists()


# -- pictures and what is told of them -------------------------------------------------------------------------------


def test_what_rests_on_the_page_is_what_the_command_writes(
    page: TestClient, session: Session, photographs: list[tuple[str, Path]]
) -> None:
    paths = [path for _, path in photographs[:2]]
    written = morph_plan(session.space, *paths, steps=5).pictures(session.space)
    for at, alpha in enumerate((0.0, 0.25, 0.5)):
        _, pixels = picture(page, morph(alpha))
        assert np.array_equal(pixels[..., :3], written[at])
        assert (pixels[..., 3] == 255).all()


def test_coarse_pictures_are_smaller_and_like_it(page: TestClient) -> None:
    header, _ = picture(page, morph() | {}, "coarse")
    assert header["side"] == 48 and "worries" not in header
    with page.websocket_connect(SOCKET) as socket:
        socket.send_text(json.dumps({"id": 7, "view": morph(), "quality": "coarse", "side": 40}))
        assert b'"side": 40' in socket.receive_bytes()


def test_the_lamp_warns_beyond_the_photographs(page: TestClient) -> None:
    assert not any("extrapolated" in one for one in picture(page, morph(0.5))[0]["worries"])
    assert any("extrapolated" in one for one in picture(page, morph(1.4))[0]["worries"])


def test_nonsense_is_answered_and_the_socket_lives(page: TestClient) -> None:
    with page.websocket_connect(SOCKET) as socket:
        for sent in (
            "nonsense",
            json.dumps({"id": 3, "view": {"kind": "morph"}, "quality": "fine"}),
            json.dumps({"id": 4, "view": morph(9), "quality": "fine"}),
            json.dumps({"id": 5, "view": morph(images=["no.png", "anna.png"]), "quality": "fine"}),
            json.dumps(
                {"id": 6, "view": {"kind": "edit", "images": ["anna.png"], "amounts": {"age": 1}}, "quality": "fine"}
            ),
        ):
            socket.send_text(sent)
            assert socket.receive_json()["error"]
        socket.send_text(json.dumps({"id": 8, "view": morph(), "quality": "fine"}))
        assert b'"id": 8' in socket.receive_bytes()


def test_equal_steps_are_those_of_the_command(
    page: TestClient, session: Session, photographs: list[tuple[str, Path]]
) -> None:
    sent = {"view": morph(), "wanted": {"steps": 5, "spacing": "pixel"}}
    found = page.post("/places", content=json.dumps(sent)).json()
    plan = morph_plan(session.space, photographs[0][1], photographs[1][1], steps=5, spacing="pixel")
    assert found["places"] == [row.alpha for row in plan.rows]
    assert found["steps_cv"] <= found["steps_cv_before"] and len(found["distances"]) == 4


# -- deeds -----------------------------------------------------------------------------------------------------------

EDIT = {"kind": "edit", "images": ["anna.png"], "amounts": {"age": 1}}
GRID = {"kind": "grid", "images": ["anna.png", "bert.png", "cleo.png", "dora.png"]}
DEEDS = {
    "morph": (morph(), {"steps": 4, "spacing": "pixel"}),
    "beyond": (morph(1.25), {"steps": 3, "name": "far"}),
    "shape": (morph(0.5, vary="shape", hold_other="mean"), {"steps": 3}),
    "grid": (GRID, {"rows": 2, "cols": 3}),
    "wheel": ({"kind": "wheel", "images": ["anna.png", "bert.png", "cleo.png"]}, {"steps": 4}),
}


@pytest.mark.parametrize("case", DEEDS)
def test_what_is_saved_is_to_the_byte_what_the_command_and_the_recipe_make(
    page: TestClient, case: str, contents: Contents
) -> None:
    view, wanted = DEEDS[case]
    sent = json.dumps({"view": view, "wanted": wanted})
    deeds = page.post("/deeds", content=sent).json()
    saved = page.post("/sets", content=sent).json()
    assert saved["command"] == deeds["command"]
    folder = Path(saved["folder"])
    of_page = contents(folder)
    assert len([name for name in of_page if name.startswith("stimuli/")]) == saved["stimuli"]

    folder.rename("saved")
    assert main(["-q", *shlex.split(deeds["command"])[1:]]) == 0
    assert contents(folder) == of_page

    Path("found.yaml").write_text(deeds["recipe"])
    assert main(["-q", "run", "found.yaml", "--out", "of_recipe"]) == 0
    [made] = Path("of_recipe").rglob("manifest.csv")
    assert made.read_bytes() == of_page["manifest.csv"]


def test_whatever_a_photograph_is_called(
    tiny_run: Path, photographs: list[tuple[str, Path]], contents: Contents
) -> None:
    for name, (_, path) in zip(("-x 1.png", "${steps} 'é'.png"), photographs, strict=False):
        Path(name).write_bytes(path.read_bytes())
    session = Session(Space.load(tiny_run), [(path.name, path) for path in Path.cwd().glob("*.png")])
    images = ["-x 1.png", "${steps} 'é'.png"]
    config = asked(session, MorphView(images=tuple(images)), Wanted(steps=3), Path("explored"))
    assert main(["-q", *shlex.split(command_line(config))[1:]]) == 0
    [made] = Path("explored").iterdir()
    Path("found.yaml").write_text(recipe(config), encoding="utf-8")
    assert main(["-q", "run", "found.yaml", "--out", "of_recipe"]) == 0
    [of_recipe] = Path("of_recipe").rglob("manifest.csv")
    assert of_recipe.read_bytes() == (made / "manifest.csv").read_bytes()


def test_a_name_does_not_lead_elsewhere(page: TestClient) -> None:
    for name in ("../up", "/tmp/up", "-x", "a/b", "a" * 64):
        sent = json.dumps({"view": morph(), "wanted": {"name": name}})
        assert page.post("/sets", content=sent).status_code == 400
    assert not Path("explored").exists()


def test_what_stands_there_is_not_replaced(page: TestClient) -> None:
    first = json.dumps({"view": morph(), "wanted": {"steps": 3, "name": "one"}})
    other = json.dumps({"view": morph(), "wanted": {"steps": 4, "name": "one"}})
    assert page.post("/sets", content=first).status_code == 200
    assert page.post("/sets", content=first).status_code == 200
    refused = page.post("/sets", content=other)
    assert refused.status_code == 400 and "one" in refused.json()["error"]


# -- what is near ----------------------------------------------------------------------------------------------------


def test_the_nearest_of_a_photograph_is_itself_and_what_is_far_from_all_is_said(faces: Path, tiny_run: Path) -> None:
    """The model's own 60 images: known truth is the distance to each of their codes."""
    session = Session(Space.load(tiny_run), [(path.name, path) for path in sorted(faces.iterdir())])
    session.look_around()
    assert session.near is not None and session.near.of == "images of the training"
    a, b = session.names[3], session.names[8]
    for alpha, view in ((0.0, MorphView(images=(a, b), alpha=0.0)), (0.4, MorphView(images=(a, b), alpha=0.4))):
        told = session.told(view, session.picture(view))
        code = view.place(session)[0]
        away = np.linalg.norm(session.codes(session.names) - code, axis=1)
        assert [one["name"] for one in told["nearest"]] == [session.names[at] for at in np.argsort(away)[:3]]
        assert not told["is_far"] and (alpha or told["nearest"][0] == {"name": a, "distance": 0.0})
    far = AxesView(images=(a,), amounts=(8.0, -8.0))
    told = session.told(far, session.picture(far))
    assert told["is_far"] and any("farther from all images of the training" in one for one in told["worries"])


def test_photographs_that_cannot_be_read_are_near_to_nothing(
    tiny_run: Path, photographs: list[tuple[str, Path]]
) -> None:
    photographs[0][1].write_bytes(b"no picture")
    session = Session(Space.load(tiny_run), photographs)
    session.look_around()
    assert session.near is not None and session.near.names == ["bert.png", "cleo.png", "dora.png"]
    few = Session(Space.load(tiny_run), photographs[1:2])
    few.look_around()
    assert few.near is None or few.near.names == ["bert.png"]
