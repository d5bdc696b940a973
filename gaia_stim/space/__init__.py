"""A trained model as a space to move in: points, paths through them, and where to stop on the way."""

SPACINGS = {
    "latent": "gaia_stim.space.spacing:equal_codes",
    "pixel": "gaia_stim.space.spacing:equal_pixels",
}
"""Name to the function behind --spacing, that places the stimuli of a continuum on its path."""
