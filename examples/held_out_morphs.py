"""Morphs between images that the model was not trained on: the first thing to look at after training.

    python examples/held_out_morphs.py RUN IMAGES OUT.png [ROWS]

Each row is an image, nine steps from its reconstruction to the other's, and the other image.
"""

import sys
from pathlib import Path

from gaia_stim.drawing.sheets import contact_sheet
from gaia_stim.images import write_png
from gaia_stim.space.images import images_of
from gaia_stim.space.space import Space

run, images, out = map(Path, sys.argv[1:4])
rows = int(sys.argv[4]) if len(sys.argv) > 4 else 6
STEPS = 9

space = Space.load(run)
dataset = images_of(space, images)
held_out = dataset.batch(dataset.rows("validation")[: 2 * rows])

pictures = []
for first, second in zip(held_out[::2], held_out[1::2], strict=True):
    pictures += [first, *space.morph(first, second, STEPS, spacing="pixel"), second]
labels = ["image A", *(f"step {step}" for step in range(1, STEPS + 1)), "image B"]
write_png(out, contact_sheet(pictures, columns=STEPS + 2, column_labels=labels))
