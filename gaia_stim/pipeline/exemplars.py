"""Single points of the space: new exemplars, averages, and caricatures."""

from dataclasses import dataclass
from pathlib import Path

from gaia_stim.config import AverageConfig, CaricatureConfig, SampleConfig, levels
from gaia_stim.events import Listener, silent
from gaia_stim.names import default_name
from gaia_stim.space.images import images_of
from gaia_stim.space.opening import open_space
from gaia_stim.space.varying import Vary
from gaia_stim.stimuli.carrying import Size
from gaia_stim.stimuli.making import make_set
from gaia_stim.stimuli.plans.exemplars import Sampling, average_plan, caricature_plan, check_average
from gaia_stim.stimuli.provenance import Gain
from gaia_stim.stimuli.sets import SHEET, StimulusSet
from gaia_stim.stimuli.sources import all_of, gather


@dataclass(frozen=True)
class ExemplarsResult:
    """Where the stimuli are, and where they lie."""

    out: Path
    stimuli: int
    sheet: Path
    median_support: float | None
    """Distance to the nearest real code, in units of their distance to each other."""
    refinement: tuple[Gain, ...]
    model_hash: str

    @classmethod
    def of(cls, made: StimulusSet) -> "ExemplarsResult":
        """What a set tells of its exemplars."""
        support = made.table["support"].dropna()
        return cls(
            made.folder,
            len(made),
            made.folder / SHEET,
            float(support.median()) if len(support) else None,
            made.provenance.plan.refinement.images,
            made.provenance.model.model_hash,
        )


def sample(config: SampleConfig, listen: Listener = silent) -> ExemplarsResult:
    """Draw new exemplars from the space and write them as a stimulus set.

    Raises `DataError` where the real images are gone or too few, else as `morph`.
    """
    out = config.out or Path(f"sample_{config.from_}_{config.seed}")
    space = open_space(config.model, listen)
    real = images_of(space, config.images, listen, reading=config)
    sampling = Sampling(real, config.from_, config.n, config.parents, config.seed)
    made = make_set(
        out, config, space, sampling.sources, lambda: sampling.plan(space, listen), listen, force=config.force
    )
    return ExemplarsResult.of(made)


def average_images(config: AverageConfig, listen: Listener = silent) -> ExemplarsResult:
    """Make the average of images and write it as a stimulus set of one; raises as `morph`."""
    out = config.out or Path("average")
    space = open_space(config.model, listen)
    images = gather(space, config.images, listen, align=config.align)
    check_average(images)
    made = make_set(
        out,
        config,
        space,
        [image.source for image in images],
        lambda: average_plan(
            space,
            images,
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
    return ExemplarsResult.of(made)


def caricature(config: CaricatureConfig, listen: Listener = silent) -> ExemplarsResult:
    """Make caricatures and anti-caricatures of faces and write them as a stimulus set.

    Each lies on the line from the norm (alpha 0) through the face (alpha 1). Raises as `morph` and `sample`.
    """
    out = config.out or Path(default_name("caricature", config.faces[0]))
    space = open_space(config.model, listen)
    is_image = config.norm is not None and not config.norm.is_dir()
    real = None if is_image else images_of(space, config.norm, listen, "--norm", reading=config)
    # Together, so that no two of them get the same id.
    given = [*config.faces, config.norm] if is_image and config.norm else config.faces
    images = gather(space, given, listen, follow_links=config.follow_links, align=config.align)
    faces, norm = (images, real) if real is not None else (images[:-1], images[-1])
    last = images[-1].source if real is None else all_of("norm", real)
    made = make_set(
        out,
        config,
        space,
        [*(face.source for face in faces), last],
        lambda: caricature_plan(
            space,
            faces,
            norm,
            levels(config.amount),
            refine=config.refine,
            points=config.points,
            size=config.size,
            detail=config.detail,
            vary=Vary(config.vary),
            listen=listen,
        ),
        listen,
        size=Size.of(space, faces, config.size, config.detail),
        force=config.force,
    )
    return ExemplarsResult.of(made)
