"""True midpoints, judged on models whose midpoints are known: planted ones, made of the attributes themselves."""

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from skimage.metrics import structural_similarity

from gaia_stim import cli
from gaia_stim.errors import ConfigError
from gaia_stim.evaluation import midpoints
from gaia_stim.evaluation.midpoints import OPPOSITE, RANDOM, check_graded, draw, midpoint_figures, pairs
from gaia_stim.samples import ATTRIBUTES, deal, draw_face
from gaia_stim.space.space import Space
from gaia_stim.stimuli.plans.continua import morph_plan

SIZE, NUMBER = 32, 8


class Knows:
    """A space whose codes are attributes, taken from whom it has met, and whose pictures are drawn from them."""

    def __init__(self, drawn: midpoints.Drawn, wanted: list[midpoints.Pair]) -> None:
        faces = [pair.first for pair in wanted] + [pair.second for pair in wanted] + [pair.middle for pair in wanted]
        pictures = np.concatenate([drawn.first, drawn.second, drawn.truth])
        self.met = {picture.tobytes(): face for picture, face in zip(pictures, faces, strict=True)}

    def encode(self, images: Any) -> np.ndarray:
        return np.array([list(self.met[image.tobytes()].values()) for image in images])

    def decode(self, codes: np.ndarray) -> np.ndarray:
        # Codes are float32, whose last digit may leave a range or a binary value.
        faces = [dict(zip(ATTRIBUTES, np.round(code, 4).tolist(), strict=True)) for code in codes]
        return np.stack([draw_face(face, SIZE) for face in faces])


class CrossFades(Knows):
    """Its codes are pixels."""

    def encode(self, images: Any) -> np.ndarray:
        return np.stack(list(images)).reshape(len(images), -1).astype(np.float64)

    def decode(self, codes: np.ndarray) -> np.ndarray:
        return np.rint(codes).astype(np.uint8).reshape(-1, SIZE, SIZE, 3)


def world(kind: str = OPPOSITE) -> tuple[midpoints.Drawn, list[midpoints.Pair]]:
    wanted = pairs(kind, NUMBER)
    return draw(kind, wanted, SIZE), wanted


def test_opposite_pairs_look_to_both_sides_and_share_what_is_there_or_not() -> None:
    for pair in pairs(OPPOSITE, 40):
        assert pair.first["yaw"] * pair.second["yaw"] < 0
        assert min(abs(pair.first["yaw"]), abs(pair.second["yaw"])) > 12
        assert pair.first["glasses"] == pair.second["glasses"] == pair.middle["glasses"]
        assert pair.middle["yaw"] == pytest.approx((pair.first["yaw"] + pair.second["yaw"]) / 2)


def test_none_of_them_can_have_been_trained_on() -> None:
    trained = {tuple(deal(index, seed).values()) for index in range(300) for seed in range(3)}
    seen = {tuple(face.values()) for pair in pairs(RANDOM, 100) for face in (pair.first, pair.second)}
    assert len(seen) == 200 and seen.isdisjoint(trained)
    assert pairs(RANDOM, 3, seed=1) != pairs(RANDOM, 3, seed=0) == pairs(RANDOM, 3)


@pytest.mark.parametrize("name", ["yaw", "hair_length", "age"])
def test_pairs_of_one_attribute_differ_in_nothing_else(name: str) -> None:
    spec = ATTRIBUTES[name]
    for pair in pairs(name, 10):
        assert {other for other in ATTRIBUTES if pair.first[other] != pair.second[other]} == {name}
        places = [(face[name] - spec.low) / (spec.high - spec.low) for face in (pair.first, pair.middle, pair.second)]
        assert places == pytest.approx([0.1, 0.5, 0.9])


def test_a_model_that_knows_the_attributes_has_a_share_of_1_and_a_cross_fade_0() -> None:
    drawn, wanted = world()
    known = midpoint_figures(Knows(drawn, wanted), drawn)  # type: ignore[arg-type]
    assert known.share == pytest.approx(1, abs=0.01) and known.ssim == pytest.approx(1, abs=0.01)
    assert known.truth_ssim == pytest.approx(1, abs=1e-4) and known.truth_l1 == pytest.approx(0, abs=1e-4)
    faded = midpoint_figures(CrossFades(drawn, wanted), drawn)  # type: ignore[arg-type]
    assert faded.share == pytest.approx(0, abs=0.01)
    assert faded.ssim == pytest.approx(known.blend_ssim, abs=0.005)


def test_the_figures_are_what_their_definition_says() -> None:
    """From the pictures alone, by another library's SSIM with the published window."""
    drawn, _ = world(RANDOM)
    first, second, truth = drawn.first.astype(float), drawn.second.astype(float), drawn.truth
    blended = np.round((first + second) / 2).astype(np.uint8)

    def similarity(pictures: np.ndarray) -> float:
        options = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
        both = zip(pictures, truth, strict=True)
        return float(
            np.mean([structural_similarity(a, b, channel_axis=-1, data_range=255, **options) for a, b in both])
        )

    shifted = np.roll(truth, 1, axis=2)
    worse = SimpleNamespace(
        encode=lambda images: np.zeros((len(images), 2)),
        decode=lambda codes: shifted if len(codes) == NUMBER else None,
    )
    found = midpoint_figures(worse, drawn)  # type: ignore[arg-type]
    assert found.blend_ssim == pytest.approx(similarity(blended), abs=1e-12)
    assert found.ssim == found.truth_ssim == pytest.approx(similarity(shifted), abs=1e-12)
    assert found.l1 == pytest.approx(float(np.abs(shifted.astype(float) - truth).mean() / 255))
    expected = 1.0 if similarity(shifted) - similarity(blended) >= 0.05 else None
    assert found.share == expected


def test_there_is_no_share_where_the_blend_is_nearly_the_truth() -> None:
    drawn, wanted = world("skin_tone")
    found = midpoint_figures(Knows(drawn, wanted), drawn)  # type: ignore[arg-type]
    assert found.truth_ssim - found.blend_ssim < 0.05
    assert found.share is None and found.share_interval is None
    assert found.named("skin_tone")["midpoint_share_skin_tone"] is None


def test_the_interval_holds_the_share_and_narrows_with_pairs() -> None:
    rng = np.random.default_rng(0)
    similar = np.stack([rng.normal(mean, 0.1, 400) for mean in (0.85, 0.65, 0.95)])
    wide, narrow = midpoints._interval(similar[:, :40], 0), midpoints._interval(similar, 0)
    assert narrow[0] < (0.85 - 0.65) / (0.95 - 0.65) < narrow[1]
    assert narrow[1] - narrow[0] < (wide[1] - wide[0]) / 2


def test_binary_and_unknown_attributes_have_no_midpoints() -> None:
    check_graded("yaw")
    with pytest.raises(ConfigError, match="glasses: is there or is not"):
        check_graded("glasses")
    with pytest.raises(ConfigError, match=r"unknown attribute 'hair_lenght' \(did you mean 'hair_length'"):
        check_graded("hair_lenght")


# -- the verb ----------------------------------------------------------------------------------------------------------

Plant = Callable[..., Path]
KEYS = [
    f"{name}_{kind}"
    for kind in ("opposite", "random")
    for name in ("midpoint_share", "midpoint_ssim", "blend_ssim", "truth_ssim")
]


def asked(capsys: pytest.CaptureFixture[str], *words: object) -> Any:
    assert cli.main(["--json", "benchmark", "midpoints", *map(str, words), "--pairs", "8"]) == 0
    return json.loads(capsys.readouterr().out)


def test_one_model_is_one_flat_object_and_several_are_rows(plant: Plant, capsys: pytest.CaptureFixture[str]) -> None:
    a, b = plant("a", network="deform"), plant("b", network="light")
    one = asked(capsys, a, "--out", "one")
    assert set(KEYS) <= set(one)
    assert Path("one/a_opposite.png").is_file() and Path("one/a_random.png").is_file()
    assert json.loads(Path("one/midpoints.json").read_text())["models"][0]["midpoint_ssim_opposite"] == pytest.approx(
        one["midpoint_ssim_opposite"]
    )
    two = asked(capsys, a, b, "--out", "two")
    assert [row["model"] for row in two["models"]] == ["a", "b"]
    assert two["models"][0]["midpoint_ssim_random"] == one["midpoint_ssim_random"]


def test_middles_at_the_photographs_own_size(plant: Plant, capsys: pytest.CaptureFixture[str]) -> None:
    """The figures of faces that are carried, computed anew with scikit-image from what `morph` shows."""
    run = plant("a", network="deform")
    found = asked(capsys, run, "--size", "64", "--out", "large")
    assert Path("large/a_opposite_64.png").is_file()
    drawn, space = draw(OPPOSITE, pairs(OPPOSITE, NUMBER), 64), Space.load(run)
    ways: dict[str, list[float]] = {"carried": [], "carried_mean": [], "blend": []}
    for a, b, truth in zip(drawn.first, drawn.second, drawn.truth, strict=True):
        middles = {
            "carried": morph_plan(space, a, b, 3).pictures(space)[1],
            "carried_mean": morph_plan(space, a, b, 3, detail="mean").pictures(space)[1],
            "blend": np.rint((a.astype(float) + b) / 2).astype(np.uint8),
        }
        for name, middle in middles.items():
            how: dict[str, Any] = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
            ways[name].append(structural_similarity(middle, truth, channel_axis=2, data_range=255, **how))
    for name, values in ways.items():
        assert found[f"{name}_ssim_64_opposite"] == pytest.approx(np.mean(values), abs=0.01)
    assert found["folds_64_opposite"] == 0
    assert cli.main(["benchmark", "midpoints", str(plant("b", network="light")), "--size", "64"]) == 2
    assert "this model has no shape" in capsys.readouterr().err


def test_one_attribute_by_name(plant: Plant, capsys: pytest.CaptureFixture[str]) -> None:
    found = asked(capsys, plant(), "--attribute", "yaw,age")
    assert {"midpoint_ssim_yaw", "truth_ssim_age"} <= set(found) and "midpoint_ssim_opposite" not in found
    assert cli.main(["benchmark", "midpoints", "--attribute", "glasses"]) == 2
    assert "nothing lies half-way" in capsys.readouterr().err


def test_a_grey_model_and_a_folder_of_somebody(plant: Plant, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["benchmark", "midpoints", str(plant("grey", channels=1))]) == 2
    assert "a model of grey images" in capsys.readouterr().err
    Path("mine").mkdir()
    Path("mine/notes.txt").write_text("mine")
    assert cli.main(["benchmark", "midpoints", str(plant("b")), "--out", "mine"]) == 2
    assert "exists and is not a folder of midpoints" in capsys.readouterr().err
    assert Path("mine/notes.txt").read_text() == "mine"
