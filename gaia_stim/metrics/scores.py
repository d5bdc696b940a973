"""The figures of `evaluate`: which measure of what, its control, and what it says in words.

A figure is worth what its control is worth, so they stand together, and the words name both. A new one is a `Score`
here and its row in `METRICS`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gaia_stim.metrics.distance import Pixels, pixel_distance
from gaia_stim.metrics.evidence import Evidence
from gaia_stim.metrics.identity import cycle_error, retrieval
from gaia_stim.metrics.lines import betweenness, geodesic_ratio, step_variation
from gaia_stim.metrics.realism import FOLDS, Groups, told_apart
from gaia_stim.metrics.reconstruction import explained, l1, sharpness, spread, ssim
from gaia_stim.metrics.structure import NEIGHBOURS, continuity, flat, spearman, trustworthiness


@dataclass(frozen=True)
class Score:
    """A figure of `evaluate`."""

    measure: Callable[[Evidence], float]
    ideal: float | None = None
    """What a perfect space would have; None for a control, which is not the model's to better."""
    words: str = ""
    """A sentence with the figures' own names in braces; none where another figure's sentence tells it."""


def _mean(measure: Callable[[Pixels, Pixels], npt.NDArray[np.float64]]) -> Callable[[Evidence], float]:
    return lambda evidence: float(measure(evidence.reconstructions, evidence.held_out).mean())


RECONSTRUCTION_L1 = Score(
    _mean(l1),
    ideal=0.0,
    words="reconstructions differ from held-out images by {reconstruction_l1:.1%} of full contrast "
    "(SSIM {reconstruction_ssim:.3f}; 1 is ideal)",
)
RECONSTRUCTION_RMSE = Score(_mean(pixel_distance), ideal=0.0)
RECONSTRUCTION_SSIM = Score(_mean(ssim), ideal=1.0)
RECONSTRUCTION_R2 = Score(lambda e: explained(e.reconstructions, e.held_out), ideal=1.0)
RECONSTRUCTION_SPREAD = Score(
    lambda e: spread(e.reconstructions, e.held_out),
    ideal=1.0,
    words="from image to image they vary by {reconstruction_spread:.0%} of what the images do (R² "
    "{reconstruction_r2:.2f}; 100% and 1 are ideal)",
)
SHARPNESS = Score(
    lambda e: sharpness(e.reconstructions, e.held_out),
    ideal=1.0,
    words="their fine detail has {sharpness:.0%} of the images' energy (100% is ideal)",
)
IDENTITY = Score(
    lambda e: retrieval(e.components(e.reconstructions), e.components(e.held_out), np.arange(len(e.held_out))),
    ideal=1.0,
    words="{identity:.0%} of them are more like their own image than like any other held-out one",
)


def _auc(e: Evidence, a: Pixels, b: Pixels, groups_a: Groups, groups_b: Groups) -> float:
    e.need_groups(FOLDS)
    return told_apart(e.details(a), e.details(b), groups_a, groups_b)


MIDPOINT_AUC = Score(
    lambda e: _auc(e, e.midpoints, e.reconstructions, e.pair_groups, e.groups),
    ideal=0.5,
    words="midpoints are told from reconstructions {midpoint_auc:.0%} of the time (50% is ideal; being more average "
    "than single images gives perfect pictures {crowding_auc:.0%})",
)
CROWDING_AUC = Score(lambda e: _auc(e, e.matched, e.reconstructions, e.pair_groups, e.groups))
MATCHED_AUC = Score(
    lambda e: _auc(e, e.midpoints, e.matched, e.pair_groups, e.pair_groups),
    ideal=0.5,
    words="midpoints are told from reconstructions that are as average as they are {matched_auc:.0%} of the time "
    "(50% is ideal)",
)
RECONSTRUCTION_AUC = Score(lambda e: _auc(e, e.held_out, e.reconstructions, e.groups, e.groups), ideal=0.5)
REAL_MIDPOINT_AUC = Score(
    lambda e: _auc(e, e.held_out, e.midpoints, e.groups, e.pair_groups),
    ideal=0.5,
    words="real images are told from midpoints {real_midpoint_auc:.0%} of the time, from reconstructions "
    "{reconstruction_auc:.0%}, from pixel blends {pixel_blend_auc:.0%} (50% is ideal)",
)
PIXEL_BLEND_AUC = Score(lambda e: _auc(e, e.held_out, e.blends, e.groups, e.pair_groups))

MIDPOINT_PRECISION = Score(
    lambda e: e.neighbourhood.precision(e.components(e.midpoints)),
    ideal=1.0,
    words="{midpoint_precision:.0%} of midpoints lie where the training images' reconstructions lie (held-out "
    "reconstructions {reconstruction_precision:.0%}, pixel blends {pixel_blend_precision:.0%})",
)
RECONSTRUCTION_PRECISION = Score(lambda e: e.neighbourhood.precision(e.components(e.reconstructions)), ideal=1.0)
PIXEL_BLEND_PRECISION = Score(lambda e: e.neighbourhood.precision(e.components(e.blends)))


def _coverage(e: Evidence, pictures: Pixels) -> float:
    """Coverage grows with the number of samples: the mean over rounds of as many as there are reconstructions."""
    rounds = np.split(e.components(pictures), len(pictures) // len(e.held_out))
    return float(np.mean([e.neighbourhood.coverage(round_) for round_ in rounds]))


MIDPOINT_COVERAGE = Score(
    lambda e: _coverage(e, e.midpoints),
    ideal=1.0,
    words="as many midpoints as held-out images reach {midpoint_coverage:.0%} of the places where those lie (held-out "
    "reconstructions {reconstruction_coverage:.0%}, pixel blends {pixel_blend_coverage:.0%})",
)
RECONSTRUCTION_COVERAGE = Score(lambda e: _coverage(e, e.reconstructions))
PIXEL_BLEND_COVERAGE = Score(lambda e: _coverage(e, e.blends))


def _betweenness(e: Evidence) -> float:
    ends = e.components(e.reconstructions)[e.pairs]
    midpoints = e.components(e.midpoints)
    return float(betweenness(midpoints, ends[:, 0], ends[:, 1], e.neighbourhood.points).mean())


def _lines(e: Evidence) -> npt.NDArray[np.float64]:
    count, frames = e.morphs.shape[:2]
    return e.components(e.morphs.reshape(-1, *e.morphs.shape[2:])).reshape(count, frames, -1)


BETWEENNESS = Score(
    _betweenness,
    ideal=1.0,
    words="midpoints are {betweenness:.0%} of the way from chance to half-way between their ends (100% is half-way; an "
    "end or a training image in their place counts 0%)",
)
STEP_CV = Score(
    lambda e: float(step_variation(e.morphs).mean()),
    ideal=0.0,
    words="the steps of a morph in equal latent steps vary by {step_cv:.0%} of their mean (0% is even; --spacing pixel "
    "evens them)",
)
GEODESIC_RATIO = Score(
    lambda e: float(geodesic_ratio(_lines(e), e.neighbourhood.points).mean()),
    words="a morph is {geodesic_ratio:.2f} times as long as the way from image to image (a cross-fade "
    "{pixel_blend_geodesic_ratio:.2f})",
)
PIXEL_BLEND_GEODESIC_RATIO = Score(
    lambda e: float(geodesic_ratio(_lines(e)[:, [0, -1]], e.neighbourhood.points).mean())
)
CYCLE_ERROR = Score(
    lambda e: cycle_error(e.midpoint_codes, e.midpoint_codes_again),
    ideal=0.0,
    words="a midpoint's code comes back from its picture with an error of {cycle_error:.0%} of the codes' spread "
    "(0% is ideal)",
)


def _enough(e: Evidence) -> Pixels:
    """The held-out images, where they are enough for ranks of neighbours."""
    e.need_held_out(2 * NEIGHBOURS + 1)
    return e.held_out


STRUCTURE_SPEARMAN = Score(
    lambda e: spearman(flat(e.held_out), e.codes),
    ideal=1.0,
    words="distances between codes rank like those between images: {structure_spearman:.3f} "
    "(as many principal components {pca_structure_spearman:.3f}; 1 is ideal)",
)
PCA_STRUCTURE_SPEARMAN = Score(lambda e: spearman(flat(e.held_out), e.pca_codes))
TRUSTWORTHINESS = Score(
    lambda e: trustworthiness(flat(_enough(e)), e.codes),
    ideal=1.0,
    words="neighbours among codes are neighbours among images: {trustworthiness:.3f} (as many principal components "
    "{pca_trustworthiness:.3f}; 1 is ideal, 0.5 chance)",
)
PCA_TRUSTWORTHINESS = Score(lambda e: trustworthiness(flat(_enough(e)), e.pca_codes))
CONTINUITY = Score(
    lambda e: continuity(flat(_enough(e)), e.codes),
    ideal=1.0,
    words="and neighbours among images among codes: {continuity:.3f} ({pca_continuity:.3f})",
)
PCA_CONTINUITY = Score(lambda e: continuity(flat(_enough(e)), e.pca_codes))
