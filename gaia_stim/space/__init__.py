"""A trained model as a space to move in: points, paths through them, and where to stop on the way."""

SPACINGS = {
    "latent": "gaia_stim.space.spacing:equal_codes",
    "pixel": "gaia_stim.space.spacing:equal_pixels",
    "nlpd": "gaia_stim.space.spacing:equal_nlpd",
    "ciede2000": "gaia_stim.space.spacing:equal_colours",
}
"""Name to the function behind --spacing, that places the stimuli of a continuum on its path: what it makes equal."""

PATHS = {
    "line": "gaia_stim.space.paths:Polyline",
    "spline": "gaia_stim.space.paths:Spline",
    "wheel": "gaia_stim.space.paths:Wheel",
}
"""Name to the class behind --path: made of codes, and called with places t."""
