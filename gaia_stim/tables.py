"""Tables of plug-ins: plain dictionaries of names to "module:attribute", listed without importing what they name."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from gaia_stim.errors import unknown_name


def look_up(table: Mapping[str, str], what: str, name: str) -> Any:
    """Import what stands behind `name`. Raises `ConfigError` listing the valid names where it is not in the table."""
    if name not in table:
        raise unknown_name(what, name, table)
    module, attribute = table[name].split(":")
    return getattr(import_module(module), attribute)
