"""A set's stimuli side by side in one picture, for a slider on a page.

    python examples/film_strip.py SET OUT.jpg [SIDE]

Each picture is SIDE pixels wide and high (256 unless said), in the order of the manifest.
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image

from gaia_stim import StimulusSet
from gaia_stim.images import shrunk

folder, out = map(Path, sys.argv[1:3])
side = int(sys.argv[3]) if len(sys.argv) > 3 else 256

strip = np.concatenate([shrunk(picture, side) for _, picture in StimulusSet.open(folder).pictures()], axis=1)
Image.fromarray(strip).save(out, quality=82)
