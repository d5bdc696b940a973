"""Which set something is of: the one place that says how a set is called in designs, results and scales.

An id has two halves, both short hashes: of the set's manifest, and of the continuum that its stimuli lie on (model,
path, and the images in their order). So results of two sets are never taken for one, and a scale that was measured on
one set of a continuum is known to fit another set of the same. It begins with a letter: no spreadsheet mangles it.
"""

from collections.abc import Iterable

from gaia_stim.files import hash_json, named_hash

SET_ID, SET_NAME = "set_id", "set_name"
"""The columns of designs, results and scales that say which set they are of."""
MEASURED_SCALE = "measured_scale"
"""The id of the source of a set that is no image but the scale of its spacing."""
POINTS = "given_points"
"""That of the source that is a file, or a folder, of points of the others."""
CHAIN_ANSWERS = "chain_answers"
"""That of the table of the answers that led from one stimulus to the next."""
NO_IMAGES = (MEASURED_SCALE, POINTS, CHAIN_ANSWERS)
DIGITS = 8


def set_id(manifest_hash: str, continuum: str) -> str:
    """The id of a set: `set_1f0c22ab_9d3e4410`."""
    return f"set_{_short(manifest_hash)}_{continuum}"


def continuum_id(model_hash: str, path: str, image_hashes: Iterable[str]) -> str:
    """The second half of a set's id: what its stimuli lie between, whatever was asked of their places."""
    return _short(hash_json([model_hash, path, list(image_hashes)]))


def continuum_of(name: str) -> str:
    """The second half of an id; empty where it is none."""
    start, _, continuum = name.rpartition("_")
    return continuum if start.startswith("set_") else ""


def _short(digest: str) -> str:
    return digest.removeprefix(named_hash(""))[:DIGITS]
