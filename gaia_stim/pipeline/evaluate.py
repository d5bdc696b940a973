"""How good a model is, in figures that stand beside their controls, and in words."""

from typing import Any

from gaia_stim.config import EvaluateConfig
from gaia_stim.errors import ConfigError
from gaia_stim.evaluation.figures import figures_of, figures_of_landmarks
from gaia_stim.events import Listener, silent
from gaia_stim.files import write_json
from gaia_stim.labels import read_landmarks
from gaia_stim.space.images import images_of
from gaia_stim.space.opening import open_space


def evaluate(config: EvaluateConfig, listen: Listener = silent) -> dict[str, Any]:
    """Every figure of `METRICS` as one flat object, with what was measured; what they say goes to the listener.

    A figure that needs more images than there are is None, and `not_measured` says why. Raises `CheckpointError` for
    the model, `DataError` for the images or landmarks, `ConfigError` where the file to write exists.
    """
    for path in (config.out, config.landmark_sheet):
        if path and path.exists() and not config.force:
            raise ConfigError(f"{path}: exists; give another, or replace it with --force")
    landmarks = read_landmarks(config.landmarks) if config.landmarks else None
    space = open_space(config.run or config.model, listen)
    dataset = images_of(space, config.images, listen, reading=config, greyed=True)
    result = figures_of(space, dataset, config.seed, listen)
    if landmarks is not None:
        result |= figures_of_landmarks(
            space, dataset, landmarks, config.scale_by, config.refine, config.landmark_sheet, listen
        )
    if config.out:
        write_json(config.out, result)
    return result
