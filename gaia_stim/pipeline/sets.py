"""What all verbs that make a stimulus set have in common: where it goes, what it answers, and who made it."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import gaia_stim
from gaia_stim.config import Config, MediaConfig
from gaia_stim.config.verbs import verb_of
from gaia_stim.dataset import image_ids
from gaia_stim.events import Listener, Note, silent
from gaia_stim.files import hash_file
from gaia_stim.outputs import stands
from gaia_stim.space.space import Space
from gaia_stim.stimuli import licences
from gaia_stim.stimuli.media import check_media, write_media
from gaia_stim.stimuli.plan import Plan
from gaia_stim.stimuli.sets import SET, StimulusSet, write_set


@dataclass(frozen=True)
class Source:
    """An image that stimuli are made of."""

    source_id: str
    path: str
    image_hash: str
    license: str | None = None
    """As it stands in a table beside the image; see `stimuli.licences`."""


def describe_sources(paths: Sequence[Path]) -> list[Source]:
    """The images that stimuli are made of, with ids, hashes and licences for manifest and provenance."""
    ids = image_ids([path.name for path in paths])
    if len({path.name for path in paths}) < len(paths):
        ids = image_ids([path.absolute().as_posix() for path in paths])
    return [
        Source(name, str(path), hash_file(path), licences.licence_of(path))
        for name, path in zip(ids, paths, strict=True)
    ]


def make_set(
    out: Path,
    config: Config,
    space: Space,
    sources: Sequence[Source],
    plan: Callable[[], Plan],
    listen: Listener = silent,
    *,
    force: bool = False,
) -> StimulusSet:
    """The stimulus set that `config` asks for: made from its plan, or found in `out` from the identical command.

    What makes two commands the same is their options, the model's hash and the images' hashes, not where files lie.
    Raises `ConfigError` where `out` holds something else and `force` is not set.
    """
    request: dict[str, Any] = {
        "verb": verb_of(config),
        "options": config.request(),
        "model_hash": space.model_hash,
        "sources": [source.image_hash for source in sources],
    }
    if any(source.license for source in sources):
        request["licenses"] = [source.license for source in sources]
    check_media(config)
    if stands(out, SET, request, force=force):
        listen(Note(f"{out} holds this very set already: nothing to do"))
        made = StimulusSet.open(out)
    else:
        licensed = _licensed(plan(), sources, listen)
        made = write_set(out, licensed, space, _provenance(request, space, sources), listen)
    if isinstance(config, MediaConfig):
        write_media(made, config, listen, force=force)
    return made


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


def _provenance(request: dict[str, Any], space: Space, sources: Sequence[Source]) -> dict[str, Any]:
    """Who made it, of what, with what. No dates: the same command gives the same bytes."""
    return {
        **build(),
        "request": request,
        "model": {"run": str(space.run), "model_hash": space.model_hash, **space.config.model.model_dump()},
        "sources": [asdict(source) for source in sources],
    }


def build() -> dict[str, Any]:
    """What the bytes of a stimulus depend on beside its model and its plan: what renders, and what writes PNG."""
    import numpy as np
    import PIL
    import scipy
    import torch
    from PIL import features

    return {
        "gaia_stim": gaia_stim.__version__,
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "processor": torch.backends.cpu.get_cpu_capability(),
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "pillow": PIL.__version__,
        "zlib": features.version("zlib"),
    }
