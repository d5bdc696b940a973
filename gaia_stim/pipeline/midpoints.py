"""Models of drawn faces, judged by true midpoints."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from gaia_stim.config import BenchmarkMidpointsConfig
from gaia_stim.devices import build
from gaia_stim.errors import ConfigError
from gaia_stim.evaluation.midpoints import (
    OPPOSITE,
    RANDOM,
    Drawn,
    Middles,
    check_graded,
    draw,
    midpoint_figures,
    midpoint_rows,
    pairs,
)
from gaia_stim.events import Listener, silent, tracked
from gaia_stim.images import write_png
from gaia_stim.outputs import Kind, made_once
from gaia_stim.runs import BUILT_IN
from gaia_stim.samples import ATTRIBUTES
from gaia_stim.space.photographs import NO_SHAPE
from gaia_stim.space.space import Space

MIDPOINTS = Kind("folder of midpoints", "midpoints.json")
ALL = "all"


def benchmark_midpoints(config: BenchmarkMidpointsConfig, listen: Listener = silent) -> dict[str, Any]:
    """True midpoints of opposite and random pairs, or of pairs that differ in one attribute, at each model's size.

    The figures of one model stand in the result by name, those of several as rows of `models`. Raises `ConfigError`
    for an attribute without midpoints, a model of grey images, or where the folder holds something else, and
    `CheckpointError` for a run.
    """
    kinds = _kinds(config.attribute)
    spaces = {path.name: Space.load(path) for path in config.runs or (BUILT_IN,)}
    if len(spaces) < len(config.runs or (BUILT_IN,)):
        raise ConfigError("two of the runs have the same name; sheets are named after them: rename one")
    for space in spaces.values():
        if space.shape[2] != 3:
            raise ConfigError(f"{space.run}: is a model of grey images; drawn faces have colour")
        if config.size and not space.has_shape:
            raise ConfigError(f"{space.run}: --size: {NO_SHAPE}")
    asked = {name: value for name, value in config.request().items() if name != "size" or value is not None}
    request = {**asked, "models": {name: space.model_hash for name, space in spaces.items()}}

    @cache
    def drawn(kind: str, size: int) -> Drawn:
        return draw(kind, pairs(kind, config.pairs, config.seed), size)

    rows: dict[str, dict[str, Any]] = {
        name: {"model": name, "model_hash": space.model_hash, "size": space.shape[0]} for name, space in spaces.items()
    }

    def make(staging: Path) -> dict[str, Any]:
        jobs = [(name, kind) for name in spaces for kind in kinds]
        for name, kind in tracked(jobs, "measuring midpoints", len(jobs), listen):
            space = spaces[name]
            pictures = drawn(kind, space.shape[0])
            rows[name] |= midpoint_figures(space, pictures, config.seed).named(kind)
            write_png(staging / f"{name}_{kind}.png", midpoint_rows(space, pictures))
            if config.size:
                large = drawn(kind, config.size)
                middles = Middles.of(space, large)
                rows[name] |= middles.named(large)
                write_png(staging / f"{name}_{kind}_{config.size}.png", middles.rows(large))
        return {**build(), "models": list(rows.values())}

    found = made_once(config.out, MIDPOINTS, request, make, force=config.force, listen=listen)["models"]
    result = {"models": found} if len(found) > 1 else found[0]
    return result | {"pairs": config.pairs, "out": config.out}


def _kinds(attribute: str | None) -> Sequence[str]:
    if attribute is None:
        return OPPOSITE, RANDOM
    if attribute == ALL:
        return [name for name, spec in ATTRIBUTES.items() if spec.kind == "graded"]
    names = list(dict.fromkeys(name.strip() for name in attribute.split(",")))
    for name in names:
        check_graded(name)
    return names
