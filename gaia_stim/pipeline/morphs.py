"""Continua: stimuli on paths between images."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gaia_stim.config import InterpolateConfig, MorphConfig
from gaia_stim.events import Listener, Note, silent
from gaia_stim.names import default_name
from gaia_stim.space import PATHS
from gaia_stim.space.opening import open_space
from gaia_stim.space.space import Space
from gaia_stim.space.spacing import HumanScale, Spacing, choose_spacing
from gaia_stim.space.varying import Vary
from gaia_stim.stimuli.carrying import Size
from gaia_stim.stimuli.identity import MEASURED_SCALE, continuum_id, continuum_of
from gaia_stim.stimuli.making import make_set
from gaia_stim.stimuli.plans.continua import morph_plan, path_plan
from gaia_stim.stimuli.provenance import Gain, Source
from gaia_stim.stimuli.sets import SHEET, StimulusSet
from gaia_stim.stimuli.sources import SourceImage, gather
from gaia_stim.tables import look_up


@dataclass(frozen=True)
class MorphResult:
    """Where the continuum is, and how even its steps are."""

    out: Path
    stimuli: int
    sheet: Path
    path: str
    spacing: str
    steps_cv_before: float
    steps_cv: float
    steps_cv_ciede2000: float | None
    """By a measure that placed nothing, and so the next."""
    steps_cv_structural: float | None
    refinement: tuple[Gain, ...]
    model_hash: str

    @classmethod
    def of(cls, made: StimulusSet) -> "MorphResult":
        """What its provenance tells of a continuum."""
        plan, spacing = made.provenance.plan, made.provenance.spacing
        return cls(
            made.folder,
            len(made),
            made.folder / SHEET,
            plan.path.kind,
            spacing.name,
            spacing.steps_cv_before,
            spacing.steps_cv,
            spacing.judged.ciede2000,
            spacing.judged.structural,
            plan.refinement.images,
            made.provenance.model.model_hash,
        )


def morph(config: MorphConfig, listen: Listener = silent) -> MorphResult:
    """Make a continuum between two images and write it as a stimulus set.

    Raises `DataError` for an unreadable image, `CheckpointError` for the model, `ConfigError` where the folder holds
    something else.
    """
    out = config.out or Path(default_name("morph", config.first, config.second))
    spacing = choose_spacing(config.spacing, listen=listen)
    space = open_space(config.model, listen)
    a, b = gather(space, [config.first, config.second], listen, align=config.align, folders=False)
    scale = _measured_scale(spacing, space, "line", [a, b], listen)
    made = make_set(
        out,
        config,
        space,
        [a.source, b.source, *scale],
        lambda: morph_plan(
            space,
            a,
            b,
            config.steps,
            config.placed_by,
            extrapolate=config.extrapolate,
            raw_endpoints=config.raw_endpoints,
            pixels_per_degree=config.pixels_per_degree,
            refine=config.refine,
            points=config.points,
            size=config.size,
            detail=config.detail,
            vary=Vary(config.vary, config.hold_other),
            listen=listen,
        ),
        listen,
        size=Size.of(space, [a, b], config.size, config.detail),
        force=config.force,
    )
    return MorphResult.of(made)


def interpolate(config: InterpolateConfig, listen: Listener = silent) -> MorphResult:
    """Make stimuli on one path through several images and write them as a stimulus set; raises as `morph`."""
    look_up(PATHS, "path", config.path)
    spacing = choose_spacing(config.spacing, listen=listen)
    out = config.out or Path(default_name(config.path, config.images[0], config.images[-1]))
    space = open_space(config.model, listen)
    images = gather(space, config.images, listen, align=config.align)
    scale = _measured_scale(spacing, space, config.path, images, listen)
    made = make_set(
        out,
        config,
        space,
        [*(image.source for image in images), *scale],
        lambda: path_plan(
            space,
            images,
            config.steps,
            config.path,
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
        size=Size.of(space, images, config.size, config.detail),
        force=config.force,
    )
    return MorphResult.of(made)


def _measured_scale(
    spacing: Spacing, space: Space, path: str, images: Sequence[SourceImage], listen: Listener
) -> list[Source]:
    """The file of a measured scale: what stimuli are made of as much as images are; the listener hears where it was not
    measured on this continuum, or does not say so.
    """
    if not isinstance(spacing, HumanScale):
        return []
    here = continuum_id(space.model_hash, path, [image.source.image_hash for image in images])
    if not spacing.set_id:
        listen(Note(f"{spacing.file}: does not say which set it was measured on: look whether it was of these images"))
    elif continuum_of(spacing.set_id) != here:
        listen(
            Note(
                f"{spacing.file}: was measured on the set {spacing.set_name} ({spacing.set_id}), which is of other "
                "images, of these in another order, or by another model or path: its equal steps may not be equal here",
                warning=True,
            )
        )
    return [Source(MEASURED_SCALE, str(spacing.file), spacing.file_hash)]
