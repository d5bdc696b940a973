"""The answers of an experiment beside its stimuli: what each column is, whose they are, and of which set."""

import re
from collections.abc import Iterable

import pandas as pd

from gaia_stim.errors import DataError
from gaia_stim.stimuli.identity import SET_ID, SET_NAME
from gaia_stim.stimuli.sets import StimulusSet
from gaia_stim.stimuli.trials import PLACES, WHEEL

COLUMNS = {
    # Every column of a manifest is here: a test compares the two.
    "stim_file": "Picture, relative to /stimuli; as in events.tsv.",
    "stim_id": "Id in the stimulus set and in its manifest.",
    "kind": "What made it.",
    "position": "Order in the set, from 0.",
    "alpha": "Latent fraction along the continuum.",
    "grid_u": "Latent fraction from left to right.",
    "grid_v": "Latent fraction from top to bottom.",
    "angle_deg": "Place on a closed path, in degrees.",
    "attribute": "What was changed.",
    "amount": "By how much, as asked.",
    "amount_reached": "By how much as the written picture shows it, read back from it.",
    "attribute_2": "What was changed as well.",
    "amount_2": "By how much, as asked.",
    "amount_2_reached": "By how much as the written picture shows it, read back from it.",
    "source_ids": "Images it is made of, joined by ;.",
    "raw": "1 for a source image as it is.",
    "step_distance": "RMS difference of sRGB pixels from the stimulus before, in [0, 1].",
    "cumulative_distance": "Sum of the steps so far.",
    "mean_luminance": "Mean relative luminance Y (linear light, Rec. 709) on the display that it is for, in [0, 1].",
    "rms_contrast": "Standard deviation of Y.",
    "reconstruction_error": "Mean absolute difference from the source image.",
    "image_hash": "SHA-256 of the file.",
    "model_hash": "SHA-256 of the weights that made it.",
    "seed": "Seed of chance.",
    "support": "Distance to the nearest real code, in units of their median distance to each other.",
    "size": "Pixels of a side, where photographs were carried along.",
    "detail": "What was done to the detail of carried photographs: restored, or mean.",
    "disagreement": "Share of the carried photographs that is not shown, since none agrees there, 0 to 1.",
    "folds": "Spots at which the map of carried photographs folds.",
    SET_ID: "Stimulus set that it is of: hashes of its manifest, and of what its stimuli lie between.",
    SET_NAME: "What that set's folder was called.",
}
"""What the columns of a manifest are; `stim_file` is what BIDS calls `image`."""
RESULTS = {
    "participant": "Who answered; people who were called the same are told apart.",
    "task": "Task of the trial.",
    "trial": "Number of the trial.",
    "response": "The answer; of adjustment the place that was chosen.",
    "rt": "From the last picture of the trial to the answer.",
    "block": "Part of the session, from 1; 0 is practice.",
    "phase": "practice, catch, or nothing for a trial of the experiment.",
    **{f"stim_{place}": f"Stimulus {place} of the trial, by its id." for place in PLACES},
    **{f"alpha_{place}": f"Where stimulus {place} lies along the set." for place in PLACES},
    WHEEL: "1 where alpha 1 is alpha 0 again.",
    "correct": "The right answer, where there is one.",
    "right": "1 where the answer is the right one, 0 where it is not.",
    "program": "What wrote the results.",
    "part": "Which part of the trials the block is.",
    "repetition": "Which repetition of the items it belongs to.",
    "item": "Number of what was asked about.",
    "arrangement": "In which order or places its stimuli were shown.",
    "procedure": "What chose the stimulus, where that is not a list.",
    "track": "For which of its tracks it did.",
    "simulated": "1 where no person answered but a simulated observer.",
    SET_ID: COLUMNS[SET_ID],
    SET_NAME: COLUMNS[SET_NAME],
}
"""What columns of `collect` are. When a session began and which file had it are none of them: they tell of people."""


def answers_about(stimuli: StimulusSet, answers: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Those of a set (`answers` as `designs.collecting` has them), and what there is to say of the others.

    Raises `DataError` where there are none, or they name what is no stimulus of the set.
    """
    own = answers[answers[SET_ID].isin(["", stimuli.set_id])]
    if own.empty:
        raise DataError(f"the results are about other stimuli than those of {stimuli.folder} ({stimuli.set_id})")
    known = {"", *(row.stim_id for row in stimuli.rows())}
    for place in PLACES:
        if unknown := sorted(set(own[f"stim_{place}"]) - known):
            raise DataError(
                f"the results have '{unknown[0]}' in stim_{place}, which is no stimulus of {stimuli.folder}"
            )
    others = len(answers) - len(own)
    return own, [f"left out: {others:,} trials about other stimuli than those of {stimuli.folder}"] if others else []


def people_in(answers: pd.DataFrame, standard: str) -> dict[str, str]:
    """Each participant by a label of letters and digits, as the names of a standard's files have it.

    Raises `DataError` where two would have one, be it but for capitals, or one none.
    """
    people = {str(who): letters(str(who)) for who in answers["participant"]}
    if len({name.lower() for name in people.values()}) < len(people) or "" in people.values():
        raise DataError(f"{standard} labels have letters and digits alone: two participants would be one; rename them")
    return people


def told_in(table: pd.DataFrame, columns: Iterable[str]) -> list[str]:
    """Of these columns, those in which anything stands."""
    return [name for name in columns if (table[name].notna() & (table[name] != "")).any()]


def letters(name: str) -> str:
    """A name without all that is neither a letter of ASCII nor a digit."""
    return re.sub("[^A-Za-z0-9]", "", name)
