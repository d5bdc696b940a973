"""What became of each image of a folder: its line in the table of an alignment, and what it is written as."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

from gaia_stim.alignment.anchors import EYES, WAYS, Anchored
from gaia_stim.alignment.target import Target
from gaia_stim.errors import DataError
from gaia_stim.images import is_written

COLUMNS = (
    *("image", "scale", "rotation_deg", "shift_x", "shift_y", "way", "confidence", "faces", "unsure", "left_out"),
    "beyond",
)


@dataclass(frozen=True)
class Outcome:
    """An image, where it was anchored, if anywhere, and whether it was aligned."""

    path: str
    """Below the folder of images."""
    name: str
    """Of the aligned image."""
    anchored: Anchored | None
    why: str
    """Why it is unsure or has no place; empty where it is neither."""
    left_out: bool

    @classmethod
    def of(cls, path: str, anchored: Anchored | None, missing: str, *, keep: bool) -> "Outcome":
        """By its place, or why it is `missing`; `keep`: what is unsure is aligned."""
        why = anchored.doubt if anchored else missing
        return cls(path, _written_as(path), anchored, why, left_out=anchored is None or (bool(why) and not keep))

    def row(self, target: Target, beyond: float | None) -> tuple[str | float, ...]:
        """`COLUMNS` of the table; no numbers where it was left out, no confidence in points that were given.

        `beyond`: how much of it lies beyond the picture's edges.
        """
        place = self.anchored
        aligned = place is not None and not self.left_out
        transform = target.similarity(place).numbers() if place is not None and aligned else ("",) * 4
        sure = "" if place is None or place.confidence is None else round(place.confidence, 3)
        faces: str | int = place.faces if place and place.faces is not None else 0 if target.by == EYES else ""
        name = self.name if aligned else self.path
        way = target.by if target.by in WAYS else "points " + " and ".join(target.by.split(","))
        return (
            name,
            *transform,
            way,
            sure,
            faces,
            self.why,
            0 if aligned else 1,
            "" if beyond is None else round(beyond, 3),
        )


def check_names(outcomes: Iterable[Outcome]) -> None:
    """Raises `DataError` where two aligned images would be written as one."""
    names: dict[str, str] = {}
    for image in outcomes:
        if image.name in names:
            raise DataError(
                f"{names[image.name]} and {image.path}: both would be written as {image.name}; rename one of them"
            )
        names[image.name] = image.path


def _written_as(path: str) -> str:
    """As it was called, but a PNG for kinds that are not written, HEIC say."""
    return path if is_written(PurePosixPath(path).suffix) else str(PurePosixPath(path).with_suffix(".png"))
