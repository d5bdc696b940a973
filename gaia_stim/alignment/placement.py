"""Where one photograph was put: what provenance says of it, without the networks that found it."""

from dataclasses import dataclass

from gaia_stim.alignment.similarity import Similarity
from gaia_stim.images import Positions

Place = tuple[float, float]


@dataclass(frozen=True)
class Placement:
    """How a photograph was put in the place of a model's images, and how sure it is that it belongs there."""

    scale: float
    """Pixels of the aligned image to one of the photograph."""
    rotation: float
    """Radians, from x (right) towards y (down)."""
    shift: Place
    confidence: float
    """0 to 1."""

    @property
    def similarity(self) -> Similarity:
        """From pixels of the photograph to pixels of an image of the frame's own size."""
        return Similarity(self.scale, self.rotation, self.shift)


@dataclass(frozen=True)
class Turned:
    """The square of a photograph that its aligned image shows, as `Frame` is that of one which is only cut."""

    placement: Placement
    size: int
    """Of the aligned image."""

    @property
    def side(self) -> float:
        """Pixels of the photograph that it is wide."""
        return self.size / self.placement.scale

    def model(self, points: Positions) -> Positions:
        """Positions (n, 2) in the photograph's pixels, in half sides of the aligned image."""
        return (self.placement.similarity(points) + 0.5) * (2 / self.size) - 1
