"""Images of one kind of thing put in one place: by points, by the eyes that a small network finds, by each other."""

import lazy_loader

# Provenance is read by what needs no networks, nor torch, which are imported when they are first used.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
