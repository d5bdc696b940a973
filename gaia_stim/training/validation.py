"""What a model is worth on images that it was not trained on, in numbers and to look at."""

import numpy as np
import torch

from gaia_stim.drawing.sheets import contact_sheet
from gaia_stim.images import Pixels, to_bytes
from gaia_stim.models.base import Autoencoder
from gaia_stim.training.distributed import ProcessGroup
from gaia_stim.training.loader import Loader

SHOWN = 12
"""Images of a sample sheet, which are the first of the validation split."""
MEASURED = 64
"""Images measured at a time."""


@torch.inference_mode()
def validate(model: Autoencoder, loader: Loader, group: ProcessGroup) -> tuple[float, float]:
    """Mean |x − G(x)|, and how much reconstructions vary from image to image, as a share of what the images do.

    Each process takes a part of the images.
    """
    rows, sums = loader.dataset.rows("validation"), np.zeros(3)
    for start in group.share(range(0, len(rows), MEASURED)):
        x = loader.images(rows[start : start + MEASURED])
        pictures = model.decode(model.encode(x))
        spreads = [float(shown.std(dim=0, correction=0).mean()) * len(x) for shown in (pictures, x)]
        sums += [float((x - pictures).abs().mean(dim=(1, 2, 3)).sum()), *spreads]
    error, shown_spread, true_spread = map(float, group.all_sum(torch.from_numpy(sums)))
    return error / len(rows), shown_spread / true_spread if true_spread > 0 else 1.0


@torch.inference_mode()
def sheet(model: Autoencoder, loader: Loader, title: str) -> Pixels | None:
    """What the players make of some validation images; None where that is not numbers."""
    x = loader.images(loader.dataset.rows("validation")[:SHOWN])
    views = model.views(x)
    if not all(bool(torch.isfinite(view).all()) for view in views.values()):
        return None
    images = [image for view in views.values() for image in to_bytes(view.cpu().numpy())]
    return contact_sheet(images, columns=len(x), row_labels=list(views), title=title)
