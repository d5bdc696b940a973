"""Walking through a space while it is looked at: a local page, and stimuli that are made while an experiment runs."""
