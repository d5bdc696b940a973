"""What pictures show of the amounts asked: judged here by the program that draws faces, and by arithmetic on files."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from gaia_stim.config import AttributesApplyConfig, AttributesFitConfig, RemakeConfig, SamplesConfig, make
from gaia_stim.events import Event, Note
from gaia_stim.images import write_png
from gaia_stim.pipeline.attributes_apply import apply
from gaia_stim.pipeline.attributes_fit import fit
from gaia_stim.pipeline.remake import remake
from gaia_stim.pipeline.samples import samples
from gaia_stim.runs import BUILT_IN
from gaia_stim.samples import deal, draw_face
from gaia_stim.space.space import Space
from gaia_stim.space.vectors import Vectors
from gaia_stim.stimuli.plans.edits import Edit, edit_plan
from gaia_stim.stimuli.sets import StimulusSet

FACES = [face for face in range(60) if abs(deal(face, seed=99)["yaw"]) < 12][:2]
"""Seen from nearly the front: 12 degrees more to either side are still a face that is known."""
NEARLY_SIDE = next(face for face in range(60) if deal(face, seed=99)["yaw"] > 24)
AMOUNTS = (-12, -6, 0, 6, 12)


@pytest.fixture(scope="module")
def vectors(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Path:
    """Fitted to 120 drawn faces, with the built-in model."""
    home = tmp_path_factory.mktemp("fitted")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GAIA_STIM_CACHE", str(cache))
        labels = samples(SamplesConfig(out=home / "faces", n=120, size=64, seed=5)).images.parent / "labels.csv"
        asked = {"labels": labels, "attributes": "yaw,skin_tone,age,smile", "out": home / "vectors", "model": BUILT_IN}
        return fit(make(AttributesFitConfig, asked)).out


@pytest.fixture
def drawn(tmp_path: Path) -> Callable[..., Path]:
    def drawn(face: int, size: int = 64) -> Path:
        path = tmp_path / f"face{face}.png"
        write_png(path, draw_face(deal(face, seed=99), size))
        return path

    return drawn


def ask(vectors: Path, faces: list[Path], **options: Any) -> AttributesApplyConfig:
    moved = {"attribute": ["yaw"], "amount": [",".join(map(str, AMOUNTS))]}
    return make(AttributesApplyConfig, {"faces": faces, "vectors": vectors, "out": "set", **moved, **options})


def warned(config: AttributesApplyConfig) -> list[str]:
    told: list[Event] = []
    apply(config, told.append)
    return [one.text for one in told if isinstance(one, Note) and one.warning]


def test_it_is_what_the_drawing_program_takes_the_pictures_for(vectors: Path, drawn: Callable[..., Path]) -> None:
    """Each picture beside this very face drawn at every angle: the nearest says how far the head is turned."""
    chosen = [*FACES, NEARLY_SIDE]
    made = StimulusSet.open(apply(ask(vectors, [drawn(face) for face in chosen])).out)
    angles = np.arange(-30, 30.1, 2)
    shown = {row.stim_id: picture.astype(float) for row, picture in made.pictures()}
    rows = made.rows()
    for place, face in enumerate(chosen):
        own = rows[place * len(AMOUNTS) : (place + 1) * len(AMOUNTS)]
        known = [draw_face({**deal(face, seed=99), "yaw": angle}, 64).astype(float) for angle in angles]
        found = np.array(
            [angles[np.argmin([np.square(shown[row.stim_id] - one).mean() for one in known])] for row in own]
        )
        reached = np.array([row.amount_reached for row in own])
        assert reached[2] == 0
        assert found - found[2] == pytest.approx(reached, abs=4), f"face {face}"
    inside = np.array([row.amount_reached for row in rows[:-5]])
    assert inside == pytest.approx([float(row.amount or 0) for row in rows[:-5]], abs=0.1)
    assert (rows[-1].amount_reached or 0) < 8, "36 degrees, where labels end at 30, are not delivered"


def test_what_is_not_delivered_is_said(vectors: Path, drawn: Callable[..., Path]) -> None:
    faces = [drawn(FACES[0]), drawn(NEARLY_SIDE)]
    told = warned(ask(vectors, faces))
    assert any(
        "yaw: 1 of 10 stimuli is asked for more, or less, than any image that was labelled" in one for one in told
    )
    assert any("yaw:" in one and "times the amount asked; take amount_reached" in one for one in told)
    assert warned(ask(vectors, faces)) == told, "and again where the set stands"
    assert not warned(ask(vectors, faces[:1], out="inside"))
    told = warned(ask(vectors, faces, vary="shape", out="shape"))
    assert not any("times the amount" in one for one in told), "a part is a part"
    table = StimulusSet.open(Path("shape")).table
    assert table["amount_reached"].notna().all() and abs(table["amount_reached"][4]) < 12
    told = warned(ask(vectors, faces[:1], attribute=["smile"], amount=["0,1"], out="smile"))
    assert any("smile: the codes tell too little of it" in one for one in told)
    assert "amount_reached" not in StimulusSet.open(Path("smile")).table


@pytest.mark.parametrize("hold", [None, "age"])
def test_it_is_read_from_the_files(vectors: Path, drawn: Callable[..., Path], hold: str | None) -> None:
    """Of carried photographs, two attributes crossed, in SDs: files, encoder and least squares, step by step."""
    crossed = {"attribute": ["yaw", "skin_tone"], "amount": ["-0.5,0,0.5", "0,0.4"], "unit": "sd", "hold": hold}
    made = StimulusSet.open(apply(ask(vectors, [drawn(FACES[0], 96)], **crossed)).out)
    assert set(made.table["size"]) == {96}
    space, fitted = Space.load(BUILT_IN), Vectors.open(vectors)
    files = [np.asarray(Image.open(made.folder / name)) for name in made.table["image"]]
    codes = space.encode(files).astype(float)
    for column, name in (("amount_reached", "yaw"), ("amount_2_reached", "skin_tone")):
        readout, own = fitted.readout[fitted.place(name)], fitted.estimates["ols"][fitted.place(name)]
        said = codes @ readout / (readout @ own) / fitted.attribute(name).sd
        assert made.table[column].to_numpy() == pytest.approx(said - said[1], abs=1e-4)
    assert made.table["amount_reached"][1] == 0 == made.table["amount_2_reached"][1]


def test_a_set_made_again_says_what_its_own_pictures_show(vectors: Path, drawn: Callable[..., Path]) -> None:
    carried = apply(ask(vectors, [drawn(FACES[0], 96)])).out
    own = apply(ask(vectors, [drawn(FACES[0], 96)], size="model", out="model")).out
    assert remake(make(RemakeConfig, {"target": carried})).identical
    again = remake(make(RemakeConfig, {"target": carried, "size": "model", "out": "again"})).out
    shown = {name: StimulusSet.open(Path(name)).table["amount_reached"].to_numpy() for name in (own, again, carried)}
    assert shown[again] == pytest.approx(shown[own], abs=1e-6)
    assert np.abs(shown[again] - shown[carried]).max() > 1e-3


def test_whole_numbers_are_amounts_like_others(vectors: Path) -> None:
    """In a notebook amounts are often whole numbers; how far they are taken is not."""
    space, fitted, face = Space.load(BUILT_IN), Vectors.open(vectors), draw_face(deal(FACES[0], seed=99), 64)
    whole, broken = (
        edit_plan(space, [face], Edit(fitted, ["yaw"], [amounts])).codes for amounts in ([-9, 9], [-9.0, 9.0])
    )
    assert np.array_equal(whole, broken)


def test_a_true_difference_of_1_reads_as_1(vectors: Path) -> None:
    """Faces drawn twice, with nothing changed but one attribute."""
    space, fitted = Space.load(BUILT_IN), Vectors.open(vectors)
    known = [deal(face, seed=98) for face in range(24)]
    for name, change in (("yaw", 8.0), ("skin_tone", 0.2), ("age", 15.0)):
        spec = fitted.attribute(name)
        some = [one for one in known if spec.low < one[name] < spec.high - change]
        before, after = (
            space.encode([draw_face({**one, name: one[name] + step}, 64) for one in some]).astype(float)
            for step in (0, change)
        )
        gauge = fitted.gauge(name)
        assert gauge is not None
        assert ((after - before) @ gauge).mean() / change == pytest.approx(1, abs=0.15), name
    assert fitted.gauge("smile") is None
