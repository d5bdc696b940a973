"""A model's decoder for programs without Python."""

from functools import partial

import gaia_stim
from gaia_stim.config import ExportDecoderConfig
from gaia_stim.config.verbs import verb_of
from gaia_stim.events import Listener, silent
from gaia_stim.outputs import made_once
from gaia_stim.space.opening import open_space
from gaia_stim.space.portable import KIND, ExportDecoderResult, check_installed, write_decoder


def export_decoder(config: ExportDecoderConfig, listen: Listener = silent) -> ExportDecoderResult:
    """Write a decoder as ONNX. Raises `ConfigError` where what it takes is not installed; else as `write_decoder`."""
    check_installed()
    space = open_space(config.run or config.model, listen)
    request = {"verb": verb_of(config), "gaia_stim": gaia_stim.__version__, "model_hash": space.model_hash}
    made = made_once(config.out, KIND, request, partial(write_decoder, space), force=config.force, listen=listen)
    return ExportDecoderResult.of(config.out, made)
