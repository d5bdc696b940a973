"""One page about a run or a stimulus set, to read, print or send."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import gaia_stim
from gaia_stim.config import ReportConfig
from gaia_stim.config.verbs import verb_of
from gaia_stim.dataset import Dataset
from gaia_stim.errors import DataError
from gaia_stim.evaluation.figures import kept_figures
from gaia_stim.events import Listener, Note, silent
from gaia_stim.files import hash_file, hash_json
from gaia_stim.outputs import Kind, file_once
from gaia_stim.report.runs import run_page
from gaia_stim.report.sets import set_page
from gaia_stim.runs import Run, named_run
from gaia_stim.space.images import images_of
from gaia_stim.space.space import Space
from gaia_stim.stimuli.sets import MANIFEST, PROVENANCE, StimulusSet, beside

PAGE = Kind("page")


@dataclass(frozen=True)
class ReportResult:
    """Where the page is."""

    out: Path
    megabytes: float


def report(config: ReportConfig, listen: Listener = silent) -> ReportResult:
    """Write the page about a run or a set.

    Raises `DataError` where the target is neither, `ConfigError` where another file has the page's name; for a run
    as `evaluate` does, except that images that are gone or too few leave their part of the page out.
    """
    target = config.target
    out = config.out or beside(target, "_report.html")
    if (target / MANIFEST).is_file():
        stimuli = StimulusSet.open(target)
        request = _request(config, manifest=hash_file(target / MANIFEST), provenance=hash_file(target / PROVENANCE))
        make = partial(_about_set, stimuli, request, listen)
    elif (run := named_run(target)).exists:
        request = _request(config, model_hash=run.model_hash(), log=run.log_hash())
        make = partial(_about_run, run, config, request, listen)
    else:
        raise DataError(f"{target}: neither a run (config.json) nor a stimulus set ({MANIFEST})")
    asked = {"verb": verb_of(config), "page": request}
    file_once(out, PAGE, asked, make, force=config.force, listen=listen)
    return ReportResult(out, out.stat().st_size / 1e6)


def _about_set(stimuli: StimulusSet, request: str, listen: Listener) -> bytes:
    page, warnings = set_page(stimuli, request)
    for warning in warnings:
        listen(Note(f"{stimuli.folder}: {warning}", warning=True))
    return page


def _about_run(run: Run, config: ReportConfig, request: str, listen: Listener) -> bytes:
    space = Space.load(run.path)
    notes: list[str] = []
    dataset: Dataset | None = None
    figures: dict[str, Any] | None = None
    try:
        dataset = images_of(space, config.images, listen, reading=config)
    except DataError as error:
        if config.images is not None:
            raise
        notes.append(f"Without pictures of held-out images, and without figures. {error}")
    if dataset is not None and config.figures:
        try:
            figures = kept_figures(run, dataset, config.seed, listen)
            if too_few := figures.get("not_measured"):
                notes.append(
                    f"Without {len(too_few)} of the figures, {', '.join(list(too_few)[:3])} among them: too few "
                    f"images ({'; '.join(sorted(set(too_few.values())))})."
                )
        except DataError as error:
            notes.append(f"Without figures. {error}")
    for note in notes:
        listen(Note(note, warning=True))
    return run_page(run, space, dataset, figures, notes, request)


def _request(config: ReportConfig, **about: str | None) -> str:
    """The hash of everything that decides the page."""
    return hash_json({"gaia_stim": gaia_stim.__version__, "options": config.request(), **about})
