"""gaia-stim: a folder of images becomes a calibrated space of stimuli that an experiment can load.

What a notebook needs is here, and imported when it is first used (`__init__.pyi` lists it): a `Space` with `encode`,
`decode` and `carry`, plans of stimuli as arrays (`morph_plan`, `grid_plan`, `edit_plan` …), stimulus sets, and the
commands as functions of their options (`morph(MorphConfig(...))`).

>>> from gaia_stim import Space, morph_plan
>>> from gaia_stim.samples import deal, draw_face
>>> a, b = (draw_face(deal(face, seed=7), size=64) for face in (2, 5))     # or names of files
>>> space = Space.load()                                                   # the model that commands would take
>>> plan = morph_plan(space, a, b, steps=9, spacing="pixel")
>>> plan.pictures(space).shape, plan.rows[4].alpha == 0.5
((9, 64, 64, 3), False)
"""

import lazy_loader

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
