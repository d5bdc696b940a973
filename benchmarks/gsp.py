"""Gibbs sampling with simulated people on drawn faces, from the server's chains to their sets: does it find the target?

    python benchmarks/gsp.py [FIGURE.png [FACES.png]]

Drawn faces with their true attributes, the built-in model, and its vectors. A target is planted: one face, its
attributes moved by `TARGET` standard deviations. A simulated person never hears of these numbers. On each trial they
look at the pictures that the slider shows, leave it at the one that is most like the target's picture (RMS of its
pixels), and a hand that shakes by `SHAKE` of an SD moves it. Beside them somebody leaves the slider anywhere.

FIGURE shows how far the chains are from the target, trial by trial; FACES the target, where chains began, and the face
at the mean of their states once half of the trials are over.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from gaia_stim.config import AttributesFitConfig, ChainConfig, SamplesConfig
from gaia_stim.drawing.charts import Frame, Series, chart
from gaia_stim.drawing.plots import plot
from gaia_stim.drawing.sheets import contact_sheet
from gaia_stim.explorer.chain_sets import export_chain
from gaia_stim.explorer.chains import ChainSpec, State
from gaia_stim.explorer.session import Session
from gaia_stim.explorer.store import Store
from gaia_stim.images import Pixels, write_png
from gaia_stim.names import BUILT_IN
from gaia_stim.pipeline.attributes_fit import fit
from gaia_stim.samples import folder as drawn
from gaia_stim.space.space import Space

ATTRIBUTES = ("yaw", "age", "face_width", "hair_length")
TARGET: State = (1.2, -0.9, 1.0, -1.3)
CHAINS, TRIALS, SHAKE, PLACES = 8, 40, 0.3, 17
PLOT = Frame(560, 340, left=70, top=68, right=544, bottom=292, inset=9, says=True)
Person = Callable[[ChainSpec, int, State], float]


def session_in(home: Path) -> Session:
    """160 drawn faces and their vectors."""
    drawn.draw_into(SamplesConfig(out=home / "faces", n=160, size=128, seed=3))
    asked = {"labels": home / "faces" / "labels.csv", "attributes": ",".join(ATTRIBUTES), "model": "builtin"}
    fit(AttributesFitConfig.model_validate({**asked, "out": home / "vectors"}))
    faces = sorted((home / "faces" / "images").iterdir())
    return Session(Space.load(BUILT_IN), [(path.name, path) for path in faces], home / "vectors")


def picture(session: Session, spec: ChainSpec, state: State) -> npt.NDArray[np.float64]:
    return session.picture(spec.view(state)).pixels.astype(np.float64)


def looks(session: Session, seen: npt.NDArray[np.float64], random: np.random.Generator) -> Person:
    """Somebody who knows the target by sight."""

    def leaves(spec: ChainSpec, trial: int, state: State) -> float:
        places = np.linspace(-spec.reach, spec.reach, PLACES)
        off = [np.square(picture(session, spec, spec.shown(trial, state, at)) - seen).mean() for at in places]
        return float(np.clip(places[int(np.argmin(off))] + random.normal(0, SHAKE), -spec.reach, spec.reach))

    return leaves


def anywhere(random: np.random.Generator) -> Person:
    return lambda spec, trial, state: float(random.uniform(-spec.reach, spec.reach))


def walked(session: Session, store: Store, person: Person, seed: int) -> tuple[int, npt.NDArray[np.float64]]:
    """A chain's number and its states, that in which it began before all: (trials + 1, dimensions)."""
    asked = {"kind": "gsp", "start": session.names[0], "attributes": ATTRIBUTES, "trials": TRIALS, "seed": seed}
    spec = ChainSpec.model_validate({**asked, "size": "model"})
    chain = store.begin(spec, session.made_by)
    stands, states = store.standing(chain, session.made_by), [spec.begin()]
    while not stands.is_done:
        answer = person(spec, stands.trial, stands.state)
        stands = store.answer(chain, stands.trial, "simulated", answer, session.made_by)
        states.append(stands.state)
    return chain, np.array(states)


def main(figure: str = "", faces: str = "") -> None:
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        session, store = session_in(home), Store(home / "state.sqlite")
        asked = {"kind": "gsp", "start": session.names[0], "attributes": ATTRIBUTES}
        spec = ChainSpec.model_validate(asked)
        seen, random = picture(session, spec, TARGET), np.random.default_rng(1)
        began = time.thread_time()
        found = [walked(session, store, looks(session, seen, random), seed) for seed in range(CHAINS)]
        each = 1e3 * (time.thread_time() - began) / (CHAINS * TRIALS)
        chance = np.array([walked(session, store, anywhere(random), seed)[1] for seed in range(100)])
        made = export_chain(ChainConfig(target=BUILT_IN, chain=found[0][0], out=home / "set"), session, store)
        store.close()
        states = np.array([one for _, one in found])
        off, off_by_chance = (np.sqrt(np.square(some - TARGET).mean(axis=2)).mean(axis=0) for some in (states, chance))
        mean = states[:, TRIALS // 2 :].mean(axis=(0, 1))
        told = ", ".join(
            f"{name} {at:+.2f} ({wanted:+.1f})" for name, at, wanted in zip(ATTRIBUTES, mean, TARGET, strict=True)
        )
        print(f"{CHAINS} chains of {TRIALS} trials; {each:.0f} ms of the processor a trial")
        print(f"distance to the target, RMS over {len(TARGET)} attributes in SDs:")
        for trial in (0, 4, 8, 20, TRIALS):
            print(f"  after {trial:2d} trials {off[trial]:.2f}; by chance {off_by_chance[trial]:.2f}")
        left = np.sqrt(np.square(mean - TARGET).mean())
        print(f"mean of the states of the second half (target): {told}; off by {left:.2f}")
        print(f"the first chain as a set: {made.stimuli} stimuli of {made.answers} answers")
        if figure:
            says = (
                f"The lower curve: {CHAINS} simulated people who know the target by sight.\n"
                "The upper: somebody who leaves the slider anywhere."
            )
            lines = [
                Series(name, range(TRIALS + 1), y, dotted=False)
                for name, y in (("by sight", off), ("anywhere", off_by_chance))
            ]
            axes = ("trials", "distance to the target, SDs")
            write_png(Path(figure), plot(chart("Gibbs sampling with simulated people", says, *axes, lines, frame=PLOT)))
        if faces:
            shown: list[tuple[str, State]] = [("the target", TARGET)]
            shown += [(f"chain {number + 1} began", tuple(states[number, 0])) for number in range(3)]
            shown += [("mean of the chains", tuple(mean))]
            pictures: list[Pixels] = [picture(session, spec, state).astype(np.uint8) for _, state in shown]
            write_png(Path(faces), contact_sheet(pictures, len(shown), labels=[name for name, _ in shown], scale=3))


if __name__ == "__main__":
    main(*sys.argv[1:])
