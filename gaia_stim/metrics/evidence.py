"""What the figures of `evaluate` are computed from: arrays, gathered once, that every one of them may look at."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from gaia_stim.metrics.distance import Pixels
from gaia_stim.metrics.features import Features, Look, patch_words, principal_components, remembering
from gaia_stim.metrics.neighbours import Neighbourhood
from gaia_stim.metrics.realism import Groups, matches

Codes = npt.NDArray[np.float32]
FEWEST_TRAINING = 4
"""Training images that principal components, words and neighbours need."""


class TooFew(Exception):
    """There are too few images for a figure; the text says of what."""


@dataclass(frozen=True, eq=False)
class Evidence:
    """Pictures (…, H, W, C) and codes (…, latent) of one model on one folder of images."""

    training: Pixels
    """(t, H, W, C): images that it was trained on."""
    training_reconstructions: Pixels
    """(t, H, W, C): what the model makes of them."""
    held_out: Pixels
    """(n, H, W, C): images that it never saw."""
    reconstructions: Pixels
    """(n, H, W, C): what the model makes of those."""
    codes: Codes
    """(n, latent): the held-out images' codes."""
    groups: Groups
    """(n,): pairs are made within these groups of held-out images."""
    pairs: npt.NDArray[np.int64]
    """(m, 2): rows of `held_out`, m a multiple of n: round after round of n pairs."""
    midpoints: Pixels
    """(m, H, W, C): the decoded means of the pairs' codes."""
    midpoint_codes: Codes
    """(m, latent): those means."""
    midpoint_codes_again: Codes
    """(m, latent): what the midpoints are encoded to."""
    blends: Pixels
    """(m, H, W, C): the pixel means of the pairs' held-out images; no model has a part in them."""
    morphs: Pixels
    """(l, frames, H, W, C): decoded straight lines between some of the pairs."""

    @property
    def pair_groups(self) -> Groups:
        """(m,): the group of each pair."""
        return self.groups[self.pairs[:, 0]]

    @cached_property
    def components(self) -> Look:
        """Pictures by the training images' principal components."""
        self._need_training(FEWEST_TRAINING)
        return remembering(principal_components(self.training))

    @cached_property
    def details(self) -> Look:
        """Pictures by their local patterns, in the training images' words."""
        self._need_training(FEWEST_TRAINING)
        return remembering(patch_words(self.training))

    @cached_property
    def neighbourhood(self) -> Neighbourhood:
        """Where the training images' reconstructions are, by `components`."""
        return Neighbourhood.of(self.components(self.training_reconstructions))

    @cached_property
    def matched(self) -> Pixels:
        """(m, H, W, C): for each midpoint a training image's reconstruction that stands as near to it as can be."""
        self._need_training(len(self.midpoints))
        rows = matches(self.components(self.midpoints), self.neighbourhood.points)
        return self.training_reconstructions[rows]

    @cached_property
    def pca_codes(self) -> Features:
        """(n, latent): the held-out images by principal components, as many as the model has latents."""
        self._need_training(FEWEST_TRAINING)
        return principal_components(self.training, self.codes.shape[1])(self.held_out)

    def need_held_out(self, number: int) -> None:
        """Raise `TooFew` where so many images are not held out."""
        if len(self.held_out) < number:
            raise TooFew(f"needs {number} held-out images; there are {len(self.held_out)}")

    def need_groups(self, number: int) -> None:
        """Raise `TooFew` where there are not so many groups of held-out images to make pairs in."""
        if (found := len(np.unique(self.groups))) < number:
            size = len(self.held_out) // found
            raise TooFew(f"needs {number * size} held-out images; there are {len(self.held_out)}")

    def _need_training(self, number: int) -> None:
        if len(self.training) < number:
            raise TooFew(f"needs {number} of the images that the model was trained on; there are {len(self.training)}")
