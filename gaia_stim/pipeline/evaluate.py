"""How good a model is, in figures that stand beside their controls, and in words."""

from typing import Any

import gaia_stim
from gaia_stim.config import EvaluateConfig
from gaia_stim.config.verbs import verb_of
from gaia_stim.evaluation.figures import figures_of, figures_of_landmarks
from gaia_stim.events import Listener, Note, silent
from gaia_stim.files import hash_json, json_bytes, read_json
from gaia_stim.images import Pixels, png_bytes
from gaia_stim.labels import read_landmarks
from gaia_stim.outputs import Kind, stands, write_file
from gaia_stim.space.images import images_of
from gaia_stim.space.opening import open_space

FIGURES, LANDMARK_SHEET = Kind("file of figures"), Kind("sheet of landmarks")


def evaluate(config: EvaluateConfig, listen: Listener = silent) -> dict[str, Any]:
    """Every figure of `METRICS` as one flat object, with what was measured; what they say goes to the listener.

    A figure that needs more images than there are is None, and `not_measured` says why. Raises `CheckpointError` for
    the model, `DataError` for the images or landmarks, `ConfigError` where something else lies where it writes; what
    the identical command wrote is read.
    """
    landmarks = read_landmarks(config.landmarks) if config.landmarks else None
    space = open_space(config.run or config.model, listen)
    dataset = images_of(space, config.images, listen, reading=config, greyed=True)
    positions = {name: points.tolist() for name, points in landmarks.positions.items()} if landmarks else None
    request = {
        "verb": verb_of(config),
        "gaia_stim": gaia_stim.__version__,
        "options": config.request(),
        "model_hash": space.model_hash,
        "images": dataset.content_hash,
        "landmarks": hash_json(positions),
        **({"fitted": "codes and shapes"} if config.refine else {}),
    }
    wanted = ((config.out, FIGURES), (config.landmark_sheet, LANDMARK_SHEET))
    there = [stands(path, kind, request, force=config.force) for path, kind in wanted if path]
    if config.out and all(there):
        listen(Note(f"{config.out} is this very {FIGURES.name} already: nothing to do"))
        found: dict[str, Any] = read_json(config.out)
        return found

    def draw(sheet: Pixels) -> None:
        if config.landmark_sheet:
            write_file(config.landmark_sheet, LANDMARK_SHEET, request, png_bytes(sheet))

    result = figures_of(space, dataset, config.seed, listen)
    if landmarks is not None:
        result |= figures_of_landmarks(space, dataset, landmarks, config.scale_by, config.refine, draw, listen)
    if config.out:
        write_file(config.out, FIGURES, request, json_bytes(result))
    return result
