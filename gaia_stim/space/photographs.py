"""Photographs carried along: stimuli at the photographs' own size, by the shapes that a small model knows.

A stimulus of code z lies between sources i, each with a code, a photograph X and a weight w. With φ the map of a code
from the picture to the frame that all pictures have in common and T its texture there, at a place p of the stimulus

    c = φ_z(p),  qᵢ = φᵢ⁻¹(c)
    out(p) = T_z(c) + Σᵢ kᵢ(c) · [Xᵢ(qᵢ) − Tᵢ(c)]

The model says where everything goes and what is common; the photographs bring every pore. Each is sampled once, by
cubic convolution, through one map that was composed before. k is how much of a photograph is kept: its weight, the more
the better its own texture agrees there with that of the stimulus; where none agrees (hair against no hair), the model's
texture shows instead of two ghosts. Tone, what varies slowly as skin and light do, always agrees, and is the weighted
mean of the photographs' wherever z is that of their codes. At a source's own code k is 1, and the stimulus *is* the
photograph.

The mean of two skins is smoother than either. So the energy of each band of detail is brought back to the weighted mean
of the carried photographs' own, place by place (Tiddeman, Burt & Perrett 2001).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache, partial, reduce

import numpy as np
import numpy.typing as npt
import torch
from jaxtyping import Float, Float32
from torch import Tensor
from torch.nn import functional

from gaia_stim.alignment import View
from gaia_stim.devices import cores, in_order
from gaia_stim.errors import ConfigError
from gaia_stim.images import Pixels, to_bytes, to_float
from gaia_stim.networks import fields
from gaia_stim.networks.base import Shaped
from gaia_stim.space.carrying import FIELD, Residual, ShapeMap
from gaia_stim.space.paths import Code, Codes

TOLERANCE = 0.12
"""Difference of two textures, of their range, at which a photograph is kept by a factor of e^-½ less."""
MISTRUST = 0.25
"""Share of the photographs' own variance round their mean that counts against it: hair against none is no mean."""
SPREAD = 1.0
"""Pixels of the model over which that difference is averaged."""
TONE = 4.0
"""Pixels of the model, a Gaussian's standard deviation: what varies more slowly is tone, as of skin and light. Tones
agree with each other, and between photographs they are the weighted mean of theirs."""
BANDS = 3
"""Octaves of detail, from the finest: the levels of a Laplacian pyramid (Burt & Adelson 1983)."""
POOLED, WINDOW = 2, 2.0
"""A band's energy is measured on blocks of so many of its pixels a side, in a Gaussian of so many blocks."""
MOST_GAIN = 1.6
"""A band is made at most so many times as strong, or as weak, a round. The mean of two grains that have nothing to do
with each other needs √2; more makes lines of what does not quite meet."""
ROUNDS = 2
"""So often gains are found anew."""
FAINT = (0.5 / 255) ** 2
"""Energy that is added to both sides of a gain's ratio: that of half a grey level."""
NEARBY = 0.005
"""Shares of a side: a stimulus is as dark and as light as its photographs are within it."""
IN_MEMORY = 16
"""Photographs that are held together."""
AHEAD = 8
"""Stimuli that may wait for being taken."""

NO_SHAPE = "this model has no shape to carry photographs by; train one with --network deform, or give --size model"

Map = Float32[npt.NDArray[np.float32], "rows columns"]
Picture = Float[Tensor, "1 channels height width"]
Weights = npt.NDArray[np.float64]
"""(sources,): how much of each is in a stimulus. Beyond a source, where some are negative, only the others are kept."""


@dataclass(frozen=True, eq=False)
class Photograph:
    """A photograph with its code; it is read when it is needed."""

    code: Code
    at: Callable[[int], Pixels]
    """The square that the model was shown, of so many pixels a side: uint8 (side, side, channels)."""
    residual: Residual | None = None
    """Its own velocity beside that of its code; all of a set's photographs have one, or none has."""
    around: Callable[[int], tuple[Pixels, View | None]] | None = None
    """Where that may be an aligned image: the same, and the photograph round it that it would be sampled from."""

    def seen(self, side: int) -> tuple[Pixels, View | None]:
        """The square, and what lies round it, of one reading."""
        return (self.at(side), None) if self.around is None else self.around(side)

    def map(self, decoder: Shaped) -> ShapeMap:
        """From it to the frame that all have in common."""
        return ShapeMap.of(decoder, self.code, self.residual)


@dataclass(frozen=True, eq=False)
class Shown:
    """A stimulus, and how it came out."""

    picture: Pixels
    is_photograph: bool
    """Whether it is one of the photographs itself."""
    disagreeing: Map
    """Place by place of the stimulus, the share of the photographs that is not kept since none agrees there, 0 to 1."""
    folds: int
    """Spots, of `FIELD` × `FIELD`, at which its map folds."""

    @property
    def disagreement(self) -> float:
        """The share that is not kept in the mean of all places."""
        return float(self.disagreeing.mean(dtype=np.float64))


class Carried:
    """Stimuli between photographs, `side` pixels wide and high. Raises `ConfigError` for a model without a shape."""

    def __init__(
        self, decoder: object, photographs: Sequence[Photograph], side: int, *, keep_detail: bool = True
    ) -> None:
        if not isinstance(decoder, Shaped):
            raise ConfigError(NO_SHAPE)
        self.decoder, self.photographs = decoder, photographs
        self.side, self.keep_detail = side, keep_detail
        self._seen = lru_cache(IN_MEMORY)(lambda place: photographs[place].seen(side))
        self._prepared = lru_cache(IN_MEMORY)(self._prepare)
        self._texture = lru_cache(None)(lambda place: _texture(decoder, photographs[place].code))
        self._back = lru_cache(None)(lambda place: photographs[place].map(decoder).back())

    def many(self, codes: Codes, weights: Weights, shapes: Weights | None = None) -> Iterator[Shown]:
        """The stimuli of many codes in order, on all cores, one on each: so no byte depends on how many there are."""
        items = zip(codes, weights, weights if shapes is None else shapes, strict=True)
        with ThreadPoolExecutor(cores(), initializer=partial(torch.set_num_threads, 1)) as pool:
            yield from in_order(pool, lambda item: self.shown(*item), items, AHEAD)

    def picture(self, code: Code, weights: Weights, shapes: Weights | None = None) -> Pixels:
        """The stimulus of one code, with so much of each photograph: uint8 (side, side, channels).

        `shapes` is how much of each one's residual velocity it has, where that is not as much as of the photograph.
        """
        return self.shown(code, weights, shapes).picture

    def shown(self, code: Code, weights: Weights, shapes: Weights | None = None) -> Shown:
        """The same, with what is to be said of it."""
        shapes = weights if shapes is None else shapes
        source = self._source(code, weights, shapes)
        with torch.inference_mode():
            drawn = self._drawn(code, weights, ShapeMap.of(self.decoder, code, self._residual(shapes)))
            if source is not None:
                return Shown(self._seen(source)[0], True, np.zeros((FIELD, FIELD), np.float32), drawn.map.folds())
            picture: Pixels = to_bytes(self._rendered(drawn).numpy())[0]
            left = 1 - _seen(drawn.kept, _places(drawn.map.there, FIELD), "bilinear")[0, 0]
            return Shown(picture, False, left.clamp_min(0).numpy(), drawn.map.folds())

    def _source(self, code: Code, weights: Weights, shapes: Weights) -> int | None:
        """Which of the photographs a stimulus is, if it is one."""
        for place, both in enumerate(zip(weights, shapes, strict=True)):
            if both == (1, 1) and np.array_equal(self.photographs[place].code, code):
                return place
        return None

    def _residual(self, shapes: Weights) -> Residual | None:
        """The residual velocity of a stimulus: the photographs' own in the mean, and one's own where it is that one."""
        own = [one.residual for one in self.photographs if one.residual is not None]
        return np.tensordot(shapes, np.stack(own), axes=1).astype(np.float32) if own else None

    def _drawn(self, code: Code, weights: Weights, shape: ShapeMap) -> "_Drawn":
        used = [place for place, weight in enumerate(weights) if weight > 0]
        own = torch.cat([self._texture(place) for place in used])
        texture = _texture(self.decoder, code) - self._off_tone(weights)
        if len(used) > 1:
            # Between images of unlike light a decoder draws spots that neither has.
            texture = texture.clamp(own.amin(dim=0), own.amax(dim=0))
        kept, shares = _kept(texture, own, [float(weights[place]) for place in used])
        return _Drawn(shape, texture, kept, dict(zip(used, shares[:, None], strict=True)))

    def _rendered(self, drawn: "_Drawn") -> Picture:
        there, here = drawn.map.there, _places(drawn.map.there, self.side)
        kept, *shares = _all_seen([drawn.kept, *drawn.shares.values()], here, "bilinear")
        shown, *textures = _all_seen([drawn.texture, *map(self._texture, drawn.shares)], here)
        energies = [torch.zeros(()) for _ in range(BANDS)]
        seen: list[Picture] = []
        for place, share, texture in zip(drawn.shares, shares, textures, strict=True):
            held = self._prepared(place)
            to_photograph = fields.compose(self._back(place), there)
            seen.append(_seen(held.picture, held.places(to_photograph, self.side)))
            shown = shown + kept * share * (seen[-1] - texture)
            energies = [
                total + _resized(share, energy) * _seen(energy, _places(to_photograph, energy.shape[-1]), "bilinear")
                for total, energy in zip(energies, held.energies, strict=False)
            ]
        if len(seen) == 1:
            return _with_energies(shown, energies, kept) if self.keep_detail else shown
        bounds = _bounds(seen)
        shown = _between(shown, bounds, kept)
        return _between(_with_energies(shown, energies, kept), bounds, kept) if self.keep_detail else shown

    def _prepare(self, place: int) -> "_Held":
        square, view = self._seen(place)
        picture = torch.from_numpy(to_float((square if view is None else view.pixels)[None]))
        to_picture = None if view is None else torch.from_numpy(view.to_pixels.astype(np.float32))
        # The square's, which is the stimulus where the photograph stands: the next one is as sharp.
        energies = _energies(torch.from_numpy(to_float(square[None]))) if self.keep_detail else []
        return _Held(picture, energies, to_picture)

    def _off_tone(self, weights: Weights) -> Picture:
        """How far the tone of the mean of the codes is from the mean of their tones: a decoder is not linear."""
        codes = np.stack([photograph.code for photograph in self.photographs])
        mean = _texture(self.decoder, (weights @ codes.astype(np.float64)).astype(np.float32))
        for own, weight in zip(map(self._texture, range(len(codes))), weights, strict=True):
            mean = mean - float(weight) * own
        return blurred(mean, TONE)


@dataclass(frozen=True, eq=False)
class _Held:
    """A photograph in [0, 1], where the square that the model was shown lies in it, and the energies of its detail."""

    picture: Picture
    energies: Sequence[Picture]
    to_picture: Float[Tensor, "2 3"] | None
    """From half sides of the square; none: it is the square."""

    def places(self, field: fields.Field, side: int) -> Float[Tensor, "1 side side 2"]:
        """Where the pixels of a picture lie in the photograph, whose places in the square the field says."""
        places = _places(field, side)
        return places if self.to_picture is None else places @ self.to_picture[:, :2].T + self.to_picture[:, 2]


@dataclass(frozen=True, eq=False)
class _Drawn:
    """What the model draws of a stimulus, and what is to be laid over it, in the common frame."""

    map: ShapeMap
    texture: Picture
    kept: Picture
    """How much of the photographs is kept at each place."""
    shares: Mapping[int, Picture]
    """Of each photograph that is carried, its share in that."""


def _kept(
    texture: Picture, own: Float[Tensor, "sources channels size size"], weights: Sequence[float]
) -> tuple[Picture, Picture]:
    """How much of the photographs is kept at each place of the common frame, and the share of each in that.

    (1, 1, size, size), and (sources, 1, size, size), which sums to 1. What may agree is each photograph, or their
    mean, which is less to be trusted the more they differ.
    """
    shares = torch.tensor(weights)[:, None, None, None] / sum(weights)
    mean = (shares * own).sum(dim=0, keepdim=True)
    found = _detail(torch.cat([own - mean, own - texture, mean - texture]))
    from_mean, off = found[: len(own)], found[len(own) :]
    off[-1:] += MISTRUST * (shares * from_mean).sum(dim=0, keepdim=True)
    # Their logarithms: far from all sources agreement itself is 0.
    agreement = -blurred(off, SPREAD) / (2 * TOLERANCE**2)
    chosen = (agreement + torch.cat([shares, torch.ones_like(shares[:1])]).log()).softmax(dim=0)
    return agreement.amax(dim=0, keepdim=True).exp(), chosen[:-1] + chosen[-1:] * shares


def _detail(differences: Float[Tensor, "some channels size size"]) -> Float[Tensor, "some 1 size size"]:
    """Mean squares over the channels of what is finer than tone."""
    return (differences - blurred(differences, TONE)).square().mean(dim=1, keepdim=True)


def _bounds(photographs: Sequence[Picture]) -> tuple[Picture, Picture]:
    """The darkest and the lightest that some photographs are nearby, place by place."""
    reach = max(1, round(NEARBY * photographs[0].shape[-1]))
    return -_most(-reduce(torch.minimum, photographs), reach), _most(reduce(torch.maximum, photographs), reach)


def _most(values: Picture, reach: int) -> Picture:
    """The largest within so many pixels, along the rows and then along the columns: as `max_pool2d`, much faster."""
    for axis in (2, 3):
        side, found = values.shape[axis], values.clone()
        for away in range(1, reach + 1):
            ahead, behind = (values.narrow(axis, first, side - away) for first in (away, 0))
            for own, other in (
                (found.narrow(axis, 0, side - away), ahead),
                (found.narrow(axis, away, side - away), behind),
            ):
                torch.maximum(own, other, out=own)
        values = found
    return values


def _between(shown: Picture, bounds: tuple[Picture, Picture], kept: Picture) -> Picture:
    """No darker and no lighter than the photographs nearby, as far as they are kept: else edges apart glow."""
    return shown + kept * (shown.clamp(*bounds) - shown)


def _texture(decoder: Shaped, code: Code) -> Picture:
    return decoder.texture(torch.from_numpy(np.asarray(code, np.float32)[None]))


def _places(field: fields.Field, side: int) -> Float[Tensor, "1 side side 2"]:
    """p + u(p) for the pixels of a picture."""
    is_that = field.shape[2:] == (side, side)
    fine = field if is_that else functional.interpolate(field, (side, side), mode="bicubic", align_corners=False)
    return (fields.identity(side, side, fine) + fine).permute(0, 2, 3, 1)


def _seen(values: Picture, places: Float[Tensor, "1 side side 2"], mode: str = "bicubic") -> Picture:
    """The values at these places; beyond the border as at the border."""
    return functional.grid_sample(values, places, mode=mode, padding_mode="border", align_corners=False)


def _all_seen(
    values: Sequence[Picture], places: Float[Tensor, "1 side side 2"], mode: str = "bicubic"
) -> Sequence[Picture]:
    """The same of several of one size, whose places in them are found once."""
    return _seen(torch.cat(list(values), dim=1), places, mode).chunk(len(values), dim=1)


def _resized(picture: Picture, like: Picture) -> Picture:
    return functional.interpolate(picture, size=like.shape[2:], mode="bilinear", align_corners=False)


# -- detail -----------------------------------------------------------------------------------------------------------


def _pyramid(picture: Picture) -> list[Picture]:
    """Octaves of detail, fine to coarse, each of half the size of the one before, and what is left."""
    levels = []
    for _ in range(BANDS):
        half = [(side + 1) // 2 for side in picture.shape[2:]]
        coarse = functional.interpolate(picture, size=half, mode="bilinear", align_corners=False, antialias=True)
        levels.append(picture - _resized(coarse, picture))
        picture = coarse
    return [*levels, picture]


def _collapsed(pyramid: Sequence[Picture]) -> Picture:
    """The picture of a pyramid, exactly."""
    *levels, picture = pyramid
    for level in reversed(levels):
        picture = level + _resized(picture, level)
    return picture


def _energies(picture: Picture) -> list[Picture]:
    """Of each octave of lightness the mean square round each place: (1, 1, height, width), on blocks of its pixels."""
    *levels, _ = _pyramid(picture.mean(dim=1, keepdim=True))
    pooled = [functional.avg_pool2d(level.square(), POOLED, ceil_mode=True) for level in levels]
    return [blurred(one, WINDOW).clamp_min(0) for one in pooled]


def _with_energies(picture: Picture, energies: Sequence[Picture], kept: Picture) -> Picture:
    """The picture with each octave made as strong as that, place by place, as far as photographs are kept there."""
    *levels, rest = _pyramid(picture)
    for _ in range(ROUNDS):
        # Octaves overlap: what is done to one is seen in the others.
        found = _energies(
            _collapsed([*(level.mean(dim=1, keepdim=True) for level in levels), rest.mean(dim=1, keepdim=True)])
        )
        gains = [((wanted + FAINT) / (now + FAINT)).sqrt() for wanted, now in zip(energies, found, strict=True)]
        levels = [
            level * _resized(gain.clamp(1 / MOST_GAIN, MOST_GAIN) ** _resized(kept, gain), level)
            for level, gain in zip(levels, gains, strict=True)
        ]
    return _collapsed([*levels, rest])


def blurred(picture: Picture, sigma: float) -> Picture:
    """Convolved with a Gaussian; beyond the border as at the border."""
    reach = int(3 * sigma + 0.5)
    taps = torch.exp(-0.5 * (torch.arange(-reach, reach + 1, dtype=torch.float32) / sigma) ** 2)
    channels = picture.shape[1]
    kernel = (taps / taps.sum()).expand(channels, 1, 1, -1)
    wide = functional.pad(picture, (reach, reach, reach, reach), mode="replicate")
    along = functional.conv2d(wide, kernel, groups=channels)
    return functional.conv2d(along, kernel.transpose(2, 3), groups=channels)
