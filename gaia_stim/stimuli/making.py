"""From a request to a stimulus set: what all verbs that make one have in common."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from gaia_stim.config import Config, MediaConfig
from gaia_stim.config.stimuli import CarryConfig
from gaia_stim.config.verbs import verb_of
from gaia_stim.errors import ConfigError
from gaia_stim.events import Listener, Note, silent
from gaia_stim.gate import LARGEST_JSON
from gaia_stim.labels.landmarks import hash_landmarks
from gaia_stim.outputs import stands
from gaia_stim.space.space import Space
from gaia_stim.stimuli import licences
from gaia_stim.stimuli.carrying import Size
from gaia_stim.stimuli.identity import POINTS
from gaia_stim.stimuli.media import check_media, write_media
from gaia_stim.stimuli.plan import Plan
from gaia_stim.stimuli.provenance import Source
from gaia_stim.stimuli.sets import SET, StimulusSet
from gaia_stim.stimuli.writing import provenance_of, write_set

BYTES_OF_A_ROW = 600
"""Of a stimulus in the record of its set, at most, beside its code."""


def make_set(
    out: Path,
    config: Config,
    space: Space,
    sources: Sequence[Source],
    plan: Callable[[], Plan],
    listen: Listener = silent,
    *,
    size: Size | None = None,
    force: bool = False,
) -> StimulusSet:
    """The stimulus set that `config` asks for: made from its plan, or found in `out` from the identical command.

    What makes two commands the same is their options, the model's hash, the images' hashes and what their size comes
    to, not where files lie. Raises `ConfigError` where `out` holds something else and `force` is not set.
    """
    if isinstance(config, CarryConfig) and config.points is not None:
        sources = [*sources, Source(POINTS, str(config.points), hash_landmarks(config.points))]
    request: dict[str, Any] = {
        "verb": verb_of(config),
        "options": config.request(),
        "model_hash": space.model_hash,
        "sources": [source.image_hash for source in sources],
        **(size or Size()).request(),
    }
    if any(source.license for source in sources):
        request["licenses"] = [source.license for source in sources]
    check_media(config)
    if stands(out, SET, request, force=force):
        listen(Note(f"{out} holds this very set already: nothing to do"))
        made = StimulusSet.open(out)
    else:
        licensed = _licensed(_openable(plan()), sources, listen)
        made = write_set(out, licensed, space, provenance_of(request, space, sources), listen)
    if isinstance(config, MediaConfig):
        write_media(made, config, listen, force=force)
    return made


def _openable(plan: Plan) -> Plan:
    """The plan, if a record of it can be opened again. Raises `ConfigError` before a picture is made."""
    # Codes stand there as base64, a row of what is measured as a few hundred letters.
    expected = 4 * plan.codes.nbytes // 3 + BYTES_OF_A_ROW * len(plan.rows)
    if expected > LARGEST_JSON:
        most = len(plan.rows) * LARGEST_JSON // expected
        raise ConfigError(
            f"{len(plan.rows):,} stimuli with codes of {plan.codes.shape[1]:,} numbers are too many for one set: its "
            f"record could not be opened again; ask for at most {most:,} at once"
        )
    return plan


def _licensed(plan: Plan, sources: Sequence[Source], listen: Listener) -> Plan:
    """The plan with the strictest licence of each stimulus's parents; the listener hears what to mind."""
    by_id = {source.source_id: source.license for source in sources}
    parents = [(row.source_ids or "").split(";") for row in plan.rows]
    images = {parent for some in parents for parent in some} & by_id.keys()
    for warning in licences.warnings(by_id[image] for image in images):
        listen(Note(warning, warning=True))
    rows = [
        replace(row, stim_license=licences.strictest(by_id.get(parent) for parent in some))
        for row, some in zip(plan.rows, parents, strict=True)
    ]
    return replace(plan, rows=rows)
