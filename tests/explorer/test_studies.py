"""A design's chains on a server: begun once, with a token for everybody that no restart loses; and what is refused."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from starlette.testclient import TestClient

from gaia_stim.config import ServeConfig
from gaia_stim.config.base import make
from gaia_stim.errors import ConfigError, DataError
from gaia_stim.explorer.chains import ChainSpec
from gaia_stim.explorer.security import Doors
from gaia_stim.explorer.server import stimulus_app
from gaia_stim.explorer.session import Session
from gaia_stim.explorer.store import Store
from gaia_stim.explorer.studies import begin_study
from gaia_stim.images import png_bytes
from gaia_stim.samples import deal, draw_face
from gaia_stim.space.space import Space

SPEC = {"kind": "mcmcp", "axes": 2, "trials": 3, "size": "model"}


@pytest.fixture(scope="module")
def session(tiny_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Session:
    folder = tmp_path_factory.mktemp("faces")
    for number in range(8):
        (folder / f"face_{number}.png").write_bytes(png_bytes(draw_face(deal(number, seed=7), size=32)))
    return Session(Space.load(tiny_run), [(path.name, path) for path in sorted(folder.iterdir())])


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "serve.sqlite"


@pytest.fixture
def store(state: Path) -> Iterator[Store]:
    store = Store(state)
    yield store
    store.close()


def a_design(folder: Path, people: int = 2, **more: Any) -> Path:
    folder.mkdir(exist_ok=True)
    chains = [{"participant": f"p{one + 1:02}", "spec": {**SPEC, "seed": one, **more}} for one in range(people)]
    (folder / "design.json").write_text(
        json.dumps({"procedure": {"kind": "mcmcp", "chains": chains}}), encoding="utf-8"
    )
    return folder


def tokens(file: Path) -> dict[str, str]:
    return dict(pd.read_csv(file).itertuples(index=False, name=None))


def test_a_study_begins_once(session: Session, store: Store, state: Path, tmp_path: Path) -> None:
    design = a_design(tmp_path / "design")
    file = begin_study(design, session, store, state)
    assert file.name == "serve.participants.csv" and file.stat().st_mode & 0o077 == 0
    first = tokens(file)
    assert list(first) == ["p01", "p02"] == [store.participant(token) for token in first.values()]
    # Without a photograph in it, a design begins at the first that is served.
    assert [one["start"] for one in store.chains()] == ["face_0.png"] * 2
    store.answer(1, 0, "p01", 1.0, session.made_by, 0.5)
    assert tokens(begin_study(design, session, store, state)) == first and len(store.chains()) == 2
    assert [row["rt"] for row in store.rows(1)] == [0.5]


def test_a_kill_before_anybody_was_let_in_leaves_nobody_outside(
    session: Session, store: Store, state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The table is written first, so that whoever is in the state has a token that somebody has."""
    design = a_design(tmp_path / "design")

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(store, "let_in", killed)
        with pytest.raises(KeyboardInterrupt):
            begin_study(design, session, store, state)
    assert store.participants() == []
    found = tokens(begin_study(design, session, store, state))
    assert [store.participant(token) for token in found.values()] == ["p01", "p02"]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"axes": 0, "attributes": ["smile"]}, "no attribute vectors"),
        ({"axes": 60}, "principal axes here, not 60"),
        ({"start": "nobody.png"}, "there is no photograph 'nobody.png' here"),
        ({"trials": 0}, "--design .*trials"),
        ({"size": "1"}, "--design .*size"),
    ],
)
def test_what_cannot_be_shown_is_told_before_anybody_comes(
    session: Session, store: Store, state: Path, tmp_path: Path, more: dict[str, Any], said: str
) -> None:
    with pytest.raises((ConfigError, DataError), match=said):
        begin_study(a_design(tmp_path / "design", **more), session, store, state)
    assert store.chains() == [] and store.participants() == []


def test_other_chains_and_other_folders_are_refused(
    session: Session, store: Store, state: Path, tmp_path: Path
) -> None:
    begin_study(a_design(tmp_path / "one"), session, store, state)
    with pytest.raises(DataError, match=r"has 2 chains already that are others than the 2 of the design; .*another"):
        begin_study(a_design(tmp_path / "two", seed=9), session, store, state)
    with pytest.raises(DataError, match=r"not a design \(it has no design.json\)"):
        begin_study(tmp_path, session, store, state)
    (tmp_path / "design.json").write_text('{"task": "2afc"}', encoding="utf-8")
    with pytest.raises(DataError, match="has no chains"):
        begin_study(tmp_path, session, store, state)


def test_a_file_of_before_gets_a_place_for_times(state: Path) -> None:
    old = sqlite3.connect(state)
    old.executescript(
        "CREATE TABLE answers (chain INTEGER NOT NULL, trial INTEGER NOT NULL, participant TEXT NOT NULL, answer REAL "
        "NOT NULL, state TEXT NOT NULL, at TEXT NOT NULL, PRIMARY KEY (chain, trial)) STRICT;"
        "INSERT INTO answers VALUES (1, 0, 'p', 1.0, '[0.5, 0.5]', 'then')"
    )
    old.commit()
    old.close()
    store = Store(state)
    spec = ChainSpec.model_validate({**SPEC, "start": "face_0.png"})
    store.begin(spec, lambda _: "somebody")
    store.answer(1, 1, "p", 0.0, lambda _: "somebody", 0.25)
    assert [row["rt"] for row in store.rows(1)] == ["", 0.25]
    store.close()
    Store(state).close()


def test_a_slider_begins_anywhere_and_always_there() -> None:
    spec = ChainSpec.model_validate({**SPEC, "kind": "gsp", "start": "a.png", "seed": 3})
    begins = np.array([spec.slider(trial) for trial in range(400)])
    assert spec.told(7, (0.0, 0.0))["begin"] == spec.slider(7) and np.abs(begins).max() <= 2
    assert np.allclose(np.histogram(begins, 4, (-2, 2))[0], 100, atol=30)


def test_a_page_from_a_file_may_ask_where_it_was_let_in(
    session: Session, store: Store, state: Path, tmp_path: Path
) -> None:
    token = tokens(begin_study(a_design(tmp_path / "design"), session, store, state))["p01"]
    told = {}
    for name, origins in {"let in": frozenset({"null"}), "not": frozenset[str]()}.items():
        app = stimulus_app(session, store, Doors(store.participant, 8791, origins), 1 << 20)
        client = TestClient(app, base_url="http://127.0.0.1:8791", headers={"origin": "null"})
        asked = client.get("/v1/chain/1", headers={"authorization": f"Bearer {token}"})
        told[name] = (asked.status_code, asked.headers.get("access-control-allow-origin"))
        assert client.get("/v1/chain/1").status_code == 403
        wrong = client.post(
            "/v1/chain/1/trials/0", json={"answer": 0, "rt": -1}, headers={"authorization": f"Bearer {token}"}
        )
        assert wrong.status_code == (400 if name == "let in" else 403)
    assert told == {"let in": (200, "null"), "not": (403, None)}
    assert make(ServeConfig, {"target": "set", "allow_origin": ("null",)}).allow_origin == ("null",)
