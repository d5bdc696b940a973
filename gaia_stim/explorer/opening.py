"""What is looked at, opened: the space and the photographs of a folder, a set or a run."""

from collections.abc import Iterable
from pathlib import Path

from gaia_stim.config import SamplesConfig
from gaia_stim.errors import ConfigError, DataError
from gaia_stim.events import Listener, Note
from gaia_stim.explorer.session import Session
from gaia_stim.images import every_image
from gaia_stim.names import BUILT_IN, BUILT_IN_NAME
from gaia_stim.runs import named_run
from gaia_stim.samples.folder import IMAGES, draw_into
from gaia_stim.space.opening import open_space, open_space_by_hash
from gaia_stim.space.space import Space
from gaia_stim.stimuli.identity import NO_IMAGES
from gaia_stim.stimuli.sets import MANIFEST, StimulusSet

FACES, SIDE = 12, 256
"""Built-in faces that are drawn where nobody has photographs, and their size."""


def opened(
    target: Path | None,
    model: Path | None,
    vectors: Path | None,
    drawn: Path,
    listen: Listener,
    *,
    images: Path | None = None,
    follow_links: bool = False,
) -> Session:
    """A session with a set's model and photographs, a run's, or a model and the photographs of a folder.

    Without any, built-in faces are drawn into `drawn`. Raises `DataError` where the target is none of these.
    """
    if target is not None and (target / MANIFEST).is_file():
        space, photographs = _of_set(target, model, listen)
    elif target is not None and not target.is_dir() and target != Path(BUILT_IN_NAME):
        raise DataError(f"{target}: no such folder of photographs, stimulus set or run")
    elif target is not None and named_run(target).exists:
        if model is not None:
            raise ConfigError(f"{target}: is a model itself; give no other by --model")
        space = open_space(target, listen, remembers=False)
        photographs = _of_run(space, images, drawn, listen, follow_links)
    else:
        space = open_space(model, listen, remembers=False)
        photographs = (
            _of_run(space, target, drawn, listen, follow_links) if target is None else _below(target, follow_links)
        )
    session = Session(space, photographs, vectors)
    if session.vectors is not None and session.vectors.record.model_hash != space.model_hash:
        raise ConfigError(f"--vectors {vectors}: are of another model; fit them on the codes of {space.run}")
    return session


def _of_set(folder: Path, model: Path | None, listen: Listener) -> tuple[Space, list[tuple[str, Path]]]:
    about = StimulusSet.open(folder).provenance
    space = open_space_by_hash(folder, about.model.model_hash, Path(about.model.run), model, listen)
    files = [Path(one.path) for one in about.sources if one.source_id not in NO_IMAGES]
    there = [path for path in files if path.is_file()]
    if not there:
        raise DataError(f"{folder}: none of the photographs that it was made of is where it was")
    if len(there) < len(files):
        listen(Note(f"{len(files) - len(there)} of the set's photographs are not where they were", warning=True))
    return Space(**{name: getattr(space, name) for name in Space.__dataclass_fields__}), _named(there)


def _of_run(
    space: Space, images: Path | None, drawn: Path, listen: Listener, follow_links: bool
) -> list[tuple[str, Path]]:
    """The photographs given, else those that the model was trained on, else faces that are drawn."""
    folder = images or Path(space.config.dataset.folder)
    if images is not None or (space.run != BUILT_IN and folder.is_dir()):
        return _below(folder, follow_links)
    listen(Note(f"no photographs: {FACES} built-in faces are drawn into {drawn}; drop your own on the page"))
    draw_into(SamplesConfig(out=drawn, n=FACES, size=SIDE, seed=1), listen)
    return _below(drawn / IMAGES, follow_links)


def _below(folder: Path, follow_links: bool) -> list[tuple[str, Path]]:
    found = every_image(folder, follow_links=follow_links)
    return [(path.relative_to(folder).as_posix(), path) for path in found]


def _named(paths: Iterable[Path]) -> list[tuple[str, Path]]:
    """By the names of the files; by their paths where two have one name."""
    found = list(dict.fromkeys(paths))
    names = [path.name for path in found]
    return [(path.name if names.count(path.name) == 1 else path.as_posix(), path) for path in found]
