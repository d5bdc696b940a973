"""Which trials of difference scaling tell most about a scale, once first answers have told something of it.

A trial tells little where the answer is clear beforehand, and only about the steps within its pairs. So the trials to
come are weighted to leave the least uncertainty about the steps (Bayesian A-optimal design; Chaloner & Verdinelli 1995,
doi:10.1214/ss/1177009939) at the scale that the first answers make likely, by the multiplicative algorithm (Silvey,
Titterington & Torsney 1978).
"""

import numpy as np

from gaia_stim.designs.difference import roughness, smooth_steps
from gaia_stim.designs.fits import Counts, Values, score
from gaia_stim.designs.layout import Layout
from gaia_stim.designs.order import Numbers
from gaia_stim.designs.responses import Answers
from gaia_stim.errors import ConfigError

SMOOTH = 10.0
"""Weight of the roughness. That of the fit would do where it is right, but it may be much too large, and then trials
are not spent on what it takes for known."""
ROUNDS = 40


def shares(layout: Layout, members: Numbers, answers: Answers, trials: int) -> Values:
    """(n,): the share of each of n quadruples (n, 4) or triads (n, 3) in the trials to come; all sum to 1.

    Raises `ConfigError` where the answers are not to all stimuli of the set, `DataError` where no scale can be fitted.
    """
    alpha, counts, steps = smooth_steps(answers)
    if not np.array_equal(alpha, layout.place):
        raise ConfigError(
            f"--after: the answers are to {len(alpha)} stimuli and the set has {len(layout)}, or at other places; the "
            "earlier trials have to be of this set, and of all its stimuli"
        )
    starts = np.arange(len(steps))
    low, high = members[:, [0, -2], None], members[:, [1, -1], None]
    first, second = ((low <= starts) & (starts < high)).astype(float).transpose(1, 0, 2)
    rough = roughness(np.diff(alpha) / np.diff(alpha).mean())
    by_step = counts.predictors * steps
    known = by_step.T @ (by_step * information(counts, steps)[:, None]) + SMOOTH * rough.T @ rough
    return a_optimal(second - first, steps, known, trials)


def a_optimal(rows: Values, steps: Values, known: Values, trials: int) -> Values:
    """(n,): weights of the trials `rows` (n, p) that make the expected variance of the relative errors of the steps
    (p,) smallest, each step counting by its length, where `known` (p, p) is the information there is.
    """
    length = steps / steps.sum()
    # Relative errors common to all steps are those of the noise, not of the scale.
    errors = np.sqrt(length)[:, None] * (np.eye(len(steps)) - length)
    once = Counts(rows, np.ones(len(rows)), np.zeros(len(rows)))
    told = rows * steps * np.sqrt(information(once, steps))[:, None]
    weights = np.full(len(rows), 1 / len(rows))
    for _ in range(ROUNDS):
        all_known = known + trials * told.T @ (told * weights[:, None])
        gain = ((told @ np.linalg.solve(all_known, errors.T)) ** 2).sum(axis=1)
        weights = weights * np.sqrt(gain)
        weights /= weights.sum()
    return weights


def information(counts: Counts, steps: Values) -> Values:
    """(m,): expected, of the answers to each row about its predictor."""
    return score(counts, counts.predictors @ steps)[1]
