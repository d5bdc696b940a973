"""An adaptive session as the programs run it: what is shown next, given the answers so far.

The programs have these rules in their own languages (`adaptive.js`, PsychoPy's handlers). This is what tests hold them
against, and what simulated observers sit before (`benchmarks/adaptive.py`).
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gaia_stim.designs.questplus import QuestPlus
from gaia_stim.designs.staircases import Staircase

QUEST = "quest"
"""What the only track of QUEST+ is called."""


class Session:
    """One participant's."""

    def __init__(self, procedure: Mapping[str, Any], rng: np.random.Generator) -> None:
        """`procedure` is what `procedure_of` made; chance decides between staircases."""
        self.places = np.array([place for place, _ in procedure["line"]])
        self.quest = QuestPlus(procedure) if procedure["kind"] == "questplus" else None
        self.tracks = {track["name"]: track for track in procedure.get("tracks", ())}
        self.staircases = {name: Staircase.of(track, procedure) for name, track in self.tracks.items()}
        self.counts = dict.fromkeys(self.tracks, 0)
        self.rng = rng

    @property
    def is_over(self) -> bool:
        """Whether every staircase has ended; QUEST+ goes on as long as there are trials."""
        return self.quest is None and all(one.is_over for one in self.staircases.values())

    def choose(self) -> tuple[str, int]:
        """The track whose turn it is, and the number of the stimulus on the line."""
        if self.quest is not None:
            return QUEST, self.quest.next()
        going = [name for name, one in self.staircases.items() if not one.is_over]
        least = min(self.counts[name] for name in going)
        name = str(self.rng.choice([one for one in going if self.counts[one] == least]))
        return name, self.nearest(name)

    def nearest(self, name: str) -> int:
        """The stimulus of a track that is nearest to where it is."""
        track = self.tracks[name]
        level = track["sign"] * (self.places - track["goal"])
        off = np.abs(self.places - (track["goal"] + track["sign"] * self.staircases[name].level))
        return int(np.argmin(np.where((level >= track["least"]) & (level <= track["most"]), off, np.inf)))

    def answered(self, name: str, number: int, is_more: bool) -> None:
        """Whether the answer was B, or that the comparison is nearer to B."""
        if self.quest is not None:
            self.quest.answered(number, is_more)
            return
        self.counts[name] += 1
        self.staircases[name].answered(is_more if self.tracks[name]["sign"] > 0 else not is_more)


def simulated(
    procedure: Mapping[str, Any], says_more: Callable[[float], bool], rng: np.random.Generator
) -> list[tuple[str, int, bool]]:
    """All trials of an observer who answers a place on the line: track, number of the stimulus, and the answer."""
    session = Session(procedure, rng)
    trials: list[tuple[str, int, bool]] = []
    while len(trials) < procedure["trials"] and not session.is_over:
        track, number = session.choose()
        trials.append((track, number, says_more(float(session.places[number]))))
        session.answered(*trials[-1])
    return trials
