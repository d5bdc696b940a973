"""Models: what is minimised, by whom, on which batch. One file each; the training loop knows none of them by name."""

from typing import TYPE_CHECKING

from gaia_stim.tables import look_up

if TYPE_CHECKING:
    from gaia_stim.config import ModelConfig
    from gaia_stim.models.base import Autoencoder

MODELS = {
    "gaia": "gaia_stim.models.gaia:Gaia",
    "ae": "gaia_stim.models.ae:PlainAutoencoder",
    "vae": "gaia_stim.models.vae:VariationalAutoencoder",
    "vaegan": "gaia_stim.models.vaegan:VaeGan",
    "began": "gaia_stim.models.began:Began",
    "ali": "gaia_stim.models.ali:Ali",
    "age": "gaia_stim.models.age:Age",
    "avb": "gaia_stim.models.avb:Avb",
    "acai": "gaia_stim.models.acai:Acai",
    "flow": "gaia_stim.models.flow:Flow",
}
"""Name to the `Autoencoder` behind --method."""

OBJECTIVES = {
    "anchored": "gaia_stim.models.gaia:ANCHORED",
    "critic": "gaia_stim.models.gaia:CRITIC",
    "steady": "gaia_stim.models.gaia:STEADY",
    "paper": "gaia_stim.models.gaia:PAPER",
    "algorithm1": "gaia_stim.models.gaia:ALGORITHM1",
    "simplex": "gaia_stim.models.gaia:SIMPLEX",
}
"""Name to GAIA's `Objective` behind --objective."""


def build(config: "ModelConfig") -> "Autoencoder":
    """Make the model that a config describes, its weights not yet trained. Raises `ConfigError` for an unknown name."""
    model: Autoencoder = look_up(MODELS, "method", config.method)(config)
    return model
