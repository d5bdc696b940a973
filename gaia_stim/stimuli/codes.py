"""Codes to the bit in JSON."""

import base64
from collections.abc import Mapping
from typing import Any

import numpy as np

from gaia_stim.space.paths import Codes

CODES_TYPE = np.dtype("<f4")


def to_json(codes: Codes) -> dict[str, Any]:
    """Codes (n, latent) as their shape and the bytes of their rows."""
    content = np.ascontiguousarray(codes, dtype=CODES_TYPE)
    return {"shape": list(content.shape), "float32_base64": base64.b64encode(content.tobytes()).decode()}


def from_json(value: Mapping[str, Any]) -> Codes:
    """Read back what `to_json` wrote. Raises `ValueError` and its kin where it is something else."""
    content = base64.b64decode(value["float32_base64"], validate=True)
    return np.frombuffer(content, dtype=CODES_TYPE).reshape(value["shape"]).astype(np.float32)
