"""Configs: the one home of defaults, and what a user's mistake is called."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from gaia_stim import config
from gaia_stim.config import (
    PRESETS,
    CaricatureConfig,
    Config,
    DemoConfig,
    InterpolateConfig,
    MorphConfig,
    Role,
    SamplesConfig,
    TrainConfig,
    make,
    option_name,
    renamed,
    verbs,
)
from gaia_stim.config.options import options
from gaia_stim.errors import ConfigError

VERBS = [
    kind
    for kind in vars(config).values()
    if isinstance(kind, type) and issubclass(kind, Config) and kind not in (Config, config.ModelConfig)
]
AB = {"first": "a.png", "second": "b.png"}


@pytest.mark.parametrize("kind", VERBS, ids=lambda kind: kind.__name__)
def test_every_option_is_explained(kind: type[Config]) -> None:
    assert kind.__doc__
    schema = kind.model_json_schema()
    for option in options(kind).values():
        assert option.mark.about.endswith((".", "]")), option.field
        assert option.mark.about == schema["properties"][option.key]["description"]


@pytest.mark.parametrize("kind", VERBS, ids=lambda kind: kind.__name__)
def test_what_is_made_by_default_never_replaces_anything(kind: type[Config]) -> None:
    if "force" in kind.model_fields:
        assert kind.model_fields["force"].default is False


@pytest.mark.parametrize("kind", VERBS, ids=lambda kind: kind.__name__)
def test_roles(kind: type[Config]) -> None:
    for option in options(kind).values():
        assert option.is_path or option.role not in (Role.INPUT, Role.OUTPUT, Role.MODEL), option.field
        assert option.field != "out" or option.role is Role.OUTPUT
        assert option.field not in ("force", "dry_run", "config") or option.role is Role.ASKING


def test_every_verb_has_a_config_of_its_own() -> None:
    kinds = [verb.config for verb in verbs.VERBS.values()]
    assert len(set(kinds)) == len(kinds)
    shared = {config.FolderConfig, config.MediaConfig, config.PresentationConfig, config.ProcessingConfig}
    assert set(VERBS) - set(kinds) == shared | {config.ResultsConfig}
    assert verbs.verb_of(make(MorphConfig, AB)) == "morph"
    for before, now in renamed.VERBS.items():
        assert now in verbs.VERBS and renamed.verb_in({"verb": before}) == renamed.verb_in({"verb": now}) == now


def test_configs_are_frozen() -> None:
    with pytest.raises(ValidationError):
        SamplesConfig().n = 3  # type: ignore[misc]


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_valid_and_what_is_typed_wins(name: str) -> None:
    made = make(TrainConfig, {"preset": name})
    for option, value in PRESETS[name].items():
        assert getattr(made, option) == value
    assert make(TrainConfig, {"preset": name, "lr": 0.25, "size": 96}).lr == 0.25
    assert make(TrainConfig, {"preset": name, "lr": 0.25, "size": 96}).size == 96


def test_light_is_the_defaults() -> None:
    assert make(TrainConfig, {}) == make(TrainConfig, {"preset": "light"})


def test_the_papers_preset_is_the_papers() -> None:
    """Sainburg et al. (2018), Algorithm 1 and §3."""
    paper = make(TrainConfig, {"preset": "paper"})
    assert (paper.objective, paper.network, paper.method) == ("paper", "munit", "gaia")
    assert (paper.alpha, paper.latent, paper.size, paper.lr) == (5e-5, 1024, 128, 1e-4)


@pytest.mark.parametrize(
    ("text", "number"),
    [("400k", 400_000), ("1.5M", 1_500_000), (" 12 ", 12), ("0.5K", 500), (7, 7), ("400000", 400_000)],
)
def test_counts(text: Any, number: int) -> None:
    assert make(TrainConfig, {"images_seen": text}).images_seen == number


@pytest.mark.parametrize(
    "text",
    [
        "many",
        "-3",
        "0",
        "0k",
        "4kk",
        "",
        "1e",
        "nan",
        float("inf"),
        2.5,
        "2.5",
        "0.0005k",
    ],
)
def test_what_is_no_count(text: Any) -> None:
    with pytest.raises(ConfigError, match=r"^--images-seen: "):
        make(TrainConfig, {"images_seen": text})


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"siez": 32}, "unknown option --siez (did you mean 'size'?)"),
        ({"size": 33}, "--size: should be a multiple of 16 (got '33')"),
        ({"size": 0}, "--size: should be greater than or equal to 16 (got '0')"),
        ({"batch": 6}, "--batch: should be a multiple of 4 (got '6')"),
        ({"lr": 0}, "--lr: should be greater than 0 (got '0')"),
        ({"lr": 2}, "--lr: should be less than or equal to 1 (got '2')"),
        ({"lr": "nan"}, "--lr: should be"),
        ({"ema": 1}, "--ema: should be less than 1"),
        ({"seed": -1}, "--seed: should be greater than or equal to 0"),
        ({"seed": 2**63}, "--seed: should be less than"),
        ({"fit": "stretch"}, "--fit: should be 'crop' or 'pad'"),
        ({"preset": "ligth"}, "--preset: should be 'light', 'paper' or 'tiny'"),
        ({"latent": "many"}, "--latent: should be a valid integer"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_mistake_is_one_line_in_the_users_words(values: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        make(TrainConfig, values)
    assert str(caught.value).startswith(said) and "\n" not in str(caught.value)
    assert caught.value.exit_code == 2


def test_all_mistakes_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        make(MorphConfig, {"first": "a.png", "steps": 1, "spacng": "pixel"})
    assert sorted(line.split(":")[0] for line in str(caught.value).splitlines()) == [
        "--second",
        "--steps",
        "unknown option --spacng (did you mean 'spacing'?)",
    ]


def test_mistakes_in_others_words() -> None:
    with pytest.raises(ConfigError, match=r"^recipe\.yaml:3 steps: should be"):
        make(MorphConfig, {**AB, "steps": 1}, lambda field: f"recipe.yaml:3 {field}")


def test_names_of_options() -> None:
    assert [option_name(name) for name in ("images_seen", "from_", "n")] == ["--images-seen", "--from", "--n"]


def test_a_request_is_what_decides_the_result() -> None:
    """It is JSON, and neither the place nor the way of working is in it."""
    one = make(MorphConfig, {**AB, "out": "x"})
    assert one.request() == make(MorphConfig, {**AB, "out": "y", "force": True}).request()
    assert one.request() != make(MorphConfig, {**AB, "steps": 8}).request()
    assert json.loads(json.dumps(one.request())) == one.request()

    base = make(TrainConfig, {"images": "faces"})
    unchanged: list[dict[str, Any]] = [{"out": "x"}, {"force": True}, {"threads": 3}, {"sheets": 0}, {"dry_run": True}]
    for same in [*unchanged, {"save_seconds": 9}]:
        assert make(TrainConfig, {"images": "faces", **same}).request() == base.request(), same
    different: list[dict[str, Any]] = [
        {"seed": 1},
        {"latent": 64},
        {"lr": 2e-3},
        {"precision": "float32"},
        {"from": "runs/a"},
        {"fit": "pad"},
    ]
    for other in [*different, {"interpolations": False}, {"validations": 3}, {"ema": 0.5}, {"images_seen": 10}]:
        assert make(TrainConfig, {"images": "faces", **other}).request() != base.request(), other
    assert make(TrainConfig, {"from": Path("runs/a")}).request()["from"] == "runs/a"


def test_what_is_read_is_no_part_of_a_request_but_that_it_was_not_given() -> None:
    faces = {"faces": ["a.png"], "model": "runs/a", "gif": True}
    assert make(CaricatureConfig, faces).request() == {"norm": None, "amount": "0.5:1.5:5", "refine": 0}
    assert make(CaricatureConfig, {**faces, "norm": "b.png"}).request() == {"amount": "0.5:1.5:5", "refine": 0}


@pytest.mark.parametrize("channels", [1, 3])
def test_a_training_describes_its_model(channels: Any) -> None:
    made = make(TrainConfig, {"preset": "paper", "latent": 99, "interpolations": False}).model(channels)
    assert (made.channels, made.latent, made.network, made.interpolations) == (channels, 99, "munit", False)


def test_defaults_need_nothing() -> None:
    for kind in (TrainConfig, SamplesConfig, DemoConfig):
        make(kind, {})


def test_how_a_field_looks_is_beside_it() -> None:
    assert options(MorphConfig)["first"].mark.positional and not options(MorphConfig)["steps"].mark.positional


def test_the_ground_floor_is_light() -> None:
    """Help and recipes wait for none of the heavy libraries."""
    code = """
import sys
import gaia_stim.config, gaia_stim.devices, gaia_stim.events, gaia_stim.files, gaia_stim.tables
import gaia_stim.models, gaia_stim.networks, gaia_stim.space
print(sorted({"torch", "numpy", "pandas", "PIL"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("field", ["first", "out", "model"])
def test_no_option_holds_a_nul(field: str) -> None:
    """A shell cannot say one, a recipe can."""
    with pytest.raises(ConfigError, match="holds a NUL, which no name or text can have"):
        make(MorphConfig, {**AB, field: "a\0b"})
    with pytest.raises(ConfigError, match="images: holds a NUL"):
        make(InterpolateConfig, {"images": ["a.png", "b.png", "a\0b"]}, str)
