"""What whoever uses a set, a model or a scale should cite, and whose images they have to name."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import gaia_stim
from gaia_stim.config import CiteConfig
from gaia_stim.config.spaces import INVERTIBLE, networks_in_words
from gaia_stim.designs.scale_record import RECORD, ScaleRecord
from gaia_stim.errors import DataError
from gaia_stim.images import survey
from gaia_stim.names import BUILT_IN
from gaia_stim.references import (
    METHODS,
    NETWORKS,
    REFERENCES,
    SCALES,
    SPACINGS,
    Reference,
    bibliography,
    software,
)
from gaia_stim.runs import Run, RunConfig, named_run
from gaia_stim.samples.folder import RECORD as DRAWN
from gaia_stim.stimuli.identity import NO_IMAGES
from gaia_stim.stimuli.licences import licence_of
from gaia_stim.stimuli.provenance import Provenance
from gaia_stim.stimuli.sets import MANIFEST, StimulusSet

NAMED = 6
"""Images that are named one by one."""
NOBODY = "faces that gaia-stim draws; nobody has to be named"
MATCHED = ("willenbockel2010",)
EYES = ("faceapi2018",)


@dataclass(frozen=True)
class Citation:
    """A reference, and what it is cited for."""

    cited_for: str
    reference: Reference


@dataclass(frozen=True)
class CiteResult:
    """Each reference with what it is cited for, and what else has to be said of the material."""

    references: list[dict[str, str]]
    notes: list[str]
    printed: str
    """As it goes into a paper: a list, or BibTeX."""


def cited(config: CiteConfig) -> CiteResult:
    """What to cite, and whose images to name. Raises as `found_in`."""
    found = found_in(config.target)
    told = [{"for": one.cited_for, "key": one.reference.key, "text": one.reference.text} for one in found.citations]
    listed = "\n".join([*(f"{one['for']}: {one['text']}" for one in told), *found.notes])
    remarks = "".join(f"% {note}\n" for note in found.notes)
    bibtex = f"{remarks}{bibliography(one.reference for one in found.citations)}"
    return CiteResult(told, list(found.notes), bibtex if config.bibtex else listed)


@dataclass(frozen=True)
class Cited:
    """Everything to cite, and what else has to be said."""

    citations: Sequence[Citation]
    notes: Sequence[str]


def found_in(target: Path) -> Cited:
    """What to cite for a set, a run or a folder of scales. Raises `DataError` where it is none of them."""
    found = [Citation("the software", software(gaia_stim.__version__))]
    if (target / MANIFEST).is_file():
        known = StimulusSet.open(target).provenance
        return Cited([*found, *_unique(_of_set(known))], list(_set_notes(known)))
    if (target / RECORD).is_file():
        task = ScaleRecord.of(target).task
        return Cited([*found, *_named(f"the scale ({task})", SCALES.get(task, ()))], [])
    if (run := named_run(target)).exists:
        config = run.config()
        named = _of_model(config.model.method, config.model.network, config)
        return Cited([*found, *_unique(named)], list(_run_notes(run)))
    raise DataError(f"{target}: neither a stimulus set ({MANIFEST}) nor a run (config.json) nor scales ({RECORD})")


def _named(why: str, keys: Iterable[str]) -> Iterator[Citation]:
    for key in keys:
        yield Citation(why, REFERENCES[key])


def _of_model(method: str, network: str, config: RunConfig | None) -> Iterator[Citation]:
    yield from _named(f"the model ({method})", METHODS.get(method, ()))
    if method not in INVERTIBLE:
        yield from _named(f"its networks ({network})", NETWORKS.get(network, ()))
    if config is not None and config.alignment is not None and config.alignment.target.by == "eyes":
        yield from _named("the finder of eyes that placed the images", EYES)


def _of_set(known: Provenance) -> Iterator[Citation]:
    model = known.as_written.get("model", {})
    yield from _of_model(str(model.get("method")), str(model.get("network")), _config_of(known))
    if known.plan.spacing is not None:
        name = known.plan.spacing.name
        yield from _named(f"the spacing ({name})", SPACINGS.get(name, ()))
    if known.processing:
        yield from _named("luminance, contrast or spectrum made equal", MATCHED)


def _config_of(known: Provenance) -> RunConfig | None:
    """The config of the model that made a set, where it is still there."""
    run = _run_of(known)
    return None if run is None else run.config()


def _run_of(known: Provenance) -> Run | None:
    for place in (Path(known.model.run), BUILT_IN):
        run = Run(place)
        if run.exists and run.weights.is_file() and run.model_hash() == known.model.model_hash:
            return run
    return None


def _set_notes(known: Provenance) -> Iterator[str]:
    model = known.as_written.get("model", {})
    networks = networks_in_words(str(model.get("method")), str(model.get("network")))
    yield f"model: {model.get('method')}, {networks}, {model.get('size')} px, weights {known.model.model_hash}"
    by_duty: dict[str, list[str]] = {}
    for source in known.sources:
        if source.source_id not in NO_IMAGES:
            drawn = source.license is None and (Path(source.path).parent.parent / DRAWN).is_file()
            by_duty.setdefault(NOBODY if drawn else _duty(source.license), []).append(source.source_id)
    for duty, ids in by_duty.items():
        shown = ", ".join(ids[:NAMED]) + (f" and {len(ids) - NAMED} more" if len(ids) > NAMED else "")
        yield f"images {shown}: {duty}"
    if (run := _run_of(known)) is not None:
        yield from _data_notes(run)


def _duty(licence: str | None) -> str:
    if licence is None:
        return "no licence is recorded (a table licenses.csv beside them says it); name whose they are"
    return f"licence {licence}; name their makers as it asks"


def _run_notes(run: Run) -> Iterator[str]:
    model = run.config().model
    networks = networks_in_words(model.method, model.network)
    yield f"model: {model.method}, {networks}, {model.size} px, weights {run.model_hash()}"
    yield from _data_notes(run)


def _data_notes(run: Run) -> Iterator[str]:
    data = run.config().dataset
    yield (
        f"trained on {data.training_images:,} images, {data.validation_images:,} more held out: {data.folder} "
        f"({data.content_hash})"
    )
    if is_drawn(run):
        yield f"these images: {NOBODY}"
    else:
        yield from (f"{count:,} images in that folder today: {_duty(one)}" for one, count in licences_in(run).items())


def is_drawn(run: Run) -> bool:
    """Whether it was trained on faces that `gaia-stim samples` draws."""
    record = Path(run.config().dataset.folder).parent / DRAWN
    return run.path == BUILT_IN or record.is_file()


def licences_in(run: Run) -> Mapping[str | None, int]:
    """How many of the images of its folder have which licence, the most frequent first; nothing where it is gone.

    The folder is looked for where it was then.
    """
    folder = Path(run.config().dataset.folder)
    try:
        names = survey(folder).images if folder.is_dir() else []
        found = Counter(licence_of(folder / name) for name in names)
    except DataError:
        return {}
    return dict(found.most_common())


def _unique(citations: Iterable[Citation]) -> list[Citation]:
    found: dict[str, Citation] = {}
    for one in citations:
        found.setdefault(one.reference.key, one)
    return list(found.values())
