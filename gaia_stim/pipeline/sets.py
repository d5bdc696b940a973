"""What all verbs that make a stimulus set have in common: where it goes, what it answers, and who made it."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import gaia_stim
from gaia_stim.config import Config
from gaia_stim.dataset import image_ids
from gaia_stim.events import Listener, Note, silent
from gaia_stim.files import hash_file
from gaia_stim.space.space import Space
from gaia_stim.stimuli.plan import Plan
from gaia_stim.stimuli.sets import StimulusSet, stands, write_set


@dataclass(frozen=True)
class Source:
    """An image that stimuli are made of."""

    source_id: str
    path: str
    image_hash: str


def describe_sources(paths: Sequence[Path]) -> list[Source]:
    """The images that stimuli are made of, with ids and hashes for manifest and provenance."""
    ids = image_ids([path.name for path in paths])
    if len({path.name for path in paths}) < len(paths):
        ids = image_ids([path.absolute().as_posix() for path in paths])
    return [Source(name, str(path), hash_file(path)) for name, path in zip(ids, paths, strict=True)]


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
    options = {name: value for name, value in config.request().items() if not _is_place(config, name)}
    request = {
        "verb": type(config).__name__.removesuffix("Config").lower(),
        "options": options,
        "model_hash": space.model_hash,
        "sources": [source.image_hash for source in sources],
    }
    if stands(out, request, force):
        listen(Note(f"{out} holds this very set already: nothing to do"))
        return StimulusSet.open(out)
    return write_set(out, plan(), space, _provenance(request, space, sources), listen)


def _is_place(config: Config, name: str) -> bool:
    value = getattr(config, name, None)
    return (
        name == "model"
        or isinstance(value, Path)
        or (isinstance(value, tuple) and any(isinstance(v, Path) for v in value))
    )


def _provenance(request: dict[str, Any], space: Space, sources: Sequence[Source]) -> dict[str, Any]:
    """Who made it, of what, with what. No dates: the same command gives the same bytes."""
    import torch

    return {
        "gaia_stim": gaia_stim.__version__,
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "request": request,
        "model": {"run": str(space.run), "model_hash": space.model_hash, **space.config.model.model_dump()},
        "sources": [asdict(source) for source in sources],
    }
