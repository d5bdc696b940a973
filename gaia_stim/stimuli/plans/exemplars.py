"""Single points of the space: new exemplars, averages and caricatures, as plans."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from gaia_stim.dataset import Dataset
from gaia_stim.errors import DataError
from gaia_stim.events import Listener, silent
from gaia_stim.space.images import codes_of
from gaia_stim.space.paths import Line, average
from gaia_stim.space.photographs import Weights
from gaia_stim.space.sampling import Density, Support, choose_parents, mix
from gaia_stim.space.space import Image, Space
from gaia_stim.space.varying import VARY_BOTH, Vary
from gaia_stim.stimuli.carrying import RESTORED, SOURCE, At, Size
from gaia_stim.stimuli.manifest import Row
from gaia_stim.stimuli.plan import Plan
from gaia_stim.stimuli.provenance import Source
from gaia_stim.stimuli.sources import SourceImage, all_of, encoded, gather, joined_ids, some_of


class Sampling:
    """New exemplars: where they are drawn from, known before anything is encoded."""

    def __init__(self, images: Dataset, how: str, n: int, parents: int, seed: int) -> None:
        """`how` is "convex" (weighted means of `parents` images) or "density" (a Gaussian fitted to all codes).

        Raises `DataError` where the images are too few.
        """
        self.images, self.how, self.n, self.seed = images, how, n, seed
        self.everything = all_of("real_images", images)
        self.mixing = choose_parents(len(images), n, parents, seed) if how == "convex" else None

    @cached_property
    def sources(self) -> list[Source]:
        """The whole folder, then the images that are parents."""
        used = [] if self.mixing is None else sorted(set(self.mixing[0].ravel().tolist()))
        return [self.everything, *some_of(self.images, used)]

    def plan(self, space: Space, listen: Listener = silent) -> Plan:
        """The exemplars, each with its distance to the nearest real code."""
        codes = codes_of(space, self.images, listen)
        record: dict[str, Any] = {"from": self.how, "real_images": len(self.images)}
        if self.mixing is not None:
            parents, weights = self.mixing
            drawn = mix(codes, parents, weights)
            ids = [";".join(self.images.table["image_id"].iloc[rows]) for rows in parents]
            record |= {"weights": weights.tolist()}
        else:
            density = Density.fit(codes)
            drawn = density.draw(self.n, self.seed)
            ids = [self.everything.source_id] * self.n
            record |= {"density": "Gaussian, Ledoit-Wolf covariance", "shrinkage": density.shrinkage}
        support = Support.of(codes)
        return Plan(
            rows=[
                replace(Row.numbered("sample", position, self.n), source_ids=parents_of, seed=self.seed, support=near)
                for position, (parents_of, near) in enumerate(zip(ids, support(drawn).tolist(), strict=True))
            ],
            codes=drawn,
            title=f"{self.n} new exemplars ({self.how}), seed {self.seed}",
            record={"sampling": {**record, "support_unit": support.unit}},
        )


def average_plan(
    space: Space,
    images: Sequence[Image | SourceImage],
    *,
    refine: int = 0,
    points: Path | None = None,
    size: str = SOURCE,
    detail: str = RESTORED,
    vary: Vary = VARY_BOTH,
    listen: Listener = silent,
) -> Plan:
    """The average of images: one stimulus. With `vary` the average shape, in one's own texture, or the reverse.

    Raises `DataError` for fewer than two, or for one that cannot be read.
    """
    found = gather(space, images)
    check_average(found)
    own = Size.of(space, found, size, detail)
    encodings = encoded(space, found, refine, points, listen, is_carried=own.side is not None)
    return Plan(
        rows=[replace(Row.numbered("average", 0, 1), source_ids=joined_ids(found))],
        codes=average(vary.codes(space, encodings.codes))[None],
        title=f"average of {len(found)}{vary.words}",
        record={"path": {"kind": "average"}, **vary.record(), **encodings.record},
        carrying=own.carrying(
            space,
            found,
            encodings,
            *(share(encodings.codes, _alike(len(found)))(np.zeros(1)) for share in (vary.weights, vary.shapes)),
        ),
    )


def _alike(count: int) -> Callable[[At], Weights]:
    """Of so many photographs as much of each as of any other: (1, count)."""
    return lambda places: np.full((len(places), count), 1 / count)


def check_average(images: Sequence[SourceImage]) -> None:
    """Raises `DataError` for fewer images than have an average."""
    if len(images) < 2:
        where = f"{images[0].source.path}: " if images else ""
        raise DataError(f"{where}an average needs at least 2 images")


def caricature_plan(
    space: Space,
    faces: Sequence[Image | SourceImage],
    norm: Image | SourceImage | Dataset,
    amounts: Sequence[float],
    *,
    refine: int = 0,
    points: Path | None = None,
    size: str = SOURCE,
    detail: str = RESTORED,
    vary: Vary = VARY_BOTH,
    listen: Listener = silent,
) -> Plan:
    """Each face on the line from the norm (alpha 0) through itself (alpha 1), at each of the amounts.

    The norm is an image, or the mean of many. With `vary` only shape or texture is exaggerated, and the other is the
    face's own. Raises as `morph_plan`.

    >>> from gaia_stim.samples import deal, draw_face
    >>> face, norm = (draw_face(deal(one, seed=7), size=64) for one in (2, 5))
    >>> [row.alpha for row in caricature_plan(Space.load(), [face], norm, [0.5, 1, 1.5]).rows]
    [0.5, 1.0, 1.5]
    """
    found = gather(space, faces if isinstance(norm, Dataset) else [*faces, norm])
    images = found if isinstance(norm, Dataset) else found[:-1]
    own = Size.of(space, images, size, detail)
    encodings = encoded(space, images, refine, points, listen, is_carried=own.side is not None)
    if isinstance(norm, Dataset):
        norm_id, centre = all_of("norm", norm).source_id, average(codes_of(space, norm, listen))
    else:
        norm_id, centre = found[-1].source.source_id, space.encode([found[-1].picture])[0]
    levels = np.array(amounts, dtype=np.float64)
    total = len(images) * len(levels)
    rows = [
        replace(
            Row.numbered("caricature", face * len(levels) + place, total),
            alpha=float(amount),
            source_ids=f"{image.source.source_id};{norm_id}",
        )
        for face, image in enumerate(images)
        for place, amount in enumerate(levels)
    ]
    kind, words = ("mean", f"the mean of {len(norm)} images") if isinstance(norm, Dataset) else ("image", "the norm")
    return Plan(
        rows=rows,
        codes=np.concatenate([Line(vary.keeping(space, centre, code), code)(levels) for code in encodings.codes]),
        title=f"0 is {words}, 1 the face itself{vary.words}",
        record={
            "path": {"kind": "caricature", "norm": kind, "amounts": levels.tolist()},
            **vary.record("own"),
            **encodings.record,
        },
        columns=len(levels),
        sources={row.position: images[row.position // len(levels)].picture for row in rows if row.alpha == 1},
        # Whatever its amount, it is this face, exaggerated or not: all detail is the face's own.
        carrying=own.carrying(space, images, encodings, np.repeat(np.eye(len(images)), len(levels), axis=0)),
    )
