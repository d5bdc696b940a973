"""The audit of a set: what else varies, is any of it a training image, and were its sources fit for it."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from gaia_stim.config import AuditConfig
from gaia_stim.config.verbs import verb_of
from gaia_stim.dataset import Dataset
from gaia_stim.errors import CheckpointError, DataError
from gaia_stim.events import Listener, Note, silent
from gaia_stim.files import hash_file, hash_json
from gaia_stim.metrics.photometry import display_of
from gaia_stim.outputs import Kind, made_once
from gaia_stim.space.images import opened, split_as_trained
from gaia_stim.space.opening import open_space_by_hash
from gaia_stim.space.space import Space
from gaia_stim.stimuli.audit import MEASURES, Trend
from gaia_stim.stimuli.audit_record import PLOT, TABLE, SourceAudit, Warned, of_ends, write_audit
from gaia_stim.stimuli.sets import MANIFEST, StimulusSet, beside

AUDIT = Kind("audit", "audit.json", parts=frozenset({TABLE, PLOT}), verb="audit")


@dataclass(frozen=True)
class AuditResult:
    """What was found, and where all of it stands."""

    out: Path
    stimuli: int
    plot: Path
    each: Path
    display: str
    model: str
    training_images: str
    verdict: str
    warnings: list[Warned]
    trends: list[Trend]
    sources: list[SourceAudit]


def audit(config: AuditConfig, listen: Listener = silent) -> AuditResult:
    """Measure what else varies in a set and write the figures, a row a stimulus, and a plot.

    What needs the model or its training images is left out with a note where they are gone. Raises `DataError` where
    the set is none or was changed by hand, `ConfigError` where the folder holds something else, `CheckpointError` and
    `DataError` where a model or a folder that was named does not fit.
    """
    stimuli = StimulusSet.open(config.stimuli)
    out = config.out or beside(config.stimuli, "_audit")
    space = _space(config, stimuli, listen)
    dataset = _dataset(config, space, listen) if space else None
    display = display_of(config.display) if config.display else stimuli.provenance.display
    request = {
        "verb": verb_of(config),
        "set": hash_file(stimuli.folder / MANIFEST),
        "model_hash": space.model_hash if space else None,
        "training_images": dataset.content_hash if dataset else None,
        "display": hash_json(display.record()),
        "measures": list(MEASURES),
    }
    record = made_once(
        out,
        AUDIT,
        request,
        partial(write_audit, stimuli, space, dataset, display, listen),
        force=config.force,
        listen=listen,
    )
    return AuditResult(
        out,
        len(stimuli),
        out / PLOT,
        out / TABLE,
        display.name,
        str(space.run) if space else "not found: reconstruction error left out",
        str(dataset.folder) if dataset else "not found: nearest training images left out",
        record["verdict"],
        [Warned(**one) for one in record["warnings"]],
        [trend for one in record["trends"] if (trend := Trend(**one)).warning or not of_ends(trend.against)],
        [SourceAudit(**one) for one in record["sources"]],
    )


def _space(config: AuditConfig, stimuli: StimulusSet, listen: Listener) -> Space | None:
    model = stimuli.provenance.model
    try:
        return open_space_by_hash(stimuli.folder, model.model_hash, Path(model.run), config.model, listen)
    except CheckpointError as error:
        if config.model is not None:
            raise
        listen(Note(f"{error}; what needs it is left out"))
        return None


def _dataset(config: AuditConfig, space: Space, listen: Listener) -> Dataset | None:
    trained = space.config.dataset
    folder = config.images or Path(trained.folder)
    if config.images is None and not folder.is_dir():
        listen(
            Note(f"{folder}: the training images are not there; name them with --images. What needs them is left out")
        )
        return None
    dataset = opened(space, folder, listen, reading=config)
    if dataset.content_hash != trained.content_hash:
        if config.images is not None:
            raise DataError(f"{folder}: not the images that the model was trained on (their hash is another one)")
        listen(Note(f"{folder}: not, or no longer, the images of the training; what needs them is left out"))
        return None
    return split_as_trained(dataset, trained)
