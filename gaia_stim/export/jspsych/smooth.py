"""What a page needs to draw a slider without steps, as `smooth.js` says it (`assets/slider.js` has its words)."""

import base64
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from gaia_stim.config import ExportConfig
from gaia_stim.events import Listener
from gaia_stim.images import Pixels, webp_bytes
from gaia_stim.stimuli.sets import StimulusSet

if TYPE_CHECKING:
    from gaia_stim.stimuli.sweep import Sweep

Slider = Callable[[StimulusSet], Mapping[str, Any] | None]
"""From a set to what `smooth.js` says; None where nothing is drawn well enough, and the set's pictures are shown."""
CHECKS = 3
"""Pictures that are none of the keys and go along to check the browser's drawing by: the worst."""


def slider_of(config: ExportConfig, listen: Listener) -> Slider | None:
    """What makes it, where it is asked for."""
    return partial(_made, config=config, listen=listen) if config.slider == "smooth" else None


def _made(stimuli: StimulusSet, config: ExportConfig, listen: Listener) -> Mapping[str, Any] | None:
    # Only who asks for it waits for torch.
    from gaia_stim.stimuli.sweep import sweep_of

    found = sweep_of(stimuli, config.model, config.images, listen)
    return None if found is None else as_json(found)


def as_json(sweep: "Sweep") -> Mapping[str, Any]:
    """Pictures as addresses that need no file: one opened from a file may not be read by a page's shader."""
    height, width, _ = sweep.pictures[0].shape
    return {
        "width": width,
        "height": height,
        "grid": sweep.moves[0].shape[0],
        "keys": [{"at": at, "picture": _address(one)} for at, one in zip(sweep.keys, sweep.pictures, strict=True)],
        "moves": [base64.b64encode(one.astype("<f2").tobytes()).decode() for one in sweep.moves],
        "checks": [
            {"at": one.at, "picture": _address(one.picture), "mean": one.off.mean, "largest": one.off.largest}
            for one in sweep.checks[:CHECKS]
        ],
    }


def _address(picture: Pixels) -> str:
    return f"data:image/webp;base64,{base64.b64encode(webp_bytes(picture)).decode()}"
