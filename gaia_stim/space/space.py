"""A trained model as a space of pictures, with promises that a stimulus needs.

Rendering is float32 and goes through the network in tiles of one fixed size, the last one padded: the arithmetic of a
picture is then the same whatever is rendered beside it, and so are its bytes.
"""

from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from importlib import import_module
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from gaia_stim.alignment import Placement
from gaia_stim.errors import CheckpointError, ConfigError, DataError
from gaia_stim.files import hash_file, stamp
from gaia_stim.images import (
    Frame,
    Pixels,
    fit_image,
    png_bytes,
    read_bytes,
    read_image,
    to_bytes,
    to_float,
    with_channels,
)
from gaia_stim.models.base import Autoencoder
from gaia_stim.names import BUILT_IN, BUILT_IN_NAME
from gaia_stim.runs import Run, RunConfig, find_run, named_run
from gaia_stim.samples import deal, draw_face
from gaia_stim.space.between import Between
from gaia_stim.space.carrying import Points, carried
from gaia_stim.space.paths import Codes, Line
from gaia_stim.space.photographs import Carried
from gaia_stim.space.placing import AUTO, found_in, moves, photograph, square
from gaia_stim.space.refine import refine
from gaia_stim.space.spacing import choose_spacing

TILE = 3
"""Pictures that go through the network together, always: oneDNN picks its kernels by the batch's size. Larger tiles are
hardly faster each, and a continuum of 5, 7 or 9 would fill them worse."""

Image = Path | str | npt.NDArray[np.uint8]
"""A file, or pixels (H, W, C) in uint8."""


@dataclass(frozen=True, eq=False)
class Space:
    """Pictures and their codes.

    >>> space = Space.load()                                  # doctest: +SKIP
    >>> pictures = space.morph("a.png", "b.png", steps=9)     # doctest: +SKIP
    """

    model: Autoencoder
    config: RunConfig
    model_hash: str
    run: Path

    @classmethod
    def load(cls, run: Path | str | None = None) -> "Space":
        """Open a run folder; without one, the model that commands would take. Raises `CheckpointError`."""
        found = named_run(Path(run)) if run is not None else find_run(None).existing()
        while True:
            # A training may put better weights there meanwhile: the hash must be that of these.
            before = stamp(found.weights)
            model, model_hash = found.load(), found.model_hash()
            if stamp(found.weights) == before:
                model = model.to(memory_format=model.family.memory_format)  # type: ignore[call-overload]
                return cls(model, found.config(), model_hash, found.path)

    def _repr_html_(self) -> str:
        """What it is, and the last sheet of its training, which a notebook shows; of the built-in model a morph."""
        size, _, channels = self.shape
        colour = "colour" if channels == 3 else "grey"
        method = self.config.model.method
        facts = f"{method}, {size} px, {colour}, {self.latent} numbers a code, {self.model_hash[:19]}…"
        sheets = sorted(Run(self.run).sheets.glob("*.png"))[-1:]
        name, pictures = str(self.run), [("Sheet of its training", read_bytes(sheet)) for sheet in sheets]
        if self.run == BUILT_IN:
            name = BUILT_IN_NAME
            first, second = (draw_face(deal(face, seed=7), size=size) for face in (2, 5))
            faces = list(self.morph(first, second, steps=8))
            pictures = [("A morph between two drawn faces", png_bytes(np.concatenate(faces, axis=1)))]
        shown = "".join(
            f'<br><img alt="{what}" src="data:image/png;base64,{b64encode(one).decode()}">' for what, one in pictures
        )
        return f"<b>{escape(name)}</b>: {escape(facts)}{shown}"

    @property
    def shape(self) -> tuple[int, int, int]:
        """(size, size, channels) of every picture here."""
        return (self.config.model.size, self.config.model.size, self.config.model.channels)

    @property
    def latent(self) -> int:
        """How many numbers a code has."""
        return self.config.model.latent

    def prepare(self, image: Image, size: int | None = None) -> Pixels:
        """An image as the model was trained to see them: squared, resized, with the model's channels. uint8 HWC.

        With `size` the same square at another size than the model's.

        Raises `DataError` where a file is not an image.
        """
        dataset, model = self.config.dataset, self.config.model
        return fit_image(self.read(image), size or model.size, dataset.fit, dataset.background)

    def read(self, image: Image) -> Pixels:
        """An image with the model's channels, whole: uint8 HWC. Raises as `prepare`."""
        pixels = image if isinstance(image, np.ndarray) else read_image(Path(image), self.config.dataset.background)
        return with_channels(pixels, self.config.model.channels)

    @property
    def has_shape(self) -> bool:
        """Whether its codes say where things are, so that points and photographs can be carried along."""
        return self.model.family.has_shape

    def encode(self, images: Iterable[Image]) -> Codes:
        """The codes of images: (n, latent), float32. Raises `DataError` for an image that a flow loses in rounding."""
        names: list[str] = []

        def prepared() -> Iterator[npt.NDArray[np.float32]]:
            for place, image in enumerate(images):
                names.append(f"image {place}" if isinstance(image, np.ndarray) else str(image))
                yield to_float(self.prepare(image)[None])[0]

        codes = []
        for tile in _tiles(prepared()):
            codes.append(self._run(self.model.encode, tile))
            if not np.isfinite(codes[-1]).all():
                raise self._damaged()
            if self.model.exact:
                self._check_comes_back(codes[-1], tile, names[-len(tile) :])
        return np.concatenate(codes) if codes else np.empty((0, self.latent), np.float32)

    def _check_comes_back(self, codes: Codes, images: Sequence[npt.NDArray[np.float32]], names: Sequence[str]) -> None:
        """A flow's decoder is its encoder's inverse up to rounding, which grows far from what it was trained on."""
        back = to_bytes(self._run(self.model.decode, list(codes)))
        apart = np.abs(back.astype(int) - to_bytes(np.stack(images))).max(axis=(1, 2, 3))
        for name, off in zip(names, apart, strict=True):
            if off > 1:
                raise DataError(
                    f"{name}: so unlike the images that this flow was trained on that it does not come back: {off} "
                    "grey levels off. Take images of the kind that the model knows, or another method's model"
                )

    def refine(self, images: Sequence[Image], codes: Codes, steps: int) -> Codes:
        """Codes near `codes`, those of `images`, whose pictures are nearer to the images: see `space.refine`."""
        if not len(images):
            return codes
        pictures = to_float(np.stack([self.prepare(image) for image in images]))
        refined = refine(self.model.decode, torch.from_numpy(pictures), torch.from_numpy(codes), steps)
        return refined.numpy()

    def decode(self, codes: npt.NDArray[np.floating]) -> Pixels:
        """The pictures of codes: (n, latent) to uint8 (n, size, size, channels)."""
        return np.concatenate([np.empty((0, *self.shape), np.uint8), *self.rendered(codes)])

    def rendered(self, codes: npt.NDArray[np.floating]) -> Iterator[Pixels]:
        """As `decode`, a few pictures at a time, so that memory does not grow with their number."""
        first = 1
        for tile in _tiles(np.asarray(codes, dtype=np.float32)):
            yield to_bytes(self._numbers(self._run(self.model.decode, tile), tile, first))
            first += len(tile)

    def _numbers(
        self, found: npt.NDArray[np.float32], codes: Sequence[npt.NDArray[np.float32]], first: int
    ) -> npt.NDArray[np.float32]:
        """What was decoded of codes, counted from `first`.

        Raises `DataError` for a code too far out, `CheckpointError` for the model.
        """
        if np.isfinite(found).all():
            return found
        place = int(np.argmin([np.isfinite(picture).all() for picture in found]))
        if np.isfinite(self._run(self.model.decode, [np.zeros_like(codes[0])])).all():
            most = float(np.abs(codes[place]).max())
            raise DataError(
                f"code {first + place}: numbers as large as {most:g} decode to no picture; no image is encoded so"
            )
        raise self._damaged()

    def _damaged(self) -> CheckpointError:
        return CheckpointError(f"{self.run}: what the model makes is no numbers: its weights are damaged")

    def morph(self, a: Image, b: Image, steps: int, spacing: str = "latent") -> Pixels:
        """A continuum from `a` to `b`, both reconstructed: uint8 (steps, size, size, channels)."""
        line = Line(*self.encode([a, b]))
        spaced = choose_spacing(spacing)(lambda t: self.decode(line(t)), steps)
        return self.decode(line(spaced.places))

    def line(self, a: Image, b: Image, size: int | None = None) -> Between:
        """The line between two images, for one picture at a time: `space.line(a, b).at(0.35)`.

        At `size` pixels of a side the photographs themselves are carried along, which takes a model with a shape (else
        `ConfigError`); without, pictures are the model's own. What two pictures have in common is made once.
        Where the model's images were aligned, files are put where these are, as `morph` does it, which raises
        `DataError` where their place is not found; pixels are taken as they are.
        """
        placements = [self._placement(one) for one in (a, b)]
        codes = self.encode(square(self, *one) for one in zip((a, b), placements, strict=True))
        if size is None:
            return Between(Line(*codes), lambda code, weights: self.decode(code[None])[0])
        photographs = [photograph(self, *one) for one in zip((a, b), placements, codes, strict=True)]
        return Between(Line(*codes), Carried(self.model.decoder, photographs, size).picture)

    def explore(self, images: Path | str | None = None, vectors: Path | str | None = None) -> Any:
        """The page of `gaia-stim explore` in a cell of a notebook, with a folder of photographs, else those of the run.

        Sets that are saved there, and photographs that are dropped, go into `explored`. Raises `ConfigError` where
        anywidget is not installed.
        """
        if find_spec("anywidget") is None or find_spec("starlette") is None:
            raise ConfigError("the page in a notebook needs anywidget: pip install 'gaia-stim[notebook]'")
        # By its name: it stands on a floor above.
        return import_module("gaia_stim.explorer.notebook").widget(self, images, vectors)

    def _placement(self, image: Image) -> Placement | None:
        if self.config.alignment is None or isinstance(image, np.ndarray):
            return None
        found = found_in(self, Path(image), hash_file(Path(image)), self.read(image))
        return found.placement if found is not None and moves(found, AUTO) else None

    def fitted(self, images: Sequence[Image], steps: int) -> Codes:
        """The codes of images as the encoder has them, refined by so many steps."""
        codes = self.encode(images)
        return self.refine(images, codes, steps) if steps else codes

    def carry(self, points: Points, a: Image, b: Image, refine: int = 0) -> Points:
        """Where points (n, 2) of image `a` lie in image `b`, each in pixels of its own.

        Both codes are first fitted to their images by `refine` gradient steps, which helps most with images unlike
        those of the training. From the top left corner x to the right, y down; a pixel's centre lies at whole numbers.
        Raises `ConfigError` where the model has no shape.
        """
        pictures = [image if isinstance(image, np.ndarray) else read_image(Path(image)) for image in (a, b)]
        fit = self.config.dataset.fit
        frames = [Frame.of(picture.shape[0], picture.shape[1], fit) for picture in pictures]
        return carried(self.model.decoder, self.fitted(pictures, refine), points, (frames[0], frames[1]))

    def _run(
        self, network: Callable[[Tensor], Tensor], tile: Sequence[npt.NDArray[np.float32]]
    ) -> npt.NDArray[np.float32]:
        padded = torch.from_numpy(np.stack([*tile, *[np.zeros_like(tile[0])] * (TILE - len(tile))]))
        if padded.dim() == 4:
            padded = padded.contiguous(memory_format=self.model.family.memory_format)
        with torch.inference_mode():
            return network(padded)[: len(tile)].numpy()


def _tiles(items: Iterable[npt.NDArray[np.float32]]) -> Iterator[list[npt.NDArray[np.float32]]]:
    queue = iter(items)
    while tile := list(islice(queue, TILE)):
        yield tile
