"""The paper's Figures 4 and 3, as sheets: each vector decoded alone, and faces with each attribute moved."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gaia_stim.drawing.sheets import contact_sheet
from gaia_stim.images import Pixels
from gaia_stim.space.space import Space
from gaia_stim.space.varying import VARY_BOTH, Vary
from gaia_stim.space.vectors import Direction, Vectors
from gaia_stim.stimuli.plans.edits import moved
from gaia_stim.stimuli.sources import SourceImage, encoded

STEPS = (-1.0, -0.5, 0.0, 0.5, 1.0)
"""Shares of the amount, at which a vector is shown alone."""
WORDS = {"ols": "OLS", "mean_difference": "mean difference", "ridge": "ridge"}


@dataclass(frozen=True, eq=False)
class VectorSheets:
    """What is shown of which attributes, moved by `amount` standard deviations."""

    space: Space
    vectors: Vectors
    chosen: Sequence[str]
    amount: float
    estimator: str = "ols"
    vary: Vary = VARY_BOTH

    def alone(self) -> Pixels:
        """Figure 4: a row an attribute; left of the gap the mean difference, right of it the other estimator."""
        right = "ols" if self.estimator == "mean_difference" else self.estimator
        steps = np.array(STEPS) * self.amount
        mean = np.repeat(self.vectors.mean[None], len(steps), axis=0)
        labels = [f"{name}  (R² {self.vectors.attribute(name).r2:.2f})" for name in self.chosen]
        halves = []
        for estimator, beside_rows in (("mean_difference", labels), (right, None)):
            tiles = [
                picture
                for name in self.chosen
                for picture in self.space.decode(moved(mean, [self._one_sd(name, estimator)], [steps]))
            ]
            halves.append(
                contact_sheet(
                    tiles,
                    len(steps),
                    row_labels=beside_rows,
                    column_labels=[f"{step:+g} SD" if step else "mean" for step in steps],
                    title=f"Each vector alone: {WORDS[estimator]}{self.vary.words}",
                )
            )
        return np.concatenate(halves, axis=1)

    def on_faces(self, faces: Sequence[SourceImage]) -> Pixels:
        """Figure 3: a row a face, itself and its reconstruction first, then a column an attribute."""
        codes = encoded(self.space, faces).codes
        steps = np.full(len(codes), self.amount)
        columns = [np.stack([face.picture for face in faces]), self.space.decode(codes)] + [
            self.space.decode(moved(codes, [self._one_sd(name, self.estimator)], [steps])) for name in self.chosen
        ]
        return contact_sheet(
            [column[row] for row in range(len(codes)) for column in columns],
            len(columns),
            column_labels=["image", "decoded", *self.chosen],
            row_labels=[face.source.source_id for face in faces],
            title=f"Each attribute moved by {self.amount:+g} SD, the others left as they are ({WORDS[self.estimator]})"
            + self.vary.words,
        )

    def _one_sd(self, name: str, estimator: str) -> Direction:
        whole = self.vectors.direction(name, estimator) * self.vectors.attribute(name).sd
        return self.vary.direction(self.space, whole)
