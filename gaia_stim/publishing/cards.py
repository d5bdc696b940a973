"""The card of a model: what it was trained on, what it is for, how good it is beside its controls, and its limits.

It stands in each run folder as `card.md`, for whoever is given the folder; `gaia-stim info RUN --card` writes it anew.
After Mitchell et al. (2019), doi:10.1145/3287560.3287596.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gaia_stim.config.spaces import networks_in_words
from gaia_stim.devices import launched
from gaia_stim.errors import DataError, OutputInTheWay
from gaia_stim.evaluation.figures import EVALUATION
from gaia_stim.evaluation.measure import in_words, scores
from gaia_stim.events import Listener, Note, silent
from gaia_stim.files import hash_bytes, read_json
from gaia_stim.names import BUILT_IN, CARD
from gaia_stim.outputs import Kind, stands, write_file
from gaia_stim.publishing.citing import NOBODY, is_drawn, licences_in
from gaia_stim.report.content import number
from gaia_stim.runs import Run, RunConfig, find_run, named_run

KIND = Kind("model card")
ASKED = "**To be filled in by whoever shares this model.**"
"""Before what gaia-stim cannot know."""
UNRECORDED = "none recorded (a column `license` in a table beside them says it)"


@dataclass(frozen=True)
class Card:
    """What whoever is given a model should know of it."""

    run: Path
    printed: str


def card(target: Path | None) -> Card:
    """The card of a run, without one of the model that commands would take. Raises `CheckpointError`."""
    run = find_run(None).existing() if target is None else named_run(target)
    return Card(run.path, card_of(run))


def card_of(run: Run) -> str:
    """The card as Markdown. Raises `CheckpointError` where the run has no weights yet."""
    config = run.config()
    return "\n".join(
        [
            f"# Model card: {run.path.resolve().name}",
            "",
            *_facts(run, config),
            "",
            "## Trained on",
            "",
            *_data(run, config),
            "",
            "## Meant for",
            "",
            "Stimuli for experiments: continua, grids and changed attributes of images of the kind that it was trained",
            "on, placed as they were. Not for recognising, judging or selecting people, and not for pictures that are",
            "shown as photographs of somebody.",
            "",
            "## How good it is",
            "",
            *_figures(run),
            "",
            "## Limits",
            "",
            "- Images unlike those of the training become like them: look at `reconstruction_error` and `support` in a",
            "  set's manifest.",
            "- What appears or vanishes between two images fades instead of moving.",
            "- Whatever the training images lack, or have too much of (ages, skins, poses, light), the space lacks, or",
            "  has too much of.",
            "- A model of few images can hold them: what it makes near a training image may be that image.",
            "- gaia-stim's docs/limits.md says what is known of such spaces and what was never tested with people.",
            "",
        ]
    )


def write_card(run: Run, listen: Listener = silent) -> None:
    """Put the card into the run folder, unless somebody has edited the one that is there; the first process does."""
    if launched().rank or not run.weights.is_file() or not os.access(run.path, os.W_OK):
        return
    content = card_of(run).encode()
    path, request = run.path / CARD, {"card": hash_bytes(content)}
    try:
        if not stands(path, KIND, request, force=True) and not (path.is_file() and path.read_bytes() == content):
            write_file(path, KIND, request, content)
    except OutputInTheWay:
        listen(Note(f"{path}: kept as you edited it; 'gaia-stim info {run.path} --card' shows what is known today"))


def _facts(run: Run, config: RunConfig) -> Iterator[str]:
    model, record = config.model, run.weights_record()
    colour = "colour" if model.channels == 3 else "grey"
    objective = f", objective {model.objective}" if model.method == "gaia" else ""
    error = "not measured" if record.validation_l1 is None else f"{record.validation_l1:.4f}"
    facts = {
        "model": f"{model.method}{objective}, {networks_in_words(model.method, model.network)}, "
        f"{model.size} x {model.size} px in {colour}, "
        f"{model.latent} numbers a code",
        "weights": run.model_hash(),
        "images seen": f"{record.images_seen:,}, seed {config.options.get('seed', 0)}",
        "error on held-out images": f"{error} (mean absolute difference of pixels, of 1)",
        "made with": f"gaia-stim {config.gaia_stim}, torch {config.torch}, {config.device}",
    }
    yield "| | |\n|---|---|"
    yield from (f"| {name} | {value} |" for name, value in facts.items())


def _data(run: Run, config: RunConfig) -> Iterator[str]:
    data = config.dataset
    held_out = "a tenth by hash" if data.held_out is None else "as the user said"
    yield f"- {data.training_images:,} images of `{data.folder}`; {data.validation_images:,} held out ({held_out})."
    yield f"- Their content: `{data.content_hash}`."
    yield f"- Placed in one frame: {config.alignment.words if config.alignment else 'no'}."
    if is_drawn(run):
        yield f"- Whose: {NOBODY}."
        yield "- People: none."
        return
    licences = licences_in(run)
    for licence, count in licences.items():
        yield f"- Licence of {count:,} in that folder today: {licence or UNRECORDED}."
    if not licences:
        yield f"- Licences: the folder is not here. {ASKED}"
    faces = config.alignment is not None and config.alignment.target.by == "eyes"
    seen = "They were placed by their eyes, so they show faces." if faces else "gaia-stim does not know what they show."
    yield f"- People: {seen} Who they are, and what they agreed to: {ASKED}"


def _figures(run: Run) -> Iterator[str]:
    figures = _measured(run)
    if not figures and run.path == BUILT_IN:
        yield "As gaia-stim's docs/builtin-model.md has it."
        return
    if not figures:
        yield "Not measured yet: `gaia-stim report` does, and keeps the figures in the run folder."
        return
    yield (
        f"On {figures.get('held_out_images', 'the')} held-out images of `{figures.get('images')}`, each figure beside "
        "its controls:"
    )
    yield ""
    yield from (f"- {sentence}" for sentence in in_words(_known(figures)))
    yield "\n| figure | value | ideal |\n|---|---|---|"
    for name, score in scores().items():
        if isinstance(figures.get(name), float):
            ideal = "control" if score.ideal is None else number(score.ideal)
            yield f"| {name} | {number(figures[name])} | {ideal} |"


def _known(figures: Mapping[str, Any]) -> dict[str, float | None]:
    return {name: value if isinstance(value := figures.get(name), float) else None for name in scores()}


def _measured(run: Run) -> dict[str, Any]:
    """What was measured of these very weights."""
    try:
        found = read_json(run.path / EVALUATION)
    except (OSError, DataError):
        return {}
    return found if isinstance(found, dict) and found.get("model_hash") == run.model_hash() else {}
