"""What is gathered from a real space and a real folder, and what is made of it."""

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gaia_stim.dataset import Dataset, open_dataset
from gaia_stim.errors import DataError
from gaia_stim.evaluation import evidence as module
from gaia_stim.evaluation.evidence import blend, gather, pairs_in_groups
from gaia_stim.evaluation.measure import in_words, measure
from gaia_stim.events import Progress
from gaia_stim.metrics import METRICS
from gaia_stim.metrics.evidence import Evidence
from gaia_stim.space.space import Space

IMAGES = 420


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures of 16 pixels: a coarse random pattern each."""
    home = tmp_path_factory.mktemp("patterns")
    patterns = np.random.default_rng(0).integers(0, 256, (IMAGES, 4, 4, 3), dtype=np.uint8)
    for number, pattern in enumerate(patterns):
        Image.fromarray(pattern).resize((16, 16), Image.Resampling.BILINEAR).save(home / f"{number:03}.png")
    return home


@pytest.fixture
def dataset(folder: Path) -> Dataset:
    return open_dataset(folder, 16)


@pytest.fixture
def planted(plant: object) -> Space:
    return Space.load(plant(size=16))  # type: ignore[operator]


def same(a: Evidence, b: Evidence) -> bool:
    return all(np.array_equal(getattr(a, name), getattr(b, name)) for name in Evidence.__dataclass_fields__)


def test_each_with_each_of_its_group_once_and_twice_a_round() -> None:
    pairs = pairs_in_groups(14)
    assert sorted(map(sorted, pairs.tolist())) == [
        [start + a, start + b] for start in (0, 7) for a, b in combinations(range(7), 2)
    ]
    assert all((np.bincount(part.ravel()) == 2).all() for part in np.split(pairs, 3))


def test_a_blend_is_the_rounded_mean() -> None:
    a, b = np.array([[0, 255, 3]], np.uint8), np.array([[255, 255, 4]], np.uint8)
    assert blend(a, b).tolist() == [[128, 255, 4]]


def test_what_is_gathered_is_what_it_says(planted: Space, dataset: Dataset) -> None:
    found = gather(planted, dataset)
    n = len(found.held_out)
    assert n % 7 == 0 and n >= 35 and len(found.midpoints) == 3 * n
    held_out = {image.tobytes() for image in dataset.batch(dataset.rows("validation"))}
    assert {image.tobytes() for image in found.held_out} <= held_out
    assert held_out.isdisjoint(image.tobytes() for image in found.training)
    np.testing.assert_array_equal(found.codes, planted.encode(found.held_out))
    np.testing.assert_array_equal(found.reconstructions, planted.decode(found.codes))
    a, b = found.pairs.T
    np.testing.assert_array_equal(found.groups[a], found.groups[b])
    np.testing.assert_allclose(found.midpoint_codes, (found.codes[a] + found.codes[b]) / 2, rtol=1e-6)
    np.testing.assert_array_equal(found.midpoints, planted.decode(found.midpoint_codes))
    np.testing.assert_array_equal(found.midpoint_codes_again, planted.encode(found.midpoints))
    np.testing.assert_array_equal(found.blends, blend(found.held_out[a], found.held_out[b]))
    ends = {(first.tobytes(), last.tobytes()) for first, last in found.morphs[:, [0, -1]]}
    assert ends <= {(found.reconstructions[i].tobytes(), found.reconstructions[j].tobytes()) for i, j in found.pairs}


def test_the_seed_decides_and_nothing_else(planted: Space, dataset: Dataset) -> None:
    assert same(gather(planted, dataset, seed=3), gather(planted, dataset, seed=3))
    assert not same(gather(planted, dataset, seed=3), gather(planted, dataset, seed=4))


def test_the_sample_is_bounded(planted: Space, dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TRAINING", 110)
    monkeypatch.setattr(module, "HELD_OUT", 36)
    found = gather(planted, dataset)
    assert (len(found.training), len(found.held_out), len(found.midpoints)) == (110, 35, 105)


def test_figures_that_need_more_images_than_there_are_are_none_and_say_so(
    space: Space, faces: Path, held_out: int
) -> None:
    figures, reasons = measure(gather(space, open_dataset(faces, 32)))
    missing = {name for name, figure in figures.items() if figure is None}
    assert missing == set(reasons) and {"midpoint_auc", "matched_auc"} <= missing
    assert "reconstruction_ssim" not in missing and "structure_spearman" not in missing
    used = held_out - held_out % 7 if held_out >= 7 else held_out
    assert f"there are {used}" in reasons["midpoint_auc"]
    words = " ".join(in_words(figures))
    assert "SSIM" in words and "told from" not in words and "None" not in words


def test_a_single_image_is_too_few_for_anything(space: Space, faces: Path) -> None:
    dataset = open_dataset(faces, 32)
    one = dataset.split(np.arange(len(dataset)) == 0)
    with pytest.raises(DataError, match="1 held-out images are too few to measure by; at least 2"):
        gather(space, one)


def test_all_figures_and_their_words(planted: Space, dataset: Dataset) -> None:
    told: list[Progress] = []
    evidence = gather(planted, dataset)
    figures, reasons = measure(evidence, told.append)  # type: ignore[arg-type]
    assert list(figures) == list(METRICS) and not reasons
    assert told[-1] == Progress("measuring", len(METRICS), len(METRICS))
    assert figures == measure(gather(planted, dataset))[0]
    words = list(in_words(figures))
    assert not any("{" in sentence for sentence in words)
    assert any(f"{figures['midpoint_auc']:.0%} of the time" in sentence for sentence in words)


def test_an_untrained_model_measures_badly(planted: Space, dataset: Dataset) -> None:
    figures, _ = measure(gather(planted, dataset))
    assert figures["reconstruction_l1"] > 0.1
    assert figures["reconstruction_auc"] > 0.9
    assert figures["structure_spearman"] < figures["pca_structure_spearman"]
