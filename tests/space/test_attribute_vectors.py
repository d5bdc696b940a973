"""Vectors on disk, and directions that leave alone what is held."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gaia_stim.errors import ConfigError, DataError
from gaia_stim.files import hash_file, write_json
from gaia_stim.space.vectors import JSON, TENSORS, AttributeRecord, Vectors, VectorsRecord

NAMES = ("age", "sex", "glasses")


def some_vectors(r2: tuple[float, ...] = (0.8, 0.8, 0.0)) -> Vectors:
    chance = np.random.default_rng(0)
    count, latent = len(NAMES), 12

    def draw(*shape: int) -> np.ndarray:
        return chance.normal(size=shape).astype(np.float32)

    vectors = draw(count, latent)
    attributes = tuple(
        AttributeRecord(
            name=name, kind="graded", column=name, images=50, mean=0, sd=1 + place, low=-2, high=2, r2=one, vif=1.2
        )
        for place, (name, one) in enumerate(zip(NAMES, r2, strict=True))
    )
    record = VectorsRecord(
        gaia_stim="0",
        command={"reading": {"categories": [], "missing": ["-1"]}},
        run="r",
        model_hash="sha256_1",
        latent=latent,
        labels="l",
        labels_hash="h",
        images="i",
        images_hash="h",
        images_total=50,
        images_matched=50,
        images_complete=50,
        samples=False,
        attributes=attributes,
        correlations=((1.0,),),
        condition_number=2.0,
        inseparable=(),
        ridge_penalty=1.0,
        warnings=(),
    )
    estimates = {"ols": vectors, "mean_difference": draw(count, latent), "ridge": draw(count, latent)}
    return Vectors(
        record, estimates, {"ols": draw(count, latent)}, vectors + draw(count, latent), draw(count), draw(latent)
    )


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    folder = tmp_path / "attributes"
    folder.mkdir()
    write_json(folder / JSON, some_vectors().save(folder))
    return folder


def test_what_is_saved_is_read(saved: Path) -> None:
    before, after = some_vectors(), Vectors.open(saved)
    for name in before.estimates:
        assert (after.estimates[name] == before.estimates[name]).all()
    assert (after.readout == before.readout).all() and (after.mean == before.mean).all()
    assert after.record.attributes == before.record.attributes
    assert after.record.tensors_hash == hash_file(saved / TENSORS)


@pytest.mark.parametrize("hold", [["sex"], ["sex", "sex"]])
def test_what_is_held_is_predicted_as_before(hold: list[str]) -> None:
    vectors = some_vectors()
    plain, held = vectors.direction("age"), vectors.direction("age", hold=hold)
    assert plain == pytest.approx(vectors.estimates["ols"][0])
    assert abs(vectors.readout[1] @ plain) > 0.1
    codes = np.random.default_rng(1).normal(size=(4, 12))
    before, after = vectors.predicted(codes), vectors.predicted(codes + 3 * held)
    assert after[:, 1] == pytest.approx(before[:, 1], abs=1e-5)
    assert (np.abs(after[:, 0] - before[:, 0]) > 0.1).all()
    # It stays among the attributes' vectors.
    basis = vectors.estimates["ols"][:2].astype(float)
    assert np.linalg.norm(held - np.linalg.lstsq(basis.T, held, rcond=None)[0] @ basis) < 1e-6


def test_what_cannot_be_held() -> None:
    vectors = some_vectors()
    with pytest.raises(ConfigError, match=r"unknown attribute 'aeg' \(did you mean 'age'\?\)"):
        vectors.direction("sex", hold=["aeg"])
    with pytest.raises(ConfigError, match=r"unknown attribute of faces/vectors 'aeg' \(did you mean 'age'\?\)"):
        replace(vectors, folder=Path("faces/vectors")).direction("sex", hold=["aeg"])
    with pytest.raises(ConfigError, match="'glasses' cannot be held: the codes hardly say anything of it"):
        vectors.direction("sex", hold=["glasses"])
    with pytest.raises(ConfigError, match="moved and held"):
        vectors.direction("sex", hold=["sex"])
    with pytest.raises(ConfigError, match="unknown estimator 'pls'"):
        vectors.direction("sex", "pls")


def test_nothing_is_left_of_a_twin() -> None:
    vectors = some_vectors()
    for rows in (vectors.estimates["ols"], vectors.readout):
        rows[1] = rows[0]
    with pytest.raises(ConfigError, match="nothing is left of 'age' where sex is held"):
        vectors.direction("age", hold=["sex"])


def test_no_vectors(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no attribute vectors .*'gaia-stim attributes fit' makes them"):
        Vectors.open(tmp_path)


@pytest.mark.parametrize("field", ["attributes", "latent", "model_hash"])
def test_a_damaged_record(saved: Path, field: str) -> None:
    record = json.loads((saved / JSON).read_text())
    del record[field]
    (saved / JSON).write_text(json.dumps(record))
    with pytest.raises(DataError, match=f"not a record of vectors \\('{field}'"):
        Vectors.open(saved)


@pytest.mark.parametrize(
    "reading",
    [None, [], {"categories": -1}, {"baselines": []}, {"ones": [3]}, {"decimal": ";"}, {"surprise": 1}],
    ids=str,
)
def test_how_labels_were_read_is_what_it_can_be(reading: object, saved: Path) -> None:
    record = json.loads((saved / JSON).read_text())
    write_json(saved / JSON, {**record, "command": {**record["command"], "reading": reading}})
    with pytest.raises(DataError, match=r"vectors\.json: not a record of vectors \('command' its reading: "):
        Vectors.open(saved)


@pytest.mark.parametrize("field", ["mean", "sd", "low", "high", "r2", "vif"])
def test_a_figure_of_an_attribute_is_a_number(field: str, saved: Path) -> None:
    record = json.loads((saved / JSON).read_text())
    record["attributes"][0][field] = "NaN"
    write_json(saved / JSON, record)
    with pytest.raises(DataError, match=rf"not a record of vectors \('attributes.0.{field}' input should be a finite"):
        Vectors.open(saved)


def test_damaged_vectors(saved: Path) -> None:
    content = bytearray((saved / TENSORS).read_bytes())
    content[-1] ^= 1
    (saved / TENSORS).write_bytes(content)
    with pytest.raises(DataError, match=r"damaged|is not the file that vectors\.json tells of"):
        Vectors.open(saved)
    (saved / TENSORS).write_bytes(b"\x80\x04pickle")
    with pytest.raises(DataError, match="not a safetensors file"):
        Vectors.open(saved)
    (saved / TENSORS).unlink()
    with pytest.raises(DataError, match="no such file"):
        Vectors.open(saved)


def test_vectors_that_are_no_numbers_or_of_another_shape(tmp_path: Path) -> None:
    vectors = some_vectors()
    vectors.estimates["ols"][0, 0] = np.nan
    write_json(tmp_path / JSON, vectors.save(tmp_path))
    with pytest.raises(DataError, match="'ols' holds what is not a number"):
        Vectors.open(tmp_path)
    record = json.loads((tmp_path / JSON).read_text()) | {"latent": 11}
    (tmp_path / JSON).write_text(json.dumps(record))
    with pytest.raises(DataError, match=r"'ols' is \(3, 12\) of torch.float32, not \(3, 11\)"):
        Vectors.open(tmp_path)
