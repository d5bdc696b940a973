"""What was found while looking, as a command: the options that make it, its line to type, and its step of a recipe.

The page has no way of its own to make stimuli. "Save" gives these options to the very function that the command calls.
"""

import os
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import Field

from gaia_stim.config import AttributesApplyConfig, Config, InterpolateConfig, MorphConfig, MorphGridConfig, Role, make
from gaia_stim.config.options import Option, options
from gaia_stim.config.verbs import verb_of
from gaia_stim.errors import ConfigError
from gaia_stim.explorer.session import Session
from gaia_stim.explorer.views import EditView, GridView, MorphView, Strict, View, WheelView
from gaia_stim.names import BUILT_IN, BUILT_IN_NAME, default_name

PROGRAM = "gaia-stim"
MOST_STEPS = 1001


class Wanted(Strict):
    """How many stimuli a set of a view is to have, and where they lie."""

    steps: Annotated[int, Field(ge=2, le=MOST_STEPS)] = 9
    rows: Annotated[int, Field(ge=2, le=100)] = 5
    cols: Annotated[int, Field(ge=2, le=100)] = 5
    spacing: Literal["latent", "pixel", "nlpd", "ciede2000"] = "latent"
    name: Annotated[str, Field(max_length=63, pattern="^([A-Za-z][A-Za-z0-9_-]*)?$")] = ""
    """Of the set's folder; without, as the command names it."""


def asked(session: Session, view: View, wanted: Wanted, home: Path) -> Config:
    """The options of the command that makes the set of a view, in a folder in `home`.

    Raises `ConfigError` where no command makes it, and as the command's options do.
    """
    paths = [str(_short(session.path(name))) for name in view.images]
    model = {"model": BUILT_IN_NAME if session.space.run == BUILT_IN else str(_short(session.space.run))}
    spaced = {"spacing": wanted.spacing}
    match view:
        case MorphView():
            held = {"vary": view.vary, "hold_other": view.hold_other} if view.vary != "both" else {}
            values = {"first": paths[0], "second": paths[1], "steps": wanted.steps, "extrapolate": view.beyond}
            values |= {**spaced, **held, "out": _out(home, wanted, "morph", *paths)}
            return make(MorphConfig, values | model)
        case GridView():
            corners = dict(zip(("top_left", "top_right", "bottom_left", "bottom_right"), paths, strict=True))
            held = {"vary": view.vary, "hold_other": view.hold_other} if view.vary != "both" else {}
            size = {"rows": wanted.rows, "cols": wanted.cols}
            out = {"out": _out(home, wanted, "grid", paths[0], paths[3])}
            return make(MorphGridConfig, {**corners, **size, **spaced, **held, **out, **model})
        case WheelView():
            way = {"images": paths, "path": "wheel", "steps": wanted.steps, **spaced}
            return make(InterpolateConfig, {**way, "out": _out(home, wanted, "wheel", paths[0], paths[-1]), **model})
        case EditView():
            return make(AttributesApplyConfig, _edit(session, view, wanted, home, paths) | model)
    raise ConfigError("no command makes a set of this")


def command_line(config: Config) -> str:
    """What to type for it; what is as it would be anyway is left out."""
    return shlex.join([PROGRAM, *verb_of(config).split(), *_words(config)])


def recipe(config: Config) -> str:
    """The recipe of one step that makes it, to be kept in the folder where the server was started."""
    verb = verb_of(config)
    given = [(option, _plain(value)) for option, value in _given(config)]
    step = {option.key: _escaped(value) for option, value in given if option.role is not Role.OUTPUT}
    paths = [Path(one) for option, value in given for one in option.paths(value)]
    here = os.path.realpath(Path.cwd())
    outside = {
        Path(os.path.realpath(path)).parent.as_posix()
        for path in paths
        if str(path) != BUILT_IN_NAME and not os.path.realpath(path).startswith(here + os.sep)
    }
    document = {
        "about": "Found by looking, in gaia-stim explore.",
        **({"allow_outside": sorted(outside)} if outside else {}),
        "steps": {verb.replace(" ", "_"): ({"do": verb} if " " in verb else {}) | step},
    }
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=120)


def _edit(session: Session, view: EditView, wanted: Wanted, home: Path, paths: list[str]) -> dict[str, Any]:
    moved = view.asked
    if not 1 <= len(moved) <= 2 or session.vectors is None:
        raise ConfigError(f"a set moves one attribute, or two crossed; {len(moved)} are moved here")
    held = [name for name in view.hold if name not in moved]
    return {
        "faces": paths,
        "attribute": list(moved),
        "amount": [f"{min(0.0, amount):g}:{max(0.0, amount):g}:{wanted.steps}" for amount in moved.values()],
        "unit": "sd",
        "vectors": str(_short(session.vectors_folder)),
        # What is shown is what is made: on the page amounts are taken as they are.
        "calibrate": False,
        **({"hold": ",".join(held)} if held else {}),
        **({"vary": view.vary} if view.vary != "both" else {}),
        "out": _out(home, wanted, "_".join(moved), paths[0]),
    }


def _out(home: Path, wanted: Wanted, *named: str) -> str:
    return str(_short(home / (wanted.name or default_name(*named))))


def _short(path: Path) -> Path:
    """From here, where it is below."""
    whole = path.absolute()
    return whole.relative_to(Path.cwd()) if whole.is_relative_to(Path.cwd()) else whole


def _given(config: Config) -> Iterator[tuple[Option, Any]]:
    """The options that are not as they would be anyway, those by position first."""
    for option in sorted(options(type(config)).values(), key=lambda one: not one.mark.positional):
        value = getattr(config, option.field)
        if option.info.is_required() or value != option.info.get_default(call_default_factory=True):
            yield option, value


def _words(config: Config) -> Iterator[str]:
    for option, value in _given(config):
        values = list(map(str, value)) if option.is_many else [str(value)]
        if option.mark.positional:
            # No option, whatever a file is called.
            yield from (f"./{one}" if one.startswith("-") else one for one in values)
        elif option.is_flag:
            yield option.name if value else option.name.replace("--", "--no-", 1)
        else:
            # One word: what begins with a minus is no option then.
            yield from (f"{option.name}={one}" for one in values)


def _plain(value: Any) -> Any:
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    return str(value) if isinstance(value, Path) else value


def _escaped(value: Any) -> Any:
    """As a recipe's step says it: what looks like a variable is none."""
    if isinstance(value, list):
        return [_escaped(one) for one in value]
    return value.replace("${", "$${") if isinstance(value, str) else value
