"""Can pictures be told from others? Asked of a classifier that is trained after the fact and has no part in any model.

The classifier is a logistic regression on `features.patch_words`. Chosen on decoded avatars at 32 px against HOG, LBP,
gradient quantiles and principal components, with forests and linear models on each: it was as good as forests at a
thirtieth of their time; it finds nearly every pixel blend; and it is not at its limit for good reconstructions, as LBP
is, which tells any decoder's pictures from real ones. It still sees what every feature saw: a midpoint is more average
than an image. Perfect pictures that are as average were told from others in 0.67 to 0.80 of cases. Hence the controls
`crowding` and `matched` in `scores`, which hold that fixed.
"""

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from gaia_stim.metrics.features import Features

FOLDS = 5
SHRINKAGE = 0.01
"""Inverse penalty on the weights: strong, for there are few pictures and many features."""

Groups = npt.NDArray[np.int64]


def told_apart(a: Features, b: Features, groups_a: Groups, groups_b: Groups) -> float:
    """AUC of a classifier that learns to tell `a` from `b`: 0.5 where it cannot, 1 where it always can.

    That is how often, given one of each, it picks the right one (Hanley and McNeil 1982); chance alone may lead
    somewhat below 0.5. Features (n, d) and (m, d), groups (n,) and (m,). Cross-validated: the mean over `FOLDS` folds
    of the AUC on pictures it did not learn from, none of whose group it learned from either. A picture's parents belong
    to its group, else it would be known by them. Needs at least `FOLDS` groups. Deterministic.
    """
    features = np.concatenate([a, b])
    labels = np.repeat([1, 0], [len(a), len(b)])
    groups = np.concatenate([groups_a, groups_b])
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=0).split(features, labels, groups)
    return float(np.mean([_fold(features, labels, learned, asked) for learned, asked in folds]))


def _fold(
    features: Features,
    labels: npt.NDArray[np.int64],
    learned: npt.NDArray[np.int64],
    asked: npt.NDArray[np.int64],
) -> float:
    classifier = make_pipeline(StandardScaler(), LogisticRegression(C=SHRINKAGE, max_iter=1000))
    classifier.fit(features[learned], labels[learned])
    return float(roc_auc_score(labels[asked], classifier.decision_function(features[asked])))


def matches(features: Features, reference: Features) -> npt.NDArray[np.int64]:
    """For each row (n, d) another row of the reference (m, d), m ≥ n, the distances' sum the smallest: (n,).

    Pictures so matched stand where the given ones stand: as average, and like them in all that the features show.
    """
    chosen: npt.NDArray[np.int64] = linear_sum_assignment(cdist(features, reference))[1]
    return chosen
