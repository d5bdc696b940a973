"""A chain written as a set and a table: the pictures that people saw, and what led from one to the next."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gaia_stim.cli import main
from gaia_stim.config import ChainConfig
from gaia_stim.errors import ConfigError, DataError, OutputInTheWay
from gaia_stim.explorer.chain_sets import export_chain, zipped_chain
from gaia_stim.explorer.chains import ChainSpec
from gaia_stim.explorer.session import Session
from gaia_stim.explorer.store import Store
from gaia_stim.images import png_bytes
from gaia_stim.samples import deal, draw_face
from gaia_stim.space.space import Space
from gaia_stim.stimuli.sets import StimulusSet


@pytest.fixture
def session(tiny_run: Path, tmp_path: Path) -> Session:
    folder = tmp_path / "faces"
    folder.mkdir()
    for number in range(10):
        (folder / f"face_{number}.png").write_bytes(png_bytes(draw_face(deal(number, seed=7), size=48)))
    return Session(Space.load(tiny_run), [(path.name, path) for path in sorted(folder.iterdir())])


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "state.sqlite")
    yield store
    store.close()


def begun(session: Session, store: Store, answers: tuple[float, ...] = (), **more: object) -> int:
    spec = ChainSpec.model_validate({"kind": "mcmcp", "start": "face_0.png", "axes": 3, "trials": 20, **more})
    chain = store.begin(spec, session.made_by)
    for trial, answer in enumerate(answers):
        store.answer(chain, trial, "p1", answer, session.made_by)
    return chain


def asked(session: Session, chain: int, **more: object) -> ChainConfig:
    return ChainConfig.model_validate({"target": session.space.run, "chain": chain, **more})


@pytest.mark.parametrize("more", [{}, {"size": "model"}, {"vary": "shape", "kind": "gsp"}])
def test_the_set_has_what_was_shown_and_the_table_says_where(
    session: Session, store: Store, more: dict[str, str]
) -> None:
    answers = (0.5, -1.0, 2.0) if more.get("kind") == "gsp" else (0, 1, 0, 1, 1)
    made = export_chain(asked(session, begun(session, store, answers, **more)), session, store)
    assert (made.out, made.table) == (Path("chain_1"), Path("chain_1.csv"))
    table, stimuli = pd.read_csv(made.table), StimulusSet.open(made.out)
    assert len(table) == made.answers == len(answers) and table["stim_id"].iloc[0] == "c_0001"
    states = list(map(tuple, table[["axis_1", "axis_2", "axis_3"]].to_numpy()))
    assert len(stimuli) == len(dict.fromkeys(states)) == table["stim_id"].nunique() > 1
    spec = store.spec(1)
    for state, stim_id in zip(states, table["stim_id"], strict=True):
        view = spec.view(state)
        of_server = session.picture(view, session.carried_at(view, spec.size)).pixels
        assert stimuli.content(f"stimuli/{stim_id}.png") == png_bytes(of_server)


def test_a_chain_goes_on_with_the_photographs_that_it_was_begun_with_only(session: Session, store: Store) -> None:
    along_axes = begun(session, store, (1, 0), size="model")
    there = {name: session.path(name) for name in session.names}
    first = min(there)
    fewer = Session(session.space, [(name, path) for name, path in there.items() if name != "face_9.png"])
    other = Session(session.space, [*there.items(), (first, there["face_5.png"])])
    for changed in (fewer, other):
        with pytest.raises(DataError, match="other vectors or photographs, and cannot go on"):
            store.standing(along_axes, changed.made_by)
        with pytest.raises(DataError, match="other vectors or photographs, and cannot go on"):
            export_chain(asked(session, along_axes), changed, store)
    by_attribute = ChainSpec.model_validate({"kind": "gsp", "start": first, "attributes": ["smile"]})
    assert fewer.made_by(by_attribute) == session.made_by(by_attribute) != other.made_by(by_attribute)


def test_the_set_is_made_again_by_the_command_and_grows_with_force_only(session: Session, store: Store) -> None:
    chain = begun(session, store, (1, 0), size="model")
    export_chain(asked(session, chain), session, store)
    assert main(["-q", "remake", "chain_1", "--out", "again"]) == 0
    assert StimulusSet.open(Path("again")).manifest_hash == StimulusSet.open(Path("chain_1")).manifest_hash
    store.answer(chain, 2, "p1", 1, session.made_by)
    with pytest.raises(OutputInTheWay):
        export_chain(asked(session, chain), session, store)
    assert export_chain(asked(session, chain, force=True), session, store).answers == 3


def test_the_command_and_the_archive_say_the_same(session: Session, store: Store, tmp_path: Path) -> None:
    chain = begun(session, store, (1, 1), size="model")
    words = ["chain", str(session.path("face_0.png").parent), "-m", str(session.space.run), "--out", "set"]
    assert main(["-q", *words, "--state", "state.sqlite"]) == 0
    home = tmp_path / "zip"
    home.mkdir()
    with zipfile.ZipFile(zipped_chain(chain, session, store, home)) as archive:
        assert archive.read("chain_1.csv") == Path("set.csv").read_bytes()
        assert archive.read("chain_1/manifest.csv") == Path("set/manifest.csv").read_bytes()


def test_what_cannot_be_written_is_said(session: Session, store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(DataError, match="no answers yet"):
        export_chain(asked(session, begun(session, store)), session, store)
    with pytest.raises(DataError, match="no chain 7"):
        export_chain(asked(session, 7), session, store)
    assert main(["chain", str(session.space.run), "--state", "nowhere.sqlite"]) == 3
    assert "--state nowhere.sqlite: no such file" in capsys.readouterr().err
    assert not Path("nowhere.sqlite").exists() and not Path("chain_1").exists()


def test_axes_of_shape_leave_texture_alone_and_the_parts_add_up(session: Session) -> None:
    is_shape = np.arange(session.space.latent) >= session.space.model.decoder.texture_latent
    shape, texture = session.axes("shape"), session.axes("texture")
    assert np.abs(shape[:, ~is_shape]).max() < 1e-6 < np.abs(shape[:, is_shape]).max()
    assert np.abs(texture[:, is_shape]).max() < 1e-6 < np.abs(texture[:, ~is_shape]).max()
    spread = [float((session.axes(part) ** 2).sum()) for part in ("both", "shape", "texture")]
    assert spread[0] == pytest.approx(spread[1] + spread[2], rel=1e-4)
    with pytest.raises((ConfigError, DataError), match="axes here"):
        ChainSpec(kind="gsp", start="face_0.png", axes=60, vary="shape").view((0.1,) * 60).place(session)


def test_the_archive_over_the_network(session: Session, store: Store) -> None:
    testclient = pytest.importorskip("starlette.testclient")
    from gaia_stim.explorer.security import Doors, only
    from gaia_stim.explorer.server import stimulus_app

    begun(session, store, (1,), size="model")
    app = stimulus_app(session, store, Doors(only("own", "owner"), 8792), 1 << 20)
    client = testclient.TestClient(app, base_url="http://127.0.0.1:8792", headers={"authorization": "Bearer own"})
    answer = client.get("/v1/chain/1/export")
    assert answer.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert {"chain_1.csv", "chain_1/manifest.csv", "chain_1/stimuli/c_0001.png"} <= set(archive.namelist())
    assert client.get("/v1/chain/2/export").status_code == 404
