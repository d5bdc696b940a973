"""What reading a large folder of results costs: 20 sets, 30 people, 300 trials each, of observers whose PSE is known.

    python benchmarks/results.py OUT [SETS [PEOPLE [TRIALS]]]

Writes OUT/results, a file a person and set as the starters do, reads and fits them, and prints the processor's seconds
and how far the worst PSE is off; with 100 draws for the intervals, of which the default is 1000.
"""

import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

from gaia_stim.config import ScaleConfig
from gaia_stim.designs.responses import answers_of, read_results
from gaia_stim.pipeline.scale import scale

out = Path(sys.argv[1])
sets, people, trials = (int(given) for given in [*sys.argv[2:], *["20", "30", "300"][len(sys.argv) - 2 :]])
STEPS, NOISE = 15, 0.15
planted = {f"set-{number:02}": pse for number, pse in enumerate(np.linspace(0.2, 0.8, sets))}
chance = np.random.default_rng(0)
(out / "results").mkdir(parents=True)
for number, (name, pse) in enumerate(planted.items()):
    for person in range(people):
        shown = chance.permutation(np.arange(trials) % STEPS)
        alpha = shown / (STEPS - 1)
        table = pd.DataFrame(
            {
                "participant": f"p{person + 1:02}",
                "block": 1,
                "trial": np.arange(1, trials + 1),
                "task": "identification",
                "stim_a": [f"m_{step + 1:04}" for step in shown],
                "image_a": [f"stimuli/m_{step + 1:04}.png" for step in shown],
                **dict.fromkeys(("stim_b", "stim_c", "stim_d", "correct"), ""),
                **dict.fromkeys(("part", "repetition", "arrangement"), 1),
                "item": shown + 1,
                "alpha_a": alpha,
                "set_id": f"set_{number:08x}_{number:08x}",
                "set_name": name,
                "response": np.where(alpha + NOISE * chance.standard_normal(trials) > pse, "b", "a"),
                "rt": chance.lognormal(size=trials).round(4),
                "started": f"at_20260101_{person:06}",
            }
        )
        table.to_csv(out / "results" / f"p{person + 1:02}_{name}.csv", index=False)

began = time.process_time()
found = answers_of(read_results([out / "results"]), None)
print(f"{sum(map(len, found)):,} trials of {len(found)} sets read in {time.process_time() - began:.1f} s")
for bootstrap in (0, 100):
    began = time.process_time()
    made = scale(ScaleConfig(responses=(out / "results",), bootstrap=bootstrap, out=out / "scale", force=True))
    worst = max(abs(one.figures["pse"] - planted[one.set]) for one in made.scales)
    taken = time.process_time() - began
    print(f"read again and fitted, --bootstrap {bootstrap}, in {taken:.1f} s; the worst PSE is off by {worst:.4f}")
