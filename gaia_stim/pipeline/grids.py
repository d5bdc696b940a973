"""Grids: stimuli between four images."""

from dataclasses import dataclass, replace
from pathlib import Path

from gaia_stim.config import MorphGridConfig
from gaia_stim.errors import ConfigError
from gaia_stim.events import Listener, silent
from gaia_stim.pipeline.ingredients import Encoded, Gain, Ingredients, encoded, gains, gather
from gaia_stim.pipeline.models import open_space
from gaia_stim.pipeline.sets import make_set
from gaia_stim.space.layouts import Block, spaced_grid
from gaia_stim.space.space import Space
from gaia_stim.space.spacing import HumanScale, Spacing, choose_spacing
from gaia_stim.stimuli.manifest import Row
from gaia_stim.stimuli.plan import Plan
from gaia_stim.stimuli.sets import SHEET


@dataclass(frozen=True)
class MorphGridResult:
    """Where the grid is, and how even the steps along its rows and columns are."""

    out: Path
    stimuli: int
    rows: int
    columns: int
    sheet: Path
    spacing: str
    steps_cv_before: float
    steps_cv: float
    refinement: tuple[Gain, ...]
    model_hash: str


def morph_grid(config: MorphGridConfig, listen: Listener = silent) -> MorphGridResult:
    """Make a grid between four images and write it as a stimulus set.

    Raises `DataError` for an unreadable image, `CheckpointError` for the model, `ConfigError` where the folder holds
    something else, or the spacing is one that was measured on a continuum.
    """
    spacing = choose_spacing(config.spacing)
    if isinstance(spacing, HumanScale):
        raise ConfigError(
            f"--spacing {config.spacing}: a scale is of one continuum; a grid takes latent, pixel or perceptual"
        )
    corners = (config.top_left, config.top_right, config.bottom_left, config.bottom_right)
    out = config.out or Path(f"grid_{config.top_left.stem}_{config.bottom_right.stem}")
    space = open_space(config.model, listen)
    images = gather(space, corners)
    made = make_set(
        out,
        config,
        space,
        images.sources,
        lambda: _plan(config, space, spacing, images, encoded(space, images, config.refine, listen)),
        listen,
        force=config.force,
    )
    plan = made.provenance["plan"]
    return MorphGridResult(
        out,
        len(made),
        config.rows,
        config.cols,
        out / SHEET,
        plan["spacing"]["name"],
        plan["spacing"]["steps_cv_before"],
        plan["spacing"]["steps_cv"],
        gains(plan),
        made.provenance["model"]["model_hash"],
    )


def _plan(config: MorphGridConfig, space: Space, spacing: Spacing, images: Ingredients, corners: Encoded) -> Plan:
    block = Block(corners.codes)
    placed = spaced_grid(lambda places: space.decode(block(places)), spacing, config.cols, config.rows)
    total = config.rows * config.cols
    ids = ";".join(source.source_id for source in images.sources)
    at_corners = (0, config.cols - 1, total - config.cols, total - 1)
    return Plan(
        rows=[
            replace(Row.numbered("grid", position, total), grid_u=float(u), grid_v=float(v), source_ids=ids)
            for position, (u, v) in enumerate(placed.places)
        ],
        codes=block(placed.places),
        title=" - ".join(source.source_id for source in images.sources),
        record={
            "path": {"kind": "grid", "rows": config.rows, "columns": config.cols},
            "spacing": placed.record(config.spacing),
            **corners.record,
        },
        columns=config.cols,
        sources=dict(zip(at_corners, images.pictures, strict=True)),
    )
