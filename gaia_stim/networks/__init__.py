"""Encoders and decoders: what turns an image into a latent code and back, without a word on how they are trained.

Every norm is per sample, so that a stimulus never depends on the others of its batch.
"""

NETWORKS = {
    "light": "gaia_stim.networks.light:Light",
    "deform": "gaia_stim.networks.deform:Deform",
    "munit": "gaia_stim.networks.munit:Munit",
    "acai": "gaia_stim.networks.acai:AcaiNetworks",
}
"""Name to the `Family` that builds its parts."""
