"""The place that a model's images were put in, and how a further photograph is put there."""

import base64
import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from gaia_stim.alignment.anchors import NO_POINTS, UNSURE, Anchored, Located, Way
from gaia_stim.alignment.eyes import find_face
from gaia_stim.alignment.placement import Place, Placement
from gaia_stim.alignment.similarity import Similarity, View, targets
from gaia_stim.alignment.target import Target
from gaia_stim.alignment.templates import Template
from gaia_stim.errors import DataError
from gaia_stim.events import Listener, tracked
from gaia_stim.files import read_json, stamp
from gaia_stim.images import Frame, Pixels, Positions, decode_image, png_bytes, read_image

RECORD, FRAME = "alignment.json", "frame"
DEEPEST = 3
"""Folders up from an image to the record of those that it was aligned with."""
AT_REST = 0.02
"""Shares of a side: an image whose two places are so near to the frame's is taken as it is."""


@dataclass(frozen=True)
class Found:
    """Where a photograph belongs, and how far from there it is in the square that a model would be shown of it."""

    placement: Placement
    off: float
    """How far the worse of its two places is from the frame's, in shares of a side."""
    faces: int
    """0 where none were looked for."""


class StoredTemplate(BaseModel):
    """What the images have in common that were aligned by each other, as JSON."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    png: str
    """A grey picture, base64; see `Template`."""
    typical: float

    @classmethod
    def of(cls, template: Template) -> "StoredTemplate":
        """Of a template, which is the same once it is read again."""
        return cls(png=base64.b64encode(png_bytes(template.pixels)).decode("ascii"), typical=template.typical)

    def template(self) -> Template:
        """Read back. Raises `DataError` where it is no picture."""
        return Template(decode_image(base64.b64decode(self.png), "template"), self.typical)


class AlignmentFrame(BaseModel):
    """What `gaia-stim align` did to a folder: it stands in its record, and in the config of a model trained on it."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    target: Target
    eyes: tuple[Place, Place] | None = None
    """Where the eyes that are found in these images lie, in shares of a side; none: no faces are found in them."""
    template: StoredTemplate | None = None
    """Of images that were aligned by each other."""

    @property
    def words(self) -> str:
        """What was done, in brief."""
        target = self.target
        return f"by {target.by}, {target.distance:g} of a side apart, {target.height:g} from the top"

    @classmethod
    def of_folder(cls, folder: Path, hashes: Collection[str]) -> "AlignmentFrame | None":
        """That of a folder of images with these hashes, if they are as `gaia-stim align` wrote them."""
        frame, written = _recorded(folder)
        return frame if frame is not None and written.issuperset(hashes) else None

    def holds(self, image: Path, image_hash: str) -> bool:
        """Whether an image lies in a folder that was aligned in this very way, as it was written there."""
        frame, written = _recorded(image.absolute().parent)
        return frame == self and image_hash in written

    def find(self, pixels: Pixels, fit: Literal["crop", "pad"]) -> Found:
        """Where a photograph belongs, of which a model would be shown the square that `fit` says.

        Raises `ValueError`, saying what is wrong with it, where that cannot be told.
        """
        if self.target.mask == "points":
            raise ValueError("the model's images were masked by their points: align this one, too")
        places, pair, confidence, faces = self._seen(pixels)
        similarity = Similarity.between(pair, places * self.target.size - 0.5)
        square = Frame.of(pixels.shape[0], pixels.shape[1], fit)
        off = np.linalg.norm((square.model(pair) + 1) / 2 - places, axis=1).max()
        placement = Placement(similarity.scale, similarity.rotation, similarity.shift, confidence)
        return Found(placement, float(off), faces)

    def _seen(self, pixels: Pixels) -> tuple[Positions, Positions, float, int]:
        """Two places in shares of a side, what belongs there in a photograph, how sure that is, and how many faces."""
        if self.template is not None:
            places = targets(1, self.target.distance, self.target.height) + 0.5
            found = _template(self.template).place(pixels)
            if found.confidence < UNSURE:
                raise ValueError(f"it looks unlike the images of the model (confidence {found.confidence:.2f})")
            return places, found.similarity(1).back(places - 0.5), found.confidence, 0
        if self.eyes is None:
            raise ValueError("these images were not aligned by what can be found in a further one")
        face = find_face(pixels)
        if face is None or face.confidence < UNSURE:
            raise ValueError("no face is found in it" if face is None else "its face is not found for sure")
        return np.array(self.eyes), face.eyes, face.confidence, face.faces

    def cut(self, pixels: Pixels, placement: Placement, side: int) -> Pixels:
        """The aligned image (side, side, channels) of a photograph."""
        target = replace(self.target, size=side)
        return target.placed(pixels, placement.similarity.at(side, self.target.size))

    def view(self, pixels: Pixels, placement: Placement, side: int) -> View | None:
        """A photograph round its aligned image, so that it need not be sampled for that before it is carried.

        None where the aligned image is more than that (masked, beside a colour), or enlarged, and so smooth.
        """
        similarity = placement.similarity.at(side, self.target.size)
        return View.of(pixels, similarity, side) if self.target.is_plain and similarity.scale <= 1 else None


@lru_cache(4)
def _template(stored: StoredTemplate) -> Template:
    return stored.template()


def by_frame(frame: AlignmentFrame) -> Way:
    """Further images, put where those of a model are."""

    def way(paths: Sequence[Path], places: Positions, listen: Listener) -> Located:
        anchors: list[Anchored | None] = []
        for path in tracked(paths, "placing", len(paths), listen):
            try:
                found = frame.find(read_image(path), "crop")
            except ValueError:
                anchors.append(None)
                continue
            pair = found.placement.similarity.back(places * frame.target.size - 0.5)
            anchors.append(Anchored(pair, NO_POINTS, found.placement.confidence, found.faces or None))
        return Located(anchors, "unlike the model's images" if frame.template else "no face")

    return way


def _recorded(folder: Path) -> tuple[AlignmentFrame | None, frozenset[str]]:
    """The frame of the aligned folder that this one is, or is in, and the hashes of what was written there.

    Raises `DataError` for a record that cannot be read: photographs would be placed, or not, without a word.
    """
    for home in [folder, *folder.parents][: DEEPEST + 1]:
        if os.path.lexists(home / RECORD):
            return _read(home / RECORD, stamp(home / RECORD))
    return None, frozenset()


@lru_cache(16)
def _read(path: Path, mark: object) -> tuple[AlignmentFrame | None, frozenset[str]]:
    try:
        record = read_json(path)
    except DataError as error:
        raise DataError(f"{error}; move it away if it does not come from 'gaia-stim align'") from error
    try:
        return AlignmentFrame.model_validate(record[FRAME]), frozenset(record["files"].values())
    except (AttributeError, KeyError, TypeError, ValidationError):
        return None, frozenset()  # Somebody's own file, or of before there were frames.
