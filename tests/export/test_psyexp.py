"""The .psyexp: every look of a trial, in well-formed XML, under names that no column has."""

import ast
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from planted_sets import planted_morph

from gaia_stim.config import DesignConfig, PresentationConfig
from gaia_stim.designs import DESIGNS
from gaia_stim.errors import ConfigError, DataError
from gaia_stim.export import psychojs, psychopy
from gaia_stim.export.settings import KEYS, presentation
from gaia_stim.export.trial_screens import PICTURES, screen_of
from gaia_stim.pipeline.designs import design
from gaia_stim.stimuli.sets import StimulusSet
from gaia_stim.stimuli.trials import Trials, read_trials

LOOKS = [*DESIGNS, "mlds-triads"]


@pytest.fixture(scope="module")
def stimuli(tmp_path_factory: pytest.TempPathFactory) -> StimulusSet:
    return planted_morph(tmp_path_factory.mktemp("sets") / "set", 5)


@pytest.fixture(scope="module")
def designs(stimuli: StimulusSet, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Trials]:
    home = tmp_path_factory.mktemp("designs")
    made = {}
    for look in LOOKS:
        config = DesignConfig(
            kind=look.removesuffix("-triads"),
            stimuli=stimuli.folder,
            out=home / look,
            triads=look == "mlds-triads",
            participants=2,
        )
        made[look] = read_trials(design(config).out, stimuli)
    return made


def written(stimuli: StimulusSet, trials: Trials | None, out: Path, **asked: object) -> ElementTree.Element:
    out.mkdir()
    psychopy.write(stimuli, out, trials, how=presentation(stimuli, trials, PresentationConfig(**asked)))
    return ElementTree.parse(out / "experiment.psyexp").getroot()


def param(part: ElementTree.Element, name: str) -> str:
    found = part.find(f"Param[@name='{name}']")
    assert found is not None, name
    return found.attrib["val"]


def part(root: ElementTree.Element, name: str) -> ElementTree.Element:
    found = root.find(f".//*[@name='{name}']")
    assert found is not None, name
    return found


@pytest.mark.parametrize("look", LOOKS)
def test_a_trial_shows_each_stimulus_once_and_takes_every_answer(
    stimuli: StimulusSet, designs: dict[str, Trials], look: str, tmp_path: Path
) -> None:
    trials = designs[look]
    root = written(stimuli, trials, tmp_path / "out")
    shown = [param(one, "image") for one in root.findall(".//Routine[@name='gaia_trial']/ImageComponent")]
    places = [place for place in "abcd" if (trials.table[f"stim_{place}"] != "").all()]
    assert sorted(shown) == [f"$image_{place}" for place in places]
    keys = re.findall(r"'(\w+)'", param(part(root, "gaia_key"), "allowedKeys"))
    answers = trials.record["answers"] if look != "adjustment" else ["less", "more", "done"]
    assert [KEYS[look][answer] for answer in answers] == keys


def test_no_two_pictures_of_a_trial_lie_upon_each_other() -> None:
    for look, pictures in PICTURES.items():
        for number, one in enumerate(pictures):
            for other in pictures[:number]:
                assert abs(one.x - other.x) >= 1 or abs(one.y - other.y) >= 1, look


def test_everything_is_called_so_that_no_column_can_be(stimuli: StimulusSet, tmp_path: Path) -> None:
    root = written(stimuli, None, tmp_path / "out")
    names = {one.attrib["name"] for one in root.iter() if one.tag.endswith(("Component", "Routine", "LoopInitiator"))}
    assert names and all(name.startswith("gaia_") for name in names)


def test_a_column_that_is_called_so_is_refused(
    stimuli: StimulusSet, designs: dict[str, Trials], tmp_path: Path
) -> None:
    trials = designs["identification"]
    with pytest.raises(DataError, match="gaia_key"):
        psychopy.write(stimuli, tmp_path, Trials(trials.task, trials.table.assign(gaia_key=1), trials.record))


@pytest.mark.parametrize("look", LOOKS)
def test_its_code_is_python(stimuli: StimulusSet, designs: dict[str, Trials], look: str, tmp_path: Path) -> None:
    root = written(stimuli, designs[look], tmp_path / "out")
    for code in root.iter("CodeComponent"):
        for when in ("Begin Experiment", "Begin Routine", "Each Frame", "End Routine"):
            if (found := code.find(f"Param[@name='{when}']")) is not None:
                ast.parse(found.attrib["val"].replace("&#10;", "\n"))


def test_times_and_sizes_are_those_that_were_asked_for(
    stimuli: StimulusSet, designs: dict[str, Trials], tmp_path: Path
) -> None:
    asked = {"fixation": "400:600", "duration": 250, "isi": 300, "mask": "noise", "timeout": 2000, "degrees": 6.0}
    root = written(stimuli, designs["same-different"], tmp_path / "out", **asked)
    assert "0.4 + 0.2 * random()" in param(part(root, "gaia_waiting"), "Begin Routine")
    first, mask, second = (part(root, name) for name in ("gaia_first", "gaia_first_mask", "gaia_show_b"))
    assert param(first, "stopVal") == "0.25" and param(mask, "startVal") == "0.25"
    assert float(param(second, "startVal")) == pytest.approx(0.25 + 0.25 + 0.3)
    assert param(second, "stopVal") == "0.25" and param(part(root, "gaia_key"), "stopVal") == "2"
    assert param(root.find("Settings"), "Units") == "deg"  # type: ignore[arg-type]
    # Planted pictures are 12 wide and 8 high.
    assert param(second, "size") == "(6 * gaia_fit, 4 * gaia_fit)"
    assert (tmp_path / "out" / "masks" / "m_0001.png").is_file()


def test_each_trial_asks_what_jspsych_asks(stimuli: StimulusSet, designs: dict[str, Trials], tmp_path: Path) -> None:
    for look in LOOKS:
        root = written(stimuli, designs[look], tmp_path / look)
        asked = root.find(".//*[@name='gaia_question']")
        # As its `layouts` have it.
        assert (asked is None) == (look in ("identification", "same-different")), look
        if asked is not None:
            assert param(asked, "text") == presentation(stimuli, designs[look]).texts.tasks[look].question


def test_participants_get_their_own_list_and_everything_goes_online(
    stimuli: StimulusSet, designs: dict[str, Trials], tmp_path: Path
) -> None:
    root = written(stimuli, designs["2afc"], tmp_path / "out")
    settings = root.find("Settings")
    assert settings is not None and ast.literal_eval(param(settings, "Experiment info")) == {
        "participant": ["p01", "p02"]
    }
    resources = ast.literal_eval(param(settings, "Resources"))
    assert {"conditions_p01.csv", "conditions_p02.csv", "stimuli/m_0001.png"} <= set(resources)
    assert all((tmp_path / "out" / one).is_file() for one in resources)


def test_the_ends_are_shown_where_they_are_asked_for(
    stimuli: StimulusSet, designs: dict[str, Trials], tmp_path: Path
) -> None:
    root = written(stimuli, designs["2afc"], tmp_path / "out", language="de")
    assert [param(part(root, f"gaia_end_{end}"), "image") for end in "ab"] == [
        "stimuli/m_0001.png",
        "stimuli/m_0005.png",
    ]
    assert screen_of(stimuli, designs["oddity"], presentation(stimuli, None), "psychopy").ends == ()


def test_a_browser_has_no_degrees(stimuli: StimulusSet, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="degrees"):
        psychojs.write(stimuli, tmp_path, how=presentation(stimuli, None, PresentationConfig(degrees=5.0)))
