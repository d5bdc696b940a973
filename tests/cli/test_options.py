"""The command line and the config models say the same thing, for every verb that there is."""

import inspect
import shlex
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

import pytest
from pydantic import Field
from typer.models import ArgumentInfo, OptionInfo

from gaia_stim import config
from gaia_stim.cli.app import Call, build_app
from gaia_stim.cli.options import named, signature, typed
from gaia_stim.config import Config, Count
from gaia_stim.config.options import Asking, Decides, Input, Option, options
from gaia_stim.config.verbs import VERBS
from gaia_stim.errors import ConfigError

CONFIGS = [pytest.param(verb.config, id=name) for name, verb in VERBS.items()]
OPTIONS = [
    pytest.param(verb.config, option, id=f"{name}-{option.field}")
    for name, verb in VERBS.items()
    for option in options(verb.config).values()
]
EXAMPLES = {verb.config: verb.example for verb in VERBS.values()}


def from_the_example(kind: type[Config]) -> dict[str, Any]:
    """Values that make a whole config of any kind: those of the verb's own example."""
    call = build_app()(args=shlex.split(EXAMPLES[kind]), prog_name="gaia-stim", standalone_mode=False)
    assert isinstance(call, Call)
    return call.values


def mark(kind: type[Config], option: Option) -> Any:
    annotation = signature(kind).parameters[option.field].annotation
    [found] = [item for item in get_args(annotation) if isinstance(item, ArgumentInfo | OptionInfo)]
    return found


@pytest.mark.parametrize("kind", CONFIGS)
def test_a_parameter_for_every_field_and_no_other(kind: type[Config]) -> None:
    assert sorted(signature(kind).parameters) == sorted(kind.model_fields)


@pytest.mark.parametrize(("kind", "option"), OPTIONS)
def test_what_is_not_typed_is_none_and_what_is_needed_has_no_default(kind: type[Config], option: Option) -> None:
    default = signature(kind).parameters[option.field].default
    assert default is (inspect.Parameter.empty if kind.model_fields[option.field].is_required() else None)


@pytest.mark.parametrize(("kind", "option"), OPTIONS)
def test_names_follow_the_fields(kind: type[Config], option: Option) -> None:
    shown = mark(kind, option)
    if option.mark.positional:
        assert isinstance(shown, ArgumentInfo)
        return
    info = kind.model_fields[option.field]
    first = (info.alias or option.field).replace("_", "-")
    negated = info.annotation is bool and info.default is True
    expected = f"--{first}/--no-{first}" if negated else f"--{first}"
    assert expected in (shown.default, *(shown.param_decls or ()))


@pytest.mark.parametrize(("kind", "option"), OPTIONS)
def test_the_default_in_the_help_is_the_models_when_typed(kind: type[Config], option: Option) -> None:
    info = kind.model_fields[option.field]
    if option.default is None:
        assert info.is_required() or info.default in (None, True, False)
        return
    made = config.make(kind, {**from_the_example(kind), option.key: option.default})
    assert getattr(made, option.field) == info.default
    assert f"[default: {option.default}]" in mark(kind, option).help.replace("\\", "")


@pytest.mark.parametrize(("kind", "option"), OPTIONS)
def test_every_option_is_explained(kind: type[Config], option: Option) -> None:
    assert option.mark.about and option.mark.about in mark(kind, option).help.replace("\\", "")


@pytest.mark.parametrize(("kind", "option"), OPTIONS)
def test_literals_are_choices_and_tables_are_listed(kind: type[Config], option: Option) -> None:
    annotation = get_args(signature(kind).parameters[option.field].annotation)[0]
    if option.literals:
        assert any(get_origin(part) is Literal for part in (annotation, *get_args(annotation)))
    if option.mark.choices:
        assert option.names
        assert ", ".join(option.names) in mark(kind, option).help


class Sample(Config):
    """A config with one of everything."""

    things: Annotated[tuple[Path, ...], Field(min_length=1), Input("Things.", "THINGS…", positional=True)]
    size: Annotated[int, Field(ge=16, le=64, multiple_of=16), Decides("Size.", "PX", short="-s")] = 32
    rate: Annotated[float, Field(gt=0, le=1), Decides("Rate.")] = 0.25
    seen: Annotated[Count, Decides("Seen.")] = 400_000
    seed: Annotated[int, Field(ge=0, lt=2**63), Decides("Seed.")] = 0
    fit: Annotated[Literal["crop", "pad"], Decides("Fit.")] = "crop"
    clever: Annotated[bool, Decides("Clever.")] = True
    force: Annotated[bool, Asking("Force.")] = False
    from_: Annotated[Path | None, Field(alias="from"), Decides("From [here].")] = None


SAMPLE = {option.field: option for option in options(Sample).values()}


def test_ranges_and_defaults_in_words() -> None:
    assert {name: option.range for name, option in SAMPLE.items() if option.range} == {
        "size": "16 to 64, a multiple of 16",
        "rate": "more than 0, up to 1",
        "seen": "1 or more",
        "seed": "0 or more",
    }
    assert {name: option.default for name, option in SAMPLE.items() if option.default} == {
        "size": "32",
        "rate": "0.25",
        "seen": "400k",
        "seed": "0",
        "fit": "crop",
    }


def test_metavars() -> None:
    shown = {name: option.metavar for name, option in SAMPLE.items()}
    assert shown == {
        "things": "THINGS",
        "size": "PX",
        "rate": "X",
        "seen": "N",
        "seed": "N",
        "fit": "crop|pad",
        "clever": "",
        "force": "",
        "from_": "FROM",
    }


def test_flags_negate_only_what_is_on() -> None:
    assert SAMPLE["clever"].declarations == ["--clever/--no-clever"]
    assert SAMPLE["force"].declarations == ["--force"]
    assert SAMPLE["from_"].declarations == ["--from"]
    assert SAMPLE["size"].declarations == ["--size", "-s"]


def test_only_what_was_typed_is_passed_under_the_models_own_names() -> None:
    arguments = dict.fromkeys(SAMPLE) | {"things": ["a"], "clever": False, "from_": "run", "rate": "0"}
    assert typed(Sample, arguments) == {"things": ["a"], "clever": False, "from": "run", "rate": "0"}


def test_mistakes_are_told_in_the_users_names() -> None:
    with pytest.raises(ConfigError) as caught:
        config.make(Sample, {"things": [], "size": "x", "seen": "many"}, named(Sample))
    names = [line.split(":")[0] for line in str(caught.value).splitlines()]
    assert names == ["THINGS", "--size", "--seen"]


def test_help_is_not_markup() -> None:
    from rich.text import Text

    assert Text.from_markup(mark(Sample, SAMPLE["from_"]).help).plain == "From [here]."
