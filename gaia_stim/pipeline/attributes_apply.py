"""Applying: faces and amounts in, a stimulus set out in which one attribute moves, or two, crossed."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gaia_stim.config import AttributesApplyConfig
from gaia_stim.config.attributes import amounts, names
from gaia_stim.events import Listener, Note, silent
from gaia_stim.files import hash_file
from gaia_stim.names import default_name
from gaia_stim.space.labelled import codings
from gaia_stim.space.opening import open_space_by_hash
from gaia_stim.space.varying import Vary
from gaia_stim.space.vectors import TENSORS, AttributeRecord, Vectors
from gaia_stim.stimuli.carrying import Size
from gaia_stim.stimuli.making import make_set
from gaia_stim.stimuli.plans.edits import Edit, edit_plan, warnings
from gaia_stim.stimuli.provenance import Gain, Predicted, Source
from gaia_stim.stimuli.sets import SHEET
from gaia_stim.stimuli.sources import gather

SMALL = 0.25
"""In SDs: amounts that stay within are hardly seen, and in units of a graded attribute rarely meant."""
NEAR_NOTHING = 0.1
"""R² below which what is moved is mostly chance."""


@dataclass(frozen=True)
class AttributesApplyResult:
    """Where the stimuli are, and where the faces stood before."""

    out: Path
    stimuli: int
    sheet: Path
    estimator: str
    unit: str
    attributes: list[str]
    codings: list[str]
    """Which word is 1 in each column of two words: where +1 goes."""
    held: list[str]
    faces: list[Predicted]
    refinement: tuple[Gain, ...]
    model_hash: str


def apply(config: AttributesApplyConfig, listen: Listener = silent) -> AttributesApplyResult:
    """Move attributes of faces and write a stimulus set.

    Raises `DataError` for vectors or images that cannot be read, `CheckpointError` where the vectors' model is not
    found, `ConfigError` for unknown attributes, those that cannot be held, and where the folder holds something else.
    """
    vectors = Vectors.open(config.vectors)
    steps = [amounts(text) for text in config.amount]
    edit = Edit(vectors, config.attribute, steps, config.estimator, config.unit, names(config.hold), config.calibrate)
    edit.directions()
    for name, values in zip(config.attribute, steps, strict=True):
        _mind(vectors.attribute(name), values, config.unit, listen)
    space = open_space_by_hash(
        config.vectors, vectors.record.model_hash, Path(vectors.record.run), config.model, listen
    )
    faces = gather(space, config.faces, listen, align=config.align)
    out = config.out or Path(default_name("_".join(config.attribute), config.faces[0]))
    made = make_set(
        out,
        config,
        space,
        # The folder, not the file: nobody should look for a picture in it.
        [*(face.source for face in faces), Source("vectors", str(config.vectors), hash_file(config.vectors / TENSORS))],
        lambda: edit_plan(
            space,
            faces,
            edit,
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
    plan = made.provenance.plan
    for text in warnings(edit, made.rows(), plan.predicted, Vary(config.vary)):
        listen(Note(text, warning=True))
    return AttributesApplyResult(
        out,
        len(made),
        out / SHEET,
        edit.estimator,
        edit.unit,
        list(edit.attributes),
        codings(map(vectors.attribute, edit.attributes)),
        list(edit.held),
        list(plan.predicted),
        plan.refinement.images,
        vectors.record.model_hash,
    )


def _mind(attribute: AttributeRecord, values: Sequence[float], unit: str, listen: Listener) -> None:
    """Say what a user would wonder about when looking at the sheet."""
    reach = max(map(abs, values)) * (1 if unit == "sd" else 1 / attribute.sd)
    if 0 < reach < SMALL:
        wide = "" if unit == "sd" else f" (its SD is {attribute.sd:.3g}: give larger amounts, or --unit sd)"
        listen(Note(f"{attribute.name}: at most {reach:.2g} SD, which is hardly seen{wide}", warning=True))
    if attribute.r2 < NEAR_NOTHING:
        weak = f"{attribute.name}: the codes hardly say anything of it (R² {attribute.r2:.2f})"
        listen(Note(f"{weak}; what is moved is mostly chance", warning=True))
