"""What was called otherwise before: old names, in records and in what users type, and those of today."""

from collections.abc import Mapping
from typing import Any

VERBS = {"morphgrid": "morph-grid", "attributesapply": "attributes apply"}
"""What version 0.1 called verbs in its records, where it was something else."""
SPACINGS = {"perceptual": "nlpd"}
"""Values of `--spacing`: each is called by what it makes equal. The old ones are still taken."""


def verb_in(request: Mapping[str, Any]) -> str:
    """The verb of a request in a record, by its name of today; empty where it says none."""
    name = str(request.get("verb", ""))
    return VERBS.get(name, name)


def spacing_now(name: str) -> str:
    """A spacing by its name of today."""
    return SPACINGS.get(name, name)


def as_now(request: Mapping[str, Any]) -> dict[str, Any]:
    """A request in a record with the names of today, whatever version wrote it."""
    options = request.get("options")
    now: dict[str, Any] = {**request, "verb": verb_in(request)}
    if isinstance(options, Mapping) and isinstance(options.get("spacing"), str):
        now["options"] = {**options, "spacing": spacing_now(options["spacing"])}
    return now
