"""Training a model on a folder of images, or going on with a training that was stopped."""

from gaia_stim.config import TrainConfig
from gaia_stim.events import Listener, silent
from gaia_stim.publishing.cards import write_card
from gaia_stim.runs import Run
from gaia_stim.training.trained import TrainResult, trained


def train(config: TrainConfig, listen: Listener = silent) -> TrainResult:
    """Train as `config` says; the identical command goes on where it was stopped, or finds that all is done.

    Raises `ConfigError` where the run folder holds another run, `DataError` for the images, `CheckpointError` for
    what is left of a run, `DivergedError`, and `InterruptedRun` once a stopped run is saved.
    """
    result = trained(config, listen)
    write_card(Run(result.run), listen)
    return result
