"""What stands in files that the project keeps is of its type, finite and within bounds, or is refused by its field."""

import importlib
import json
import pkgutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

import gaia_stim
from faults.attacks import put
from gaia_stim import cli
from gaia_stim.config import PresentationConfig
from gaia_stim.designs.readers.keys import keys_beside
from gaia_stim.designs.scale_record import ScaleRecord
from gaia_stim.errors import DataError
from gaia_stim.export.settings import TEXTS, Presentation, as_json, presentation, warnings
from gaia_stim.runs import LogRow
from gaia_stim.stimuli.sets import StimulusSet
from gaia_stim.stimuli.trials import DESIGN, read_trials

INFINITE = float("inf")

TRACK = {"name": "below", "sign": -1, "goal": 0.5, "start": 0.5, "least": 0.0, "most": 0.5}
STAIRCASE: dict[str, Any] = {
    "kind": "staircase",
    "task": "constant",
    "trials": 40,
    "line": [[0.0, "m_0001"], [1, "m_0002"]],
    "up": 1,
    "down": 2,
    "scale": "lin",
    "sizes": [0.2, 0.1],
    "reversals": 6,
    "tracks": [TRACK],
}
QUEST: dict[str, Any] = {
    **{name: STAIRCASE[name] for name in ("task", "trials", "line")},
    "kind": "questplus",
    "threshold": [0.1, 0.9],
    "slope": [1.0, 2],
    "lower": [0, 0.02],
    "lapse": [0.0],
}
CHAINS = {
    "kind": "gsp",
    "task": "gsp",
    "trials": 9,
    "server": "http://127.0.0.1:8000",
    "places": 33,
    "chains": [{"participant": "p01", "spec": {"kind": "gsp"}}],
}


def models(kind: type[BaseModel] = BaseModel) -> Iterator[type[BaseModel]]:
    """All of the package's that have a field of their own."""
    for child in kind.__subclasses__():
        if child.__module__.startswith(f"{gaia_stim.__name__}.") and child.model_fields:
            yield child
        yield from models(child)


def test_a_number_of_a_model_is_finite() -> None:
    """'NaN' as text becomes a float unless a model says no, which strict JSON does not see; a log has a NaN to tell."""
    for module in pkgutil.walk_packages(gaia_stim.__path__, f"{gaia_stim.__name__}."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    lax = {
        kind.__name__
        for kind in models()
        if any("float" in str(field.annotation) for field in kind.model_fields.values())
        and kind.model_config.get("allow_inf_nan") is not False
    }
    assert lax == {LogRow.__name__}


@pytest.fixture(scope="module")
def a_set(faces: Path, tiny_run: Path, tmp_path_factory: pytest.TempPathFactory) -> StimulusSet:
    """Two stimuli."""
    out = tmp_path_factory.mktemp("made") / "set"
    images = sorted(faces.glob("*.png"))[:2]
    assert cli.main(["-q", "morph", *map(str, images), "--steps", "2", "-m", str(tiny_run), "--out", str(out)]) == 0
    return StimulusSet.open(out)


@pytest.fixture
def design(tmp_path: Path, a_set: StimulusSet) -> Callable[[dict[str, Any]], Any]:
    """Read a list of trials whose record says such a procedure."""

    def design(procedure: dict[str, Any]) -> Any:
        header = "participant,block,trial,task,stim_a,stim_b,stim_c,stim_d,correct"
        (tmp_path / "trials.csv").write_text(f"{header}\np01,1,1,constant,m_0001,m_0002,,,\n")
        (tmp_path / DESIGN).write_text(json.dumps({"procedure": procedure}, allow_nan=True))
        return read_trials(tmp_path, a_set).record["procedure"]

    return design


def test_procedures_that_designs_make_are_read(design: Callable[[dict[str, Any]], Any]) -> None:
    for procedure in (STAIRCASE, QUEST, CHAINS):
        assert design(procedure) == procedure


@pytest.mark.parametrize(
    ("procedure", "place", "odd", "said"),
    [
        (STAIRCASE, ("trials",), "40", "trials"),
        (STAIRCASE, ("trials",), True, "trials"),
        (STAIRCASE, ("trials",), 10**9, "trials"),
        (STAIRCASE, ("line", 0, 0), "0", "line"),
        (STAIRCASE, ("line", 1, 1), "m_9999", "m_9999"),
        (STAIRCASE, ("sizes", 0), -0.1, "sizes"),
        (STAIRCASE, ("scale",), "cubic", "scale"),
        (STAIRCASE, ("tracks", 0, "start"), 0.7, "between"),
        (STAIRCASE, ("tracks",), [], "tracks"),
        (QUEST, ("slope", 0), 0, "slope"),
        (QUEST, ("lapse", 0), 1.0, "lapse"),
        (QUEST, ("threshold", 1), INFINITE, "JSON"),
        (QUEST, ("kind",), "guess", "kind"),
        (CHAINS, ("chains", 0, "participant"), 1, "participant"),
    ],
)
def test_odd_procedures_are_refused(
    design: Callable[[dict[str, Any]], Any], procedure: Any, place: Any, odd: Any, said: str
) -> None:
    with pytest.raises(DataError, match=said):
        design(put(procedure, place, odd))


@pytest.mark.parametrize(
    ("keys", "said"), [({"f": 1}, "keys.f"), ([], "keys"), ({"f": "a" * 101}, "keys.f"), ({"": "a"}, "keys")]
)
def test_odd_keys_of_an_export_are_refused(tmp_path: Path, keys: Any, said: str) -> None:
    (tmp_path / "export.json").write_text(json.dumps({"request": {}, "keys": keys}))
    with pytest.raises(DataError, match=rf"export\.json: .*{said}"):
        keys_beside(tmp_path / "results.csv")


def test_keys_of_an_export_are_read_and_of_others_are_none(tmp_path: Path) -> None:
    file = tmp_path / "export.json"
    assert keys_beside(tmp_path / "results.csv") == {}
    file.write_text('{"request": {}, "keys": {"ArrowUp": "AB"}}')
    assert keys_beside(tmp_path / "data" / "results.csv") == {"up": "ab"}
    file.write_text('{"name": "somebody else\'s"}')
    assert keys_beside(tmp_path / "results.csv") == {}


SCALE: dict[str, Any] = {
    "request": {"options": {"confidence": 0.95}},
    "task": "2afc",
    "scales": [
        {
            "set": "s",
            "participant": "all",
            "file": "scale.csv",
            "figures": {"pse": 0.5, "note": None},
            "measured": {"alpha": [0, 1.0], "share": [0.1, 0.9], "trials": [3, 4]},
        }
    ],
}


@pytest.mark.parametrize(
    ("place", "odd", "said"),
    [
        (("request", "options", "confidence"), 1.0, "confidence"),
        (("scales", 0, "file"), 7, "file"),
        (("scales", 0, "figures", "pse"), {}, "pse"),
        (("scales", 0, "measured", "share"), [0.1], "equally many"),
        (("scales", 0, "measured", "alpha", 0), "0", "alpha"),
        (("task",), None, "task"),
    ],
)
def test_odd_records_of_scales_are_refused(tmp_path: Path, place: Any, odd: Any, said: str) -> None:
    file = tmp_path / "scale.json"
    file.write_text(json.dumps(SCALE))
    assert ScaleRecord.of(tmp_path).task == "2afc"
    file.write_text(json.dumps(put(SCALE, place, odd)))
    with pytest.raises(DataError, match=said):
        ScaleRecord.of(tmp_path)


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("settings.json", '{"duration_ms": "500"}', "duration_ms"),
        ("settings.json", '{"degrees": 1e999}', "dictionary"),
        ("settings.json", "{", "dictionary"),
        ("settings.js", 'var settings = {"least_size": 7};', "least_size"),
        ("settings.js", 'var settings = {"mask": "stripes"}', "mask"),
        (TEXTS, '{"tasks": {"2afc": {"question": 5}}}', "question"),
        ("settings.json", '{"duration_ms": 500}', ""),
        ("settings.js", "var settings = {} // mine", ""),
        ("settings.js", 'var settings = {"fullscreen": false, "max_age": null};', ""),
        ("settings.js", 'var settings = {"late_ms": -1};', "late_ms"),
        ("settings.json", '{"fullscreen": false}', "fullscreen"),
        (TEXTS, "{}", ""),
    ],
)
def test_what_is_odd_in_edited_settings_is_said(
    tmp_path: Path, a_set: StimulusSet, file: str, content: str, said: str
) -> None:
    (tmp_path / file).write_text(content)
    how = presentation(a_set, None)
    told = warnings(tmp_path, how, PresentationConfig(), a_set)
    assert len(told) == bool(said)
    assert all(f"{file}: kept as it was edited" in one and said in one for one in told)


def test_settings_as_they_are_written_are_read(a_set: StimulusSet) -> None:
    how: Presentation = presentation(a_set, None)
    for part in (how.settings, how.texts):
        assert type(part).model_validate(json.loads(json.dumps(as_json(part)))) == part
