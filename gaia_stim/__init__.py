"""gaia-stim: a folder of images becomes a calibrated space of stimuli that an experiment can load."""

__version__ = "0.1.0"
