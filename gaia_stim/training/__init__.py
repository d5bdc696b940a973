"""The one training loop, for every model."""
