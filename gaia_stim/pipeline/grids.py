"""Grids: stimuli between four images."""

from dataclasses import dataclass
from pathlib import Path

from gaia_stim.config import MorphGridConfig
from gaia_stim.events import Listener, silent
from gaia_stim.names import default_name
from gaia_stim.space.opening import open_space
from gaia_stim.space.varying import Vary
from gaia_stim.stimuli.carrying import Size
from gaia_stim.stimuli.making import make_set
from gaia_stim.stimuli.plans.grids import check_grid_spacing, grid_plan
from gaia_stim.stimuli.provenance import Gain
from gaia_stim.stimuli.sets import SHEET
from gaia_stim.stimuli.sources import gather


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
    steps_cv_ciede2000: float | None
    """By a measure that placed nothing, and so the next."""
    steps_cv_structural: float | None
    refinement: tuple[Gain, ...]
    model_hash: str


def morph_grid(config: MorphGridConfig, listen: Listener = silent) -> MorphGridResult:
    """Make a grid between four images and write it as a stimulus set.

    Raises `DataError` for an unreadable image, `CheckpointError` for the model, `ConfigError` where the folder holds
    something else, or the spacing is one that was measured on a continuum.
    """
    check_grid_spacing(config.spacing, listen=listen)
    out = config.out or Path(default_name("grid", config.top_left, config.bottom_right))
    space = open_space(config.model, listen)
    given = [config.top_left, config.top_right, config.bottom_left, config.bottom_right]
    corners = gather(space, given, listen, align=config.align, folders=False)
    made = make_set(
        out,
        config,
        space,
        [corner.source for corner in corners],
        lambda: grid_plan(
            space,
            corners,
            config.rows,
            config.cols,
            config.placed_by,
            pixels_per_degree=config.pixels_per_degree,
            refine=config.refine,
            points=config.points,
            size=config.size,
            detail=config.detail,
            vary=Vary(config.vary, config.hold_other),
            listen=listen,
        ),
        listen,
        size=Size.of(space, corners, config.size, config.detail),
        force=config.force,
    )
    plan, spacing = made.provenance.plan, made.provenance.spacing
    return MorphGridResult(
        out,
        len(made),
        config.rows,
        config.cols,
        out / SHEET,
        spacing.name,
        spacing.steps_cv_before,
        spacing.steps_cv,
        spacing.judged.ciede2000,
        spacing.judged.structural,
        plan.refinement.images,
        made.provenance.model.model_hash,
    )
