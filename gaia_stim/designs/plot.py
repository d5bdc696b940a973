"""A fitted scale as a picture: the curve, its interval, and the measured shares."""

from gaia_stim.designs.fits import Fit
from gaia_stim.drawing.charts import Series, chart
from gaia_stim.drawing.plots import SINGLE, plot
from gaia_stim.images import Pixels


def scale_plot(fit: Fit, title: str) -> Pixels:
    """(H, W, 3) uint8. Stimuli are dots where the scale was measured at them alone."""
    curve = Series("scale", fit.alpha, fit.scale, dotted=fit.points is None)
    measured = [Series("measured", *fit.points, joined=False)] if fit.points else []
    interval = Series("low", fit.alpha, fit.low), Series("high", fit.alpha, fit.high)
    return plot(
        chart(
            title,
            "",
            "alpha, from the first source to the second",
            "scale, from 0 to 1" + (f"; the band is the {fit.interval}" if fit.interval else ""),
            [curve, *measured],
            frame=SINGLE,
            band=interval,
            from_zero=False,
        )
    )
