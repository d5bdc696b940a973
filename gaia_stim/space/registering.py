"""A residual velocity for each photograph, by what is to be seen in it and in the images that the model learned from.

What a code says of a shape is rough for somebody whom the model has not met. The common frame is where all faces have
their eyes in one place: the images of the training, moved there, have a mean in which an eye is an eye. So a photograph
is registered to that mean, never to the one that it is to be morphed with, whose hair and light would lead it astray
(docs/photographs.md). Compared is detail, not light: each picture less its local mean, over its local spread, in two
widths, M and X. With the velocity of the code held, the residual r has

    least  1 − mean over p of LNCC(X(p), M(φ(p))) + SMOOTH · |∇r|²,        φ = exp(V(z) + r)

with the local normalised correlation of Avants et al. (2008), by Adam, from r = 0.
"""

from collections.abc import Iterable

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import interpolate

from gaia_stim.dataset import cache_folder
from gaia_stim.errors import DataError
from gaia_stim.events import Listener, Note, silent, tracked
from gaia_stim.files import hash_bytes, write_bytes
from gaia_stim.images import Pixels, to_float
from gaia_stim.networks import fields
from gaia_stim.networks.base import Shaped
from gaia_stim.space.carrying import FIELD, Residual, Residuals, ShapeMap
from gaia_stim.space.images import images_of
from gaia_stim.space.paths import Code, Codes
from gaia_stim.space.photographs import blurred
from gaia_stim.space.residuals import NODES
from gaia_stim.space.space import Space

SIDE = 64
"""Pixels of a side at which pictures are compared."""
WIDTHS = (2.5, 6.0)
"""Pixels of `FIELD`, Gaussians' standard deviations, round which a picture's mean and spread are taken out of it."""
GREY = 0.02
"""Spread that is added to a place's own: what is flatter is noise."""
WINDOW, LEAST = 3.0, 1e-3
"""Pixels of `SIDE` of a correlation's window, a Gaussian's standard deviation, and energy that is added to both."""
SMOOTH = 3.0
"""Cost of a residual's slopes."""
RATE, BETAS = 0.02, (0.9, 0.99)
"""Adam's; the rate falls to none."""
MOST = 200
"""Images of the training that are averaged."""

Detail = Float[Tensor, "1 widths side side"]


def template_of(space: Space, listen: Listener = silent) -> Detail | None:
    """The mean detail of the images that the model learned from, in the common frame; None where they are not here.

    Made once for each model: later calls read it from the cache.
    """
    decoder = space.model.decoder
    if not isinstance(decoder, Shaped):
        return None
    file = cache_folder() / "templates" / f"{hash_bytes(space.model_hash.encode())}.f32"
    shape = (1, len(WIDTHS), SIDE, SIDE)
    if not (file.is_file() and file.stat().st_size == 4 * np.prod(shape)):
        try:
            images = images_of(space, None)
        except DataError:
            home = space.config.dataset.folder
            gone = f"{home}: the images that this model was trained on are not here, as they were; it takes them to fit"
            listen(Note(f"{gone} shapes to photographs: only codes are fitted", warning=True))
            return None
        rows = images.rows("train")
        rows = rows[:: -(-len(rows) // MOST)]
        names = [images.folder / images.table["path"].iloc[row] for row in rows]
        total = torch.zeros(shape)
        for name in tracked(names, "moving the images of the training into one frame", len(names), listen):
            picture = space.prepare(name, FIELD)
            total += _in_frame(decoder, space.encode([picture])[0], picture)
        write_bytes(file, (total / len(names)).numpy().astype("<f4").tobytes())
    return torch.from_numpy(np.fromfile(file, dtype="<f4").astype(np.float32).reshape(shape))


def residuals_of(
    space: Space, codes: Codes, pictures: Iterable[Pixels], steps: int, listen: Listener = silent
) -> Residuals | None:
    """Those of photographs, `FIELD` pixels a side, with these codes.

    None where the model has no shape, or the images that it learned from are not here; the listener hears of it.
    """
    template, decoder = template_of(space, listen), space.model.decoder
    if template is None or not isinstance(decoder, Shaped):
        return None
    each = tracked(zip(codes, pictures, strict=True), "fitting shapes", len(codes), listen)
    return np.stack([registered(decoder, code, picture, template, steps) for code, picture in each])


def registered(decoder: Shaped, code: Code, picture: Pixels, template: Detail, steps: int) -> Residual:
    """The residual of a photograph, `FIELD` pixels a side, with that code; none at all where its map would fold."""
    with torch.inference_mode(False), torch.enable_grad():
        velocity = decoder.velocity(torch.from_numpy(np.array(code, np.float32)[None])).detach()
        own = fields.from_nodes(velocity, SIDE, SIDE)
        # Copies: what was made in inference mode cannot take part in a graph.
        seen, template = _detail(picture), template.clone()
        nodes = torch.zeros(1, 2, NODES, NODES, requires_grad=True)
        adam = torch.optim.Adam([nodes], lr=RATE, betas=BETAS)
        for step in range(steps):
            adam.param_groups[0]["lr"] = RATE * (1 - step / steps)
            moved = fields.sample(template, fields.exponential(own + fields.from_nodes(nodes, SIDE, SIDE)))
            down, across = nodes.diff(dim=2), nodes.diff(dim=3)
            slope = (down.square().mean() + across.square().mean()) * (NODES / 2) ** 2
            (nodes.grad,) = torch.autograd.grad(1 - _correlation(seen, moved) + SMOOTH * slope, nodes)
            adam.step()
    residual: Residual = nodes.detach()[0].numpy()
    with torch.inference_mode():
        folds = [ShapeMap.of(decoder, code, one).folds() for one in (residual, None)]
    return residual if folds[0] <= folds[1] else np.zeros_like(residual)


def _in_frame(decoder: Shaped, code: Code, picture: Pixels) -> Detail:
    """The detail of a photograph where the map of its code takes it."""
    with torch.inference_mode():
        frame = fields.sample(_grey(picture), ShapeMap.of(decoder, code).back())
        return _of_grey(frame)


def _detail(picture: Pixels) -> Detail:
    return _of_grey(_grey(picture))


def _grey(picture: Pixels) -> Float[Tensor, "1 1 height width"]:
    return torch.from_numpy(to_float(picture[None])).mean(dim=1, keepdim=True)


def _of_grey(picture: Float[Tensor, "1 1 height width"]) -> Detail:
    layers = []
    for width in WIDTHS:
        mean = blurred(picture, width)
        spread = (blurred(picture.square(), width) - mean.square()).clamp_min(0).sqrt()
        layers.append((picture - mean) / (spread + GREY))
    return interpolate(torch.cat(layers, dim=1), size=(SIDE, SIDE), mode="area")


def _correlation(x: Detail, y: Detail) -> Tensor:
    """The mean over all places and widths of the local correlation of two pictures without local means."""
    shared, own, other = (blurred(one, WINDOW) for one in (x * y, x.square(), y.square()))
    mean: Tensor = (shared / ((own + LEAST) * (other + LEAST)).sqrt()).mean()
    return mean
