"""Balanced trial lists over a stimulus set, and the human scale that is fitted to the answers."""

DESIGNS = {
    "identification": "gaia_stim.designs.kinds:identification",
    "2afc": "gaia_stim.designs.kinds:two_afc",
    "abx": "gaia_stim.designs.kinds:abx",
    "same-different": "gaia_stim.designs.kinds:same_different",
    "oddity": "gaia_stim.designs.kinds:oddity",
    "triplets": "gaia_stim.designs.kinds:triplets",
    "mlds": "gaia_stim.designs.kinds:mlds",
    "constant": "gaia_stim.designs.kinds:constant",
    "adjustment": "gaia_stim.designs.kinds:adjustment",
}
"""Task to the `Design` that says what a trial shows, what may be answered and what is right."""

PROCEDURES = {
    "staircase": "gaia_stim.designs.adaptive:find_adaptive",
    "questplus": "gaia_stim.designs.adaptive:find_adaptive",
}
"""What chooses the next stimulus of a task while the experiment runs, to the function that finds the task."""

CHAINS = {
    "gsp": "gaia_stim.designs.chains:gsp",
    "mcmcp": "gaia_stim.designs.chains:mcmcp",
}
"""Chains of choices, whose stimuli a server makes, to the `Design` that says what may be answered."""

KINDS = DESIGNS | PROCEDURES | CHAINS
"""All that `gaia-stim design` makes."""

SCALES = {
    "mlds": "gaia_stim.designs.difference:fit_mlds",
    "2afc": "gaia_stim.designs.difference:fit_2afc",
    "identification": "gaia_stim.designs.psychometric:fit_identification",
    "constant": "gaia_stim.designs.psychometric:fit_constant",
}
"""Task to the function that fits a scale to its answers."""

ANALYSES = {
    "abx": "gaia_stim.designs.discrimination:abx",
    "same-different": "gaia_stim.designs.discrimination:same_different",
    "oddity": "gaia_stim.designs.discrimination:oddity",
    "adjustment": "gaia_stim.designs.adjusting:adjustment",
    "triplets": "gaia_stim.designs.embedding:triplets",
}
"""Task that has no scale to the function that analyses its answers."""
