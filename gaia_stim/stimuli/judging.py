"""How even the steps of a set are to measures that did not place them, on its pictures as written.

What was made equal is equal by its own measure, whatever that is worth: so no measure judges what it placed. A colour
difference sees what measures of luminance do not; where it placed the steps, NLPD stands in for it.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from gaia_stim.config.renamed import spacing_now
from gaia_stim.images import Pixels, shrunk
from gaia_stim.metrics.distance import variation
from gaia_stim.metrics.perceptual import colour_distance, nlpd, structural_distance

JUDGES = {"ciede2000": colour_distance, "structural": structural_distance, "nlpd": nlpd}
"""By the names that provenance has: mean CIEDE2000, √(1 − SSIM) and NLPD."""
ASKED = 2
"""Of them the first so many that did not place the steps."""
SIDE = 128
"""Pixels of a side at which they judge larger pictures."""
MOST = 64
"""Of more steps in a line, so many are judged, evenly spread; and of more lines."""

Written = Callable[[int], Pixels]
"""From a stimulus's position to its picture as written."""


def judged(shown: Written, lines: Sequence[Sequence[int]], spacing: str) -> dict[str, Any]:
    """Coefficient of variation of the steps along lines of positions, the mean over the lines, by each judge."""
    judges = [name for name in JUDGES if name != spacing_now(spacing)][:ASKED]
    some = [lines[place] for place in np.unique(np.linspace(0, len(lines) - 1, MOST).astype(int))]
    each = [_of_line(shown, line, judges) for line in some]
    return {"judged": {name: float(np.mean([one[name] for one in each])) for name in judges}}


def _of_line(shown: Written, line: Sequence[int], judges: Sequence[str]) -> Mapping[str, float]:
    steps = list(pairwise(line))
    chosen = [steps[place] for place in np.unique(np.linspace(0, len(steps) - 1, MOST).astype(int))]
    seen = {place: shrunk(shown(place), SIDE) for place in dict.fromkeys(place for step in chosen for place in step)}
    a, b = (np.stack([seen[step[end]] for step in chosen]) for end in (0, 1))
    return {name: variation(JUDGES[name](a, b)) for name in judges}
