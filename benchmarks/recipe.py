"""What a recipe costs beside the work it does: a batch of morphs, and a second run that has nothing to do.

    python benchmarks/recipe.py OUT [MORPHS] [STEPS]

Prints the seconds that decoding the codes of all sets and writing their PNGs need alone, those of writing the sets from
ready plans (PNGs, sheets, manifests, provenance), those of a recipe that makes them, and their ratios; and the seconds
of the same command once more, as a process of its own. On a machine that does other things at the same time, believe
the processor's time rather than the clock's.
"""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil

from gaia_stim.checkpoint import BUILT_IN
from gaia_stim.config import RecipeRunConfig
from gaia_stim.images import png_bytes
from gaia_stim.recipe.run import run
from gaia_stim.space.space import Space
from gaia_stim.stimuli.plan import Plan
from gaia_stim.stimuli.sets import StimulusSet, write_set

FACES = 40
home = Path(sys.argv[1])
morphs, steps = [int(text) for text in sys.argv[2:4]] + [200, 9][len(sys.argv) - 2 :]

shutil.rmtree(home, ignore_errors=True)
home.mkdir(parents=True)
pairs = [(first, second) for first in range(FACES) for second in range(first)][:morphs]
rows = "".join(f"face_{first:05},face_{second:05}\n" for first, second in pairs)
(home / "pairs.csv").write_text(f"first,second\n{rows}")
(home / "batch.yaml").write_text(
    f"""\
steps:
  faces: {{do: samples, n: {FACES}, size: 64}}
  morphs:
    do: morph
    each: pairs.csv
    first: ${{faces}}/images/${{first}}.png
    second: ${{faces}}/images/${{second}}.png
    steps: {steps}
"""
)


def now() -> np.ndarray:
    """Seconds of the clock and of the processor."""
    return np.array([time.perf_counter(), time.process_time()])


asked = RecipeRunConfig(recipe=home / "batch.yaml")
space = Space.load(BUILT_IN)
space.decode(np.zeros((64, space.latent), np.float32))  # warm up
run(asked.model_copy(update={"only": "faces"}))
begun = now()
result = run(asked)
whole = now() - begun

sets = [StimulusSet.open(result.out / line.step) for line in result.steps if line.do == "morph"]
plans = [Plan.from_json(one.provenance["plan"]) for one in sets]
(home / "alone").mkdir()
begun = now()
for number, plan in enumerate(plans):
    for tile in space.rendered(plan.codes):
        for place, picture in enumerate(tile):
            (home / "alone" / f"{number}_{place}_{id(tile)}.png").write_bytes(png_bytes(picture))
alone = now() - begun

begun = now()
for number, plan in enumerate(plans):
    write_set(home / "sets" / str(number), plan, space, {"request": {}})
written = now() - begun

begun_at = time.perf_counter()
again = subprocess.Popen([sys.executable, "-m", "gaia_stim", "run", str(asked.recipe)], stdout=subprocess.DEVNULL)
_, _, used = os.wait4(again.pid, 0)
second = np.array([time.perf_counter() - begun_at, used.ru_utime + used.ru_stime])

sys.stdout.write(
    f"{len(sets)} morphs of {steps} at {space.shape[0]} px\n"
    f"decoding and writing alone: {alone[0]:.1f} s, {alone[1]:.1f} s of the processor\n"
    f"writing the sets:           {written[0]:.1f} s, {written[1]:.1f} s of the processor\n"
    f"the recipe:                 {whole[0]:.1f} s, {whole[1]:.1f} s of the processor\n"
    f"recipe / decoding, writing: {whole[0] / alone[0]:.2f}, {whole[1] / alone[1]:.2f}\n"
    f"recipe / writing the sets:  {whole[0] / written[0]:.2f}, {whole[1] / written[1]:.2f}\n"
    f"a second run:               {second[0]:.2f} s, {second[1]:.2f} s of the processor\n"
    f"load on the machine:        {psutil.getloadavg()[0]:.1f} of {psutil.cpu_count()} cores\n"
)
