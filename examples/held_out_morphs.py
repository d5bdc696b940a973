"""Morphs between images that the model was not trained on: the first thing to look at after training.

    python examples/held_out_morphs.py RUN IMAGES OUT [ROWS [REFINE]]

OUT is a .png or a .jpg. Each row goes from an image to another one in equal steps of the pixels. Where the model has a
shape and the images are larger than its pictures, they are carried along, and the ends are the images themselves; else
each image stands beside its reconstruction. REFINE gradient steps fit the codes to the images first.
"""

import sys
from pathlib import Path

from gaia_stim import Space, morph_plan
from gaia_stim.drawing.sheets import contact_sheet
from gaia_stim.files import write_bytes
from gaia_stim.images import image_bytes, shrunk
from gaia_stim.space.images import images_of

run, images, out = map(Path, sys.argv[1:4])
rows, refine = (int(sys.argv[place]) if len(sys.argv) > place else default for place, default in ((4, 6), (5, 0)))
STEPS, SIDE = 9, 192

space = Space.load(run)
dataset = images_of(space, images)
paths = [dataset.folder / dataset.table["path"].iloc[row] for row in dataset.rows("validation")[: 2 * rows]]

pictures = []
for first, second in zip(paths[::2], paths[1::2], strict=True):
    plan = morph_plan(space, first, second, STEPS, spacing="pixel", refine=refine)
    row = [shrunk(picture, SIDE) for picture in plan.pictures(space)]
    pictures += row if plan.carrying else [space.prepare(first), *row, space.prepare(second)]
whole = len(pictures) // rows
labels = [f"step {step}" for step in range(1, STEPS + 1)]
labels = labels if whole == STEPS else ["image A", *labels, "image B"]
sheet = contact_sheet(pictures, columns=whole, column_labels=labels)
write_bytes(out, image_bytes(sheet, out.suffix))
