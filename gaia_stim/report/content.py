"""What pages of both kinds are made of, beside pictures and charts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Fact:
    """Something worth knowing at a glance."""

    name: str
    value: str


Record = Mapping[str, Any]
"""Provenance: names to values, lists and further records."""


def spread_over(count: int, most: int) -> list[int]:
    """At most `most` places of `count`, evenly spread, the first and the last among them."""
    if count <= most:
        return list(range(count))
    return sorted({round(place) for place in np.linspace(0, count - 1, most)})


def number(value: float) -> str:
    """A figure as it is read in a text: four digits at most."""
    return f"{value:.4g}"


def without(record: Record, *names: str) -> dict[str, Any]:
    """A record without what is too long to read."""
    return {name: value for name, value in record.items() if name not in names}
