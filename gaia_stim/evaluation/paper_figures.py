"""The paper's Figures 2 to 4 of all models of a comparison at once, a row a model; its Figure 5 is the sheet of
reconstructions that every comparison has.

Nobody chose what is shown: the first held-out images, and the attributes that the first model's codes say most of.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gaia_stim.dataset import Dataset
from gaia_stim.drawing.sheets import contact_sheet
from gaia_stim.events import Listener, silent
from gaia_stim.images import Pixels
from gaia_stim.samples.folder import LABELS, are_drawn
from gaia_stim.space.attributes import complete, mean_difference, ols, read_out
from gaia_stim.space.labelled import Labelled
from gaia_stim.space.paths import Codes, Line
from gaia_stim.space.space import Space

Models = Mapping[str, Space]
FRAMES = 7
"""Pictures of a strip."""
PAIRS, FACES = 2, 2
ATTRIBUTES = 7
"""At most so many are shown."""
AMOUNT = 2.0
"""Standard deviations by which an attribute is moved."""


def strips(models: Models, dataset: Dataset) -> Pixels:
    """Figure 2: of two pairs of held-out images a cross-fade as control, and each model's line between them."""
    images = dataset.batch(dataset.rows("validation")[: 2 * PAIRS])
    steps = np.linspace(0, 1, FRAMES)
    tiles: list[Pixels] = []
    for a, b in zip(images[::2], images[1::2], strict=False):
        fade = [np.round((1 - t) * a + t * b.astype(np.float64)).astype(np.uint8) for t in steps]
        tiles += [a, *fade, b]
        for space in models.values():
            ends = space.encode([a, b])
            tiles += [a, *space.decode(Line(ends[0], ends[1])(steps)), b]
    rows = ["pixel blend", *models] * (len(tiles) // (FRAMES + 2) // (len(models) + 1))
    columns = ["A", *(f"{step:.2f}" for step in steps), "B"]
    title = "From one held-out image to another"
    return contact_sheet(tiles, FRAMES + 2, row_labels=rows, column_labels=columns, title=title)


@dataclass(frozen=True, eq=False)
class Directions:
    """What one standard deviation of each attribute is in a model's codes: (attributes, latent), by estimator."""

    mean: Codes
    ols: Codes
    mean_difference: Codes


def directions(space: Space, found: Labelled, listen: Listener = silent) -> Directions:
    """Vectors of all attributes, in a model's codes."""
    known = complete(found.values)
    codes, values = found.codes(space, listen)[known], found.values[known]
    sd = values.std(axis=0)[:, None]
    regression, difference = (
        (estimate(codes, values).vectors * sd).astype(np.float32) for estimate in (ols, mean_difference)
    )
    return Directions(codes.mean(axis=0), regression, difference)


def attribute_sheets(
    models: Models, images: Labelled, dataset: Dataset, listen: Listener = silent
) -> tuple[Pixels, Pixels]:
    """Figure 3, faces with each attribute moved, and Figure 4, each vector decoded from the mean code: mean differences
    beside regression. A row a model in each.
    """
    first = next(iter(models.values()))
    found = {model: directions(space, images, listen) for model, space in models.items()}
    said = read_out(images.codes(first, listen), images.values).r2
    shown = [int(place) for place in np.argsort(-said, kind="stable")[:ATTRIBUTES]]
    names = [images.attributes[place].name for place in shown]
    return _on_faces(models, found, shown, names, dataset), _alone(models, found, shown, names)


def _on_faces(
    models: Models, found: Mapping[str, Directions], chosen: list[int], names: list[str], dataset: Dataset
) -> Pixels:
    tiles: list[Pixels] = []
    faces = dataset.batch(dataset.rows("validation")[:FACES])
    for face in faces:
        for model, space in models.items():
            code = space.encode([face])
            tiles += [face, *space.decode(np.concatenate([code, code + AMOUNT * found[model].ols[chosen]]))]
    title = f"Each attribute moved by {AMOUNT:+g} SD, the others left as they are (OLS)"
    columns = ["image", "decoded", *names]
    return contact_sheet(tiles, len(columns), row_labels=[*models] * len(faces), column_labels=columns, title=title)


def _alone(models: Models, found: Mapping[str, Directions], chosen: list[int], names: list[str]) -> Pixels:
    tiles: list[Pixels] = []
    rows: list[str] = []
    for model, space in models.items():
        one = found[model]
        for way, vectors in (("difference", one.mean_difference), ("OLS", one.ols)):
            tiles += [*space.decode(np.concatenate([one.mean[None], one.mean + AMOUNT * vectors[chosen]]))]
            rows.append(f"{model}: {way}")
    title = f"Each vector alone, {AMOUNT:+g} SD from the mean code: mean difference and OLS"
    return contact_sheet(tiles, len(names) + 1, row_labels=rows, column_labels=["mean", *names], title=title)


def labels_beside(dataset: Dataset) -> Path | None:
    """The table of drawn faces; None for images that nobody drew."""
    home = Path(dataset.folder)
    if not are_drawn(home):
        return None
    return next((file for file in (home / LABELS, home.parent / LABELS) if file.is_file()), None)
