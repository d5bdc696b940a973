"""Attributes from a table to stimuli, by commands: fitted, applied, shown, audited, and what goes wrong."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from gaia_stim import cli
from gaia_stim.config import (
    AttributesApplyConfig,
    AttributesAuditConfig,
    AttributesFitConfig,
    AttributesShowConfig,
    RemakeConfig,
    make,
)
from gaia_stim.config.attributes import amounts
from gaia_stim.errors import CheckpointError, ConfigError, DataError
from gaia_stim.evaluation import vector_audit as auditing
from gaia_stim.events import Event, Note
from gaia_stim.files import write_json
from gaia_stim.labels import read_labels
from gaia_stim.outputs import FILES, _seal
from gaia_stim.pipeline.attributes_apply import apply
from gaia_stim.pipeline.attributes_audit import audit
from gaia_stim.pipeline.attributes_fit import fit
from gaia_stim.pipeline.attributes_show import show
from gaia_stim.pipeline.remake import remake
from gaia_stim.space.calibration import LEAST, MOST
from gaia_stim.space.labelled import as_fitted, reading
from gaia_stim.space.space import Space
from gaia_stim.space.vectors import CARRIED, AttributeRecord, Vectors
from gaia_stim.stimuli.plan import Plan
from gaia_stim.stimuli.sets import StimulusSet

Capture = pytest.CaptureFixture[str]
Contents = Callable[[Path], dict[str, bytes]]
CHOSEN = "age,sex,skin_tone,hair_color,glasses"


@pytest.fixture
def labels(faces: Path) -> Path:
    return faces.parent / "labels.csv"


@pytest.fixture
def fitted(labels: Path, tiny_run: Path) -> Path:
    return fit(make(AttributesFitConfig, {"labels": labels, "model": tiny_run, "attributes": CHOSEN})).out


@pytest.fixture
def heard() -> tuple[list[str], Callable[[Event], None]]:
    told: list[str] = []
    return told, lambda event: told.append(event.text) if isinstance(event, Note) else None


def ask(faces: Path, **options: Any) -> AttributesApplyConfig:
    two = sorted(faces.iterdir())[:2]
    return make(AttributesApplyConfig, {"faces": two, "attribute": ["age"], "amount": ["-20:20:5"], **options})


def test_the_vectors_are_least_squares_on_the_codes(fitted: Path, labels: Path, faces: Path, space: Space) -> None:
    table = pd.read_csv(labels)
    codes = space.encode([faces.parent / path for path in table["image"]]).astype(float)
    design = np.column_stack([np.ones(len(table)), table[CHOSEN.split(",")]])
    expected = np.linalg.lstsq(design, codes, rcond=None)[0][1:]
    vectors = Vectors.open(fitted)
    assert vectors.estimates["ols"] == pytest.approx(expected, abs=1e-5)
    with_glasses = table["glasses"].to_numpy() == 1
    difference = codes[with_glasses].mean(axis=0) - codes[~with_glasses].mean(axis=0)
    assert vectors.estimates["mean_difference"][4] == pytest.approx(difference, abs=1e-5)
    assert vectors.mean == pytest.approx(codes.mean(axis=0), abs=1e-5)
    assert vectors.record.samples and vectors.record.model_hash == space.model_hash
    assert vectors.attribute("age").sd == pytest.approx(table["age"].std(ddof=0))
    assert vectors.attribute("skin_tone").r2 > 0.5 > vectors.attribute("glasses").r2


def test_fit_as_the_readme_has_it(
    labels: Path, faces: Path, tiny_run: Path, tmp_path: Path, capsys: Capture, contents: Contents
) -> None:
    beside = tmp_path / "study"
    beside.mkdir()
    (beside / "attrs.csv").write_bytes(labels.read_bytes())
    (beside / "images").symlink_to(faces)
    command = ["attributes", "fit", "--labels", str(beside / "attrs.csv"), "-m", str(tiny_run)]
    assert cli.main(command) == 0
    shown = capsys.readouterr()
    assert "60 of 60 images have labels" in shown.err and "hardly say anything of" in shown.err
    assert "condition number" in shown.out and "vif" in shown.out
    before = contents(tmp_path / "attributes")
    assert set(before) == {"vectors.json", "vectors.safetensors"}
    assert cli.main(["--json", *command]) == 0
    again = capsys.readouterr()
    assert "nothing to do" in again.err and contents(tmp_path / "attributes") == before
    assert [one["attribute"] for one in json.loads(again.out)["attributes"]][:2] == ["age", "sex"]
    assert cli.main([*command, "--without", "age"]) == 2
    assert "holds another folder of attribute vectors" in capsys.readouterr().err
    assert cli.main([*command, "--without", "age", "--force"]) == 0
    assert "age" not in Vectors.open(tmp_path / "attributes").record.names


def rewritten(labels: Path, change: Callable[[pd.DataFrame], None]) -> Path:
    table = pd.read_csv(labels)
    change(table)
    file = labels.parent / "changed.csv"
    table.to_csv(file, index=False)
    return file


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.insert(1, "same", 1), "'same' is 1 for every image that has it.*--without same"),
        (lambda t: t.insert(1, "twin", t["glasses"]), "'glasses' is the same as 'twin'.*--without glasses"),
        (lambda t: t.insert(1, "empty", ""), "empty"),
        (lambda t: t.__setitem__("image", t["image"].str.replace("face", "other")), "labels for 0 of 60 images"),
    ],
)
def test_labels_that_cannot_be_fitted(
    labels: Path, tiny_run: Path, change: Callable[[pd.DataFrame], None], message: str
) -> None:
    file = rewritten(labels, change)
    images = labels.parent / "images"
    chosen = {} if "empty" not in message else {"attributes": "empty"}
    config = make(AttributesFitConfig, {"labels": file, "images": images, "model": tiny_run, **chosen})
    with pytest.raises((DataError, ConfigError), match=message):
        fit(config)
    file.unlink()
    assert not Path("attributes").exists()


def test_unknown_attributes_are_suggested(labels: Path, tiny_run: Path) -> None:
    with pytest.raises(ConfigError, match="unknown attribute 'skin_tne' \\(did you mean 'skin_tone'"):
        fit(make(AttributesFitConfig, {"labels": labels, "model": tiny_run, "attributes": "skin_tne"}))


def test_sums_of_others_and_gaps_are_told(labels: Path, tiny_run: Path, heard: Any) -> None:
    def change(table: pd.DataFrame) -> None:
        table["both"] = table["age"] + 10 * table["glasses"]
        table.loc[:19, "sex"] = np.nan

    file = rewritten(labels, change)
    told, listen = heard
    made = fit(
        make(AttributesFitConfig, {"labels": file, "model": tiny_run, "attributes": "age,sex,glasses,both"}), listen
    )
    file.unlink()
    assert made.inseparable == [["age", "glasses", "both"]] and made.condition_number is None
    assert (made.images, made.complete) == (60, 40)
    assert any("age, glasses and both cannot be told apart" in text for text in told)
    assert any("only 40 of 60 labelled images have all labels" in text for text in told)
    assert [one.images for one in made.attributes] == [60, 40, 60, 60]


@pytest.mark.parametrize("calibrate", [True, False])
def test_a_set_with_amounts_and_the_way_back(
    fitted: Path, faces: Path, tiny_run: Path, space: Space, contents: Contents, calibrate: bool
) -> None:
    made = apply(ask(faces, calibrate=calibrate))
    table = StimulusSet.open(made.out).table
    assert table["amount"].tolist() == [-20, -10, 0, 10, 20] * 2
    assert set(table["attribute"]) == {"age"} and table["attribute_2"].isna().all()
    first, second = sorted(faces.iterdir())[:2]
    assert table["source_ids"].tolist() == [first.stem] * 5 + [second.stem] * 5
    assert np.flatnonzero(table["reconstruction_error"].notna()).tolist() == [2, 7]
    vectors = Vectors.open(fitted)
    assert vectors.attribute("age").r2 >= CARRIED, "else there would be nothing to calibrate"
    calibration = StimulusSet.open(made.out).provenance.as_written["plan"]["path"]["calibration"]
    far = np.array(calibration)[:5, 0] if calibrate else np.ones(5)
    assert (calibration is not None) == calibrate and far[2] == 1
    assert ((far >= LEAST) & (far <= MOST)).all()
    codes = space.encode([first]) + np.outer(far * table["amount"][:5], vectors.estimates["ols"][0])
    shown = [StimulusSet.open(made.out).image(name) for name in table["stim_id"][:5]]
    assert np.abs(np.stack(shown).astype(int) - space.decode(codes)).max() <= 1
    assert [one.source_id for one in made.faces] == [first.stem, second.stem]
    again = remake(make(RemakeConfig, {"target": made.out, "out": "again", "model": tiny_run}))
    assert again.identical and contents(again.out) == contents(made.out)


def test_an_edit_of_shape_and_one_of_texture_add_up_to_the_whole(fitted: Path, faces: Path, tmp_path: Path) -> None:
    moved = {}
    for part in ("both", "shape", "texture"):
        made = apply(ask(faces, vary=part, out=tmp_path / part))
        plan = json.loads((made.out / "provenance.json").read_text())["plan"]
        codes = Plan.from_json(plan).codes[:5].astype(np.float64)
        moved[part] = codes - codes[2]
    assert np.abs(moved["shape"]).max() > 0 and np.abs(moved["texture"]).max() > 0
    assert np.allclose(moved["shape"] + moved["texture"], moved["both"], atol=1e-5)


def test_two_attributes_are_crossed_and_others_held(fitted: Path, faces: Path) -> None:
    made = apply(
        ask(
            faces,
            attribute=["age", "skin_tone"],
            amount=["-1,0,1", "0:2:2"],
            unit="sd",
            hold="hair_color",
            out="crossed",
        )
    )
    found = StimulusSet.open(made.out)
    assert found.table["amount"].tolist() == [-1, 0, 1] * 4
    assert found.table["amount_2"].tolist() == ([0] * 3 + [2] * 3) * 2
    assert set(found.table["attribute_2"]) == {"skin_tone"}
    plan = found.provenance.as_written["plan"]
    assert plan["path"]["unit"] == "sd" and plan["path"]["held"] == ["hair_color"] and plan["columns"] == 3
    vectors = Vectors.open(fitted)
    said = vectors.predicted(Plan.from_json(plan).codes[:6])
    assert said[:, vectors.place("hair_color")] == pytest.approx(said[1, vectors.place("hair_color")], abs=1e-3)
    assert np.ptp(said[:, vectors.place("skin_tone")]) > 0.1


def test_a_negative_amount_is_no_option(fitted: Path, faces: Path, tmp_path: Path, capsys: Capture) -> None:
    face = str(sorted(faces.iterdir())[0])
    command = ["attributes", "apply", face, "--attribute", "skin_tone", "--amount", "-2:2:3", "--unit", "sd"]
    assert cli.main(command) == 0
    capsys.readouterr()
    assert cli.main(command) == 0
    assert "nothing to do" in capsys.readouterr().err
    assert len(StimulusSet.open(tmp_path / f"skin_tone_{Path(face).stem}")) == 3
    assert cli.main([*command[:-4], "--amount", "-1,0", "--out", "list"]) == 0
    assert StimulusSet.open(Path("list")).table["amount"].tolist() == [-1, 0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"attribute": ["age", "sex"]}, "2 times --attribute and 1 times --amount"),
        ({"attribute": ["age"] * 2, "amount": ["0,1"] * 2}, "'age' is there twice"),
        ({"attribute": ["a", "b", "c"], "amount": ["0,1"] * 3}, "3 attributes: a manifest tells of 2"),
        ({"hold": "age"}, "cannot be moved and held at once"),
        ({"amount": ["1:2"]}, "is not LOW:HIGH:N"),
        ({"amount": ["1,1"]}, "is not a list of different numbers"),
        ({"amount": ["1,nan"]}, "is not a list of different numbers"),
        ({"amount": ["much"]}, "is neither LOW:HIGH:N"),
    ],
)
def test_what_cannot_be_asked(faces: Path, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        ask(faces, **options)


def test_amounts() -> None:
    assert amounts("-2:2:5") == [-2, -1, 0, 1, 2] and amounts("-1, 0.5") == [-1, 0.5] and amounts("3") == [3]


def test_small_amounts_and_weak_attributes_are_told(fitted: Path, faces: Path, heard: Any) -> None:
    told, listen = heard
    apply(ask(faces, attribute=["age"], amount=["-2:2:3"]), listen)
    assert any("which is hardly seen (its SD is" in text for text in told)


@pytest.mark.parametrize(
    ("attribute", "amount", "unit", "said"),
    [
        ("age", "-200:200:3", "unit", True),
        ("glasses", "0,1.5", "unit", True),
        ("age", "0,50", "unit", True),
        ("age", "0,1", "unit", False),
        ("age", "0:9:2", "sd", True),
    ],
)
def test_amounts_beyond_the_labels_are_told_and_not_cut(
    fitted: Path, faces: Path, heard: Any, attribute: str, amount: str, unit: str, said: bool
) -> None:
    told, listen = heard
    made = apply(ask(faces, attribute=[attribute], amount=[amount], unit=unit), listen)
    beyond = [text for text in told if "asked for more, or less, than any image that was labelled has (" in text]
    assert len(beyond) == said
    assert StimulusSet.open(made.out).table["amount"].tolist() == amounts(amount) * 2


@pytest.mark.parametrize(("words", "options", "one"), [
    (("nein", "ja"), {}, "ja"), (("nein", "ja"), {"one": ["nein"]}, "nein"), (("f", "m"), {"one": ["glasses=f"]}, "f"),
])  # fmt: skip
def test_the_coding_is_said_all_the_way(
    labels: Path, faces: Path, tiny_run: Path, heard: Any, words: tuple[str, str], options: dict[str, Any], one: str
) -> None:
    """From the table to the provenance of the stimuli: +1 puts glasses on where `ja` says so, and takes none off."""
    file = rewritten(labels, lambda table: table.__setitem__("glasses", np.take(words, table["glasses"])))
    asked = {"labels": file, "images": faces, "model": tiny_run, "attributes": "age,glasses"}
    try:
        made = fit(make(AttributesFitConfig, {**asked, **options}))
        assert fit(make(AttributesFitConfig, {**asked, **options})) == made, "nothing to do"
        record = json.loads((made.out / "vectors.json").read_text())
        del record["command"]["coding"]  # as version 0.1 wrote it, with whatever coding
        files = record.pop(FILES)
        write_json(made.out / "vectors.json", {**record, FILES: {**files, "vectors.json": _seal(record)}})
        with pytest.raises(ConfigError, match="holds another folder of attribute vectors"):
            fit(make(AttributesFitConfig, {**asked, **options}))
        fit(make(AttributesFitConfig, {**asked, **options, "force": True}))
    finally:
        file.unlink()
    zero = next(word for word in words if word != one)
    [coding] = made.codings
    assert coding.startswith(f"glasses: '{one}' is 1 and '{zero}' is 0 (")
    assert show(make(AttributesShowConfig, {"n": 1})).codings == [coding]
    applied = apply(ask(faces, attribute=["glasses"], amount=["0,1"]))
    assert applied.codings == [coding]
    record = StimulusSet.open(applied.out).provenance.as_written["plan"]["path"]["attributes"][0]
    assert dict(record["levels"]) == {zero: 0, one: 1} and record["why"] in coding
    with_glasses = (pd.read_csv(labels)["glasses"] == words.index(one)).mean()
    assert Vectors.open(made.out).attribute("glasses").mean == pytest.approx(with_glasses)


def test_an_audit_keeps_to_the_coding_of_the_fit(tmp_path: Path) -> None:
    """Earlier versions took the second word in the alphabet for 1; their vectors are judged by what they were."""
    levels = {
        "glasses": (("ja", 0.0), ("nein", 1.0)),
        "sex": (("f", 0.0), ("m", 1.0)),
        "light": (("0", 0.0), ("1", 1.0)),
    }
    records = [
        AttributeRecord(name=name, kind="binary", column=name, levels=one, images=2, mean=0.5, sd=0.5, low=0, high=1,
                        r2=1, vif=1) for name, one in levels.items()
    ]  # fmt: skip
    file = tmp_path / "labels.csv"
    file.write_text("image,glasses,sex,light\na.png,ja,f,0\nb.png,nein,m,1\n")
    found = read_labels(file, **as_fitted(reading(None, None, {}, None), records))
    assert [(one.name, one.levels) for one in found.attributes] == list(levels.items())


def test_two_words_that_say_nothing_are_asked_about_all_at_once(labels: Path, faces: Path, tiny_run: Path) -> None:
    def change(table: pd.DataFrame) -> None:
        table["sex"] = np.where(table["sex"] > 0, "m", "f")
        table["group"] = np.where(table["age"] > 40, "b", "a")

    file = rewritten(labels, change)
    asked = {"labels": file, "images": faces, "model": tiny_run}
    with pytest.raises(ConfigError, match=r"'sex': which of 'f' and 'm' is 1\? --one 'sex=m'; 'group': which of"):
        fit(make(AttributesFitConfig, asked))
    assert [one.attribute for one in fit(make(AttributesFitConfig, {**asked, "attributes": "age"})).attributes] == [
        "age"
    ]
    told = {"one": ["sex=f", "b"], "attributes": "age,sex,group", "out": "two"}
    assert len(fit(make(AttributesFitConfig, {**asked, **told})).codings) == 2
    file.unlink()


def test_fifty_of_sixty_labelled_images_are_a_normal_case(
    labels: Path, faces: Path, tiny_run: Path, heard: Any
) -> None:
    told, listen = heard
    file = labels.parent / "changed.csv"
    pd.read_csv(labels)[10:].to_csv(file, index=False)
    asked = {"labels": file, "images": faces, "model": tiny_run, "attributes": "age,glasses"}
    made = fit(make(AttributesFitConfig, asked), listen)
    file.unlink()
    assert (made.images, made.complete) == (50, 50)
    assert any("50 of 60 images have labels (matched by path); none for" in text for text in told)


def test_a_workbooks_sheet_and_decimal_commas(labels: Path, faces: Path, tiny_run: Path, heard: Any) -> None:
    told, listen = heard
    table = pd.read_csv(labels)[["image", "age", "glasses"]]
    file = labels.parent / "changed.ods"
    with pd.ExcelWriter(file, engine="odf") as book:
        pd.DataFrame({"who": ["Anna"]}).to_excel(book, sheet_name="About", index=False)
        table.to_excel(book, sheet_name="Ratings", index=False)
        table.assign(age=table["age"] * 2).to_excel(book, sheet_name="Doubled", index=False)
    asked = {"labels": file, "images": faces, "model": tiny_run}
    made = fit(make(AttributesFitConfig, asked), listen)
    doubled = fit(make(AttributesFitConfig, {**asked, "sheet": "Doubled", "out": "doubled"}))
    file.unlink()
    assert any("the sheet 'Ratings' is read, and not 'About', 'Doubled'" in text for text in told)
    assert [one.mean for one in made.attributes] == pytest.approx(table[["age", "glasses"]].mean().tolist())
    assert doubled.attributes[0].mean == pytest.approx(2 * made.attributes[0].mean)
    file = labels.parent / "changed.csv"
    table.to_csv(file, index=False, sep=";", decimal=",", encoding="utf-16")
    german = fit(make(AttributesFitConfig, {**asked, "labels": file, "out": "german"}), listen)
    file.unlink()
    assert german.attributes == made.attributes


def test_vectors_of_another_model_are_refused(fitted: Path, faces: Path, plant: Any) -> None:
    with pytest.raises(CheckpointError, match=r"is not the model that made [^ ]+ \(sha256_"):
        apply(ask(faces, model=plant(size=32)))


def test_both_sheets(fitted: Path, tiny_run: Path, capsys: Capture) -> None:
    config = {"vectors": fitted, "n": 3, "attributes": "age,skin_tone"}
    made = show(make(AttributesShowConfig, config))
    alone, on_faces = (np.asarray(Image.open(path)) for path in (made.alone, made.faces))
    assert alone.shape[1] > 10 * 96 and alone.shape[0] > 2 * 96
    assert on_faces.shape[0] > 3 * 96 and on_faces.shape[1] > 4 * 96
    before = made.alone.stat().st_mtime_ns
    assert show(make(AttributesShowConfig, config)).alone.stat().st_mtime_ns == before
    with pytest.raises(ConfigError, match="holds another pair of sheets"):
        show(make(AttributesShowConfig, {**config, "amount": 3}))
    with pytest.raises(ConfigError, match="did you mean 'age'"):
        show(make(AttributesShowConfig, {**config, "attributes": "agee"}))


def test_an_audit_of_the_samples(
    fitted: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture, contents: Contents
) -> None:
    monkeypatch.setattr(auditing, "HELD_OUT", 40)
    command = ["--json", "attributes", "audit", str(fitted), "--n", "120", "--sources", "10"]
    assert cli.main(command) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["names"] == CHOSEN.split(",") and len(found["matrix_ols"]) == 5
    for name in ("leakage_ols", "leakage_mean_difference", "success_ols", "identity_ols"):
        assert name in found
    assert 0 <= found["identity_ols"] <= 1
    by_name = {one["attribute"]: one for one in found["attributes"]}
    assert by_name["skin_tone"]["predictor_r2"] > 0.8
    # The tiny model has hardly learned to draw, and is told so.
    assert by_name["skin_tone"]["shown"] < 0.25
    assert any("the decoded pictures hardly show it" in one["finding"] for one in found["in_words"])
    assert by_name["glasses"]["predictor_accuracy"] is not None
    folder = fitted.with_name("attributes_audit")
    before = contents(folder)
    assert set(before) == {"audit.json", "leakage_ols.png", "leakage_mean_difference.png"}
    assert cli.main(command) == 0
    assert "nothing to do" in capsys.readouterr().err and contents(folder) == before
    assert cli.main([*command, "--seed", "1"]) == 2


def test_an_audit_of_the_direction_that_is_really_taken(fitted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ridge with the skin held, beside OLS and mean differences, as vectors alone: what differs is what was asked."""
    monkeypatch.setattr(auditing, "HELD_OUT", 40)
    asked = {"vectors": fitted, "n": 120, "sources": 10, "calibrate": False}
    plain = audit(make(AttributesAuditConfig, {**asked, "out": "plain"}))
    assert plain.used == [] and plain.rms_ols[0][2] is not None
    held = audit(make(AttributesAuditConfig, {**asked, "estimator": "ridge", "hold": "skin_tone", "out": "held"}))
    assert [one.attribute for one in held.used] == CHOSEN.split(",") and held.attributes == plain.attributes
    vectors = Vectors.open(fitted)
    taken = auditing.directions(make(AttributesAuditConfig, {"estimator": "ridge", "hold": "skin_tone"}), vectors)
    place = vectors.place("skin_tone")
    said = taken @ vectors.readout[place].astype(float)
    assert np.delete(said, place) == pytest.approx(0, abs=1e-5) and abs(said[place]) > 0.1
    with pytest.raises(ConfigError, match="did you mean 'skin_tone'"):
        audit(make(AttributesAuditConfig, {**asked, "hold": "skin_tne", "out": "none"}))
    assert not Path("none").exists()


@pytest.fixture
def squares(tmp_path: Path) -> Path:
    """400 pictures of a square: light or dark, tall or not (these go together), and `pale`, which is not dark."""
    chance = np.random.default_rng(0)
    folder = tmp_path / "squares" / "images"
    folder.mkdir(parents=True)
    rows = []
    for number in range(400):
        light = int(chance.random() < 0.5)
        tall = float(np.clip(chance.normal(0.4 + 0.15 * light, 0.2), 0, 1))
        picture = chance.normal(60, 6, (32, 32, 3))
        picture[4 : 10 + round(16 * tall), 8:24] += 40 + 100 * light
        Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8)).save(folder / f"s{number:03}.png")
        rows.append({"file": f"images/s{number:03}.png", "light": light, "tall": tall, "dark": 1 - light})
    pd.DataFrame(rows).to_csv(folder.parent / "labels.csv", index=False)
    return folder.parent / "labels.csv"


def test_an_audit_of_labels(squares: Path, tiny_run: Path, heard: Any) -> None:
    told, listen = heard
    fit(make(AttributesFitConfig, {"labels": squares, "model": tiny_run}), listen)
    audit(make(AttributesAuditConfig, {"sources": 20}), listen)
    assert any("light and dark cannot be told apart" in text for text in told)
    assert any(re.search("no balanced subset of these images exists for light, .*dark:", text) for text in told)
    fit(make(AttributesFitConfig, {"labels": squares, "model": tiny_run, "without": "dark", "force": True}))
    made = audit(make(AttributesAuditConfig, {"sources": 20, "force": True}))
    light, tall = made.attributes
    assert light.predictor_accuracy and light.predictor_accuracy > 0.95
    assert tall.predictor_r2 and tall.predictor_r2 > 0.7
    assert [(pair.moved, pair.into) for pair in made.pairs] == [("light", "tall"), ("tall", "light")]
    assert made.leakage_ols is not None and made.leakage_mean_difference is not None
    assert "not fitted on" in made.predictors_learned_from
    squares.write_text(squares.read_text() + "\n")
    with pytest.raises(DataError, match="the table of labels of attributes is gone or was changed since the fit"):
        audit(make(AttributesAuditConfig, {"sources": 20, "seed": 1, "out": "other"}))


def test_too_few_labels_to_audit(labels: Path, fitted: Path, tiny_run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gaia_stim.space.fitting._are_samples", lambda *_: False)
    fit(make(AttributesFitConfig, {"labels": labels, "model": tiny_run, "attributes": CHOSEN, "force": True}))
    with pytest.raises(DataError, match="60 labelled images are too few for an audit; 200 are needed"):
        audit(make(AttributesAuditConfig, {}))
