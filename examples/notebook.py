"""The command line's work from a notebook: open a space, morph two images, look.

    python examples/notebook.py A.png B.png

Without a model of your own this takes the built-in one, which knows the faces that `gaia-stim samples` draws.
"""

import sys
from pathlib import Path

from gaia_stim.config import MorphConfig
from gaia_stim.drawing.sheets import contact_sheet
from gaia_stim.images import write_png
from gaia_stim.pipeline.morphs import morph
from gaia_stim.space.space import Space

first, second = map(Path, sys.argv[1:3])

# Three lines: from two files to a continuum in memory, uint8 (9, size, size, channels).
space = Space.load()
pictures = space.morph(first, second, steps=9)
write_png(Path("continuum.png"), contact_sheet(pictures, columns=9))

# Codes are plain arrays: the midpoint of two images, and the picture of it.
a, b = space.encode([first, second])
midpoint = space.decode(((a + b) / 2)[None])[0]
write_png(Path("midpoint.png"), midpoint)

# What the command does, with manifest and provenance, is a function too.
made = morph(MorphConfig(first=first, second=second, steps=9, spacing="pixel", out=Path("continuum")))
print(f"{made.stimuli} stimuli in {made.out}, coefficient of variation of their steps {made.steps_cv:.3f}")
