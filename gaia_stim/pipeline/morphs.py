"""Continua: stimuli on paths between images."""

from dataclasses import dataclass, replace
from pathlib import Path

from gaia_stim.config import MorphConfig
from gaia_stim.events import Listener, silent
from gaia_stim.images import Pixels
from gaia_stim.pipeline.models import open_space
from gaia_stim.pipeline.sets import Source, describe_sources, make_set
from gaia_stim.space import SPACINGS
from gaia_stim.space.paths import Line
from gaia_stim.space.space import Space
from gaia_stim.space.spacing import Spaced
from gaia_stim.stimuli.manifest import Row
from gaia_stim.stimuli.plan import Plan
from gaia_stim.stimuli.sets import SHEET
from gaia_stim.tables import look_up


@dataclass(frozen=True)
class MorphResult:
    """Where the continuum is, and how even its steps are."""

    out: Path
    stimuli: int
    sheet: Path
    spacing: str
    steps_cv_before: float
    steps_cv: float
    model_hash: str


def morph(config: MorphConfig, listen: Listener = silent) -> MorphResult:
    """Make a continuum between two images and write it as a stimulus set.

    Raises `DataError` for an unreadable image, `CheckpointError` for the model, `ConfigError` where the folder holds
    something else.
    """
    look_up(SPACINGS, "spacing", config.spacing)
    out = config.out or Path(f"morph_{config.first.stem}_{config.second.stem}")
    space = open_space(config.model, listen)
    pictures = [space.prepare(path) for path in (config.first, config.second)]
    sources = describe_sources([config.first, config.second])
    made = make_set(
        out, config, space, sources, lambda: _plan(config, space, pictures, sources), listen, force=config.force
    )
    spacing = made.provenance["plan"]["spacing"]
    return MorphResult(
        out,
        len(made),
        out / SHEET,
        spacing["name"],
        spacing["steps_cv_before"],
        spacing["steps_cv"],
        made.provenance["model"]["model_hash"],
    )


def _plan(config: MorphConfig, space: Space, ends: list[Pixels], sources: list[Source]) -> Plan:
    line = Line(*space.encode(ends))
    spaced: Spaced = look_up(SPACINGS, "spacing", config.spacing)(lambda t: space.decode(line(t)), config.steps)
    last = config.steps - 1
    return Plan(
        rows=[
            replace(
                Row.numbered("morph", position, config.steps),
                alpha=float(alpha),
                source_ids=";".join(source.source_id for source in sources),
                raw=int(config.raw_endpoints and position in (0, last)),
            )
            for position, alpha in enumerate(spaced.places)
        ],
        codes=line(spaced.places),
        title=f"{config.first.name} to {config.second.name}, alpha",
        record={"path": {"kind": "line"}, "spacing": spaced.record(config.spacing)},
        continuum=True,
        sources={0: ends[0], last: ends[1]},
    )
