"""What a server has open: a space, its photographs by their names, attribute vectors; and pictures of views of them."""

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from gaia_stim.errors import DataError, GaiaStimError
from gaia_stim.explorer.chains import ChainSpec
from gaia_stim.explorer.nearness import Nearness
from gaia_stim.explorer.views import EditView, MorphView, View
from gaia_stim.files import hash_file, hash_json
from gaia_stim.images import Pixels, png_bytes, shrunk
from gaia_stim.runs import Run
from gaia_stim.space.paths import Code, Codes
from gaia_stim.space.photographs import Carried, Shown
from gaia_stim.space.space import Space
from gaia_stim.space.varying import BOTH, MEAN, Vary
from gaia_stim.space.vectors import Vectors
from gaia_stim.stimuli.carrying import Size
from gaia_stim.stimuli.plan import reconstruction_error
from gaia_stim.stimuli.plans.edits import FAR_OFF
from gaia_stim.stimuli.sources import SourceImage, gather

IN_MEMORY = 256
"""Photographs, as the model sees them, and their codes."""
PREPARED = 8
"""Groups of photographs whose maps and textures are kept at a size."""
THUMBNAIL = 128
LEAST_FOR_AXES, MOST_FOR_AXES = 8, 1000
NO_LENGTH = 1e-9
"""Of the longest: in the direction of shorter axes codes do not differ."""
MOST_NEAR = 500
"""Photographs among which the nearest are looked for."""
MUCH_DISAGREEMENT, WEAK_COPY = 0.1, 2.0
"""Share of the photographs that is not shown, and times the model's error on images that were held out, from which on
the page warns."""


class UnknownImage(DataError):
    """There is no photograph of that name here."""


@dataclass(frozen=True, eq=False)
class Picture:
    """A view as it is shown."""

    pixels: Pixels
    """uint8 (side, side, channels)"""
    shown: Shown | None
    """How it came out, where photographs are carried along."""


class Session:
    """A space and what is looked at in it. Photographs are asked for by name only: no request names a path."""

    def __init__(self, space: Space, photographs: Iterable[tuple[str, Path]], vectors: Path | None = None) -> None:
        self.space, self.vectors_folder = space, vectors or Path()
        self.near: Nearness | None = None
        """Told of once `look_around` has looked."""
        self.vectors = None if vectors is None else Vectors.open(vectors)
        self._paths = dict(photographs)
        self._lock = Lock()
        self.image = lru_cache(IN_MEMORY)(self._read)
        self._hash = lru_cache(None)(lambda name: hash_file(self.path(name)))
        self._code = lru_cache(None)(self._encode)
        self.axes = lru_cache(None)(self._find_axes)
        self._carried = lru_cache(PREPARED)(self._prepare)
        self.copy_error = lru_cache(IN_MEMORY)(self._measure_copy)

    def made_by(self, chain: ChainSpec) -> str:
        """What a chain is kept to: the hashes of the model, of the vectors, and of the photographs that it needs.

        These are the one that it moves and, where it goes along principal axes, all that the axes are found from: one
        more in the folder turns them. Raises `UnknownImage`.
        """
        photographs = [chain.start, *(self.names[:MOST_FOR_AXES] if chain.axes else [])]
        vectors = self.vectors.record.tensors_hash if self.vectors else ""
        return json.dumps([self.space.model_hash, vectors, hash_json([self._hash(name) for name in photographs])])

    @property
    def names(self) -> list[str]:
        """Of all photographs."""
        return list(self._paths)

    def path(self, name: str) -> Path:
        """Where a photograph is. Raises `UnknownImage`."""
        if name not in self._paths:
            raise UnknownImage(f"there is no photograph '{name}' here")
        return self._paths[name]

    def add(self, path: Path) -> str:
        """One more photograph; its name here. Raises `DataError` where it cannot be read."""
        gather(self.space, [path])
        with self._lock:
            name = path.name
            while name in self._paths and self._paths[name] != path:
                name = f"+{name}"
            self._paths[name] = path
        return name

    def codes(self, names: Sequence[str]) -> Codes:
        """Their codes: (names, latent)."""
        return np.stack([self._code(name) for name in names]) if names else np.empty((0, self.space.latent), np.float32)

    def look_around(self, pause: float = 0.0) -> None:
        """Encode the photographs, the first of many, to tell which are near; what cannot be read is none of them.

        `pause` is in seconds, after each.
        """
        names = []
        for name in self.names[:MOST_NEAR]:
            with suppress(GaiaStimError):
                self._code(name)
                names.append(name)
            time.sleep(pause)
        self.near = Nearness.among(self.space, names, self.codes(names))

    def sources(self, view: View) -> list[SourceImage]:
        """The photographs of a view."""
        return [self.image(name) for name in view.images]

    def carried_at(self, view: View, size: str = "source") -> int | None:
        """Pixels of a side at which these photographs are carried, None where the model draws the picture.

        `size` as the option of commands; raises `ConfigError` as they do.
        """
        return Size.of(self.space, self.sources(view), size).side

    def side(self, view: View) -> int:
        """Pixels of a side that stimuli of these photographs have."""
        return self.carried_at(view) or self.space.shape[0]

    def picture(self, view: View, side: int | None = None, *, keep_detail: bool = True) -> Picture:
        """A view, carried at `side` pixels; without, or where there are no photographs, as the model draws it."""
        code, weights = view.place(self)
        if side is None or not view.images or not self.space.has_shape:
            return Picture(self.space.decode(code[None])[0], None)
        shown = self._carried(view.images, side, keep_detail).shown(code, weights)
        return Picture(shown.picture, shown)

    def _find_axes(self, part: str = BOTH) -> Codes:
        """The principal axes of the codes of the first photographs, each as long as a standard deviation along it.

        (axes, latent), the longest first; the sign is that of the largest number. With `part` those of shape or texture
        alone. Raises `DataError` for too few photographs.
        """
        names = self.names[:MOST_FOR_AXES]
        if len(names) < LEAST_FOR_AXES:
            raise DataError(f"principal axes are those of {LEAST_FOR_AXES} photographs or more; there are {len(names)}")
        codes = Vary(part, MEAN).codes(self.space, self.codes(names)).astype(np.float64)
        _, lengths, axes = np.linalg.svd(codes - codes.mean(axis=0), full_matrices=False)
        signs = np.sign(axes[np.arange(len(axes)), np.abs(axes).argmax(axis=1)])
        scaled = axes * (signs * lengths / np.sqrt(len(names) - 1))[:, None]
        found: Codes = scaled[lengths > NO_LENGTH * lengths[0]].astype(np.float32)
        return found

    def thumbnail(self, name: str) -> bytes:
        """A photograph, small, as PNG."""
        return png_bytes(shrunk(self.space.prepare(self.path(name), THUMBNAIL), THUMBNAIL))

    def told(self, view: View, picture: Picture) -> dict[str, Any]:
        """What is to be said of a view: `worries`, each a sentence, and the figures behind them."""
        shown, copies = picture.shown, {name: self.copy_error(name) for name in dict.fromkeys(view.images)}
        figures: dict[str, Any] = {"copy_error": copies} | (self.near.told(view.place(self)[0]) if self.near else {})
        if shown is not None:
            figures |= {"disagreement": shown.disagreement, "folds": shown.folds}
        if isinstance(view, EditView) and view.asked:
            figures["shown"] = self._amounts(view, picture)
        return {"worries": list(self._worries(view, figures, copies)), **figures}

    def _worries(self, view: View, figures: Mapping[str, Any], copies: Mapping[str, float]) -> Iterable[str]:
        if isinstance(view, MorphView) and not 0 <= view.alpha <= 1:
            yield "beyond the two photographs: extrapolated"
        if figures.get("is_far"):
            yield (
                f"farther from all {figures['support_of']} than nearly all midpoints between two of them: the model "
                "makes up what it shows"
            )
        if folds := figures.get("folds"):
            yield f"the shape folds over itself at {folds} spots: it is torn there"
        if (apart := figures.get("disagreement", 0.0)) > MUCH_DISAGREEMENT:
            yield f"the photographs do not agree over {apart:.0%} of the picture: the model's own drawing shows there"
        usual = self.usual_error
        # Shape or texture alone shows a part of an amount, and nothing is missed.
        is_whole = getattr(view, "vary", "both") == "both"
        for name, error in copies.items():
            if usual and error > WEAK_COPY * usual:
                yield f"the model draws {name} {error / usual:.1f} times less well than images it was not trained on"
        for name, (asked, reached) in figures.get("shown", {}).items():
            if reached is None:
                yield f"{name}: the codes tell too little of it to say what the picture shows; it may be mostly chance"
            elif is_whole and abs(reached - asked) > FAR_OFF * abs(asked):
                yield f"{name}: asked {asked:+.1f} SD, and the picture shows {reached:+.1f}"

    @cached_property
    def usual_error(self) -> float | None:
        """The model's mean absolute error on images that were held out from its training."""
        return Run(self.space.run).weights_record().validation_l1

    def _amounts(self, view: EditView, picture: Picture) -> dict[str, tuple[float, float | None]]:
        """Of each attribute that was moved what was asked, and what the picture says, in SDs."""
        edit = view.edit(self)
        unmoved = self.picture(EditView(images=view.images), len(picture.pixels) if picture.shown else None).pixels
        change = np.diff(self.space.encode([unmoved, picture.pixels]).astype(np.float64), axis=0)[0]
        gauges = zip(view.asked.items(), edit.gauges(), strict=True)
        return {name: (amount, None if g is None else float(change @ g)) for (name, amount), g in gauges}

    def _read(self, name: str) -> SourceImage:
        return gather(self.space, [self.path(name)])[0]

    def _encode(self, name: str) -> Code:
        code: Code = self.space.encode([self.image(name).picture])[0]
        return code

    def _measure_copy(self, name: str) -> float:
        return reconstruction_error(self.space.decode(self.codes([name]))[0], self.image(name).picture)

    def _prepare(self, names: tuple[str, ...], side: int, keep_detail: bool) -> Carried:
        photographs = [self.image(name).photograph(self.space, self._code(name)) for name in names]
        return Carried(self.space.model.decoder, photographs, side, keep_detail=keep_detail)
