"""A YAML file of options: what would have been typed, written down.

Its values are parsed as if they had been typed, so that `1e-4` is a number and `no` is no.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from gaia_stim.config import Config
from gaia_stim.config.options import Option, options
from gaia_stim.errors import ConfigError, suggestion
from gaia_stim.yaml_nodes import Items, Keyed, Mistakes, Node, Place, Scalar, read_yaml

LARGEST, DEEPEST = 1 << 16, 2
FIELD = "config"
"""The field that names such a file, in the configs that take one."""

Name = Callable[[str], str]


def merged(kind: type[Config], values: Mapping[str, Any], name: Name) -> tuple[dict[str, Any], Name]:
    """The typed values over those of the file they name, and what to call each in a message.

    Raises `ConfigError`, a line a mistake, with the file, the line and the column.
    """
    if FIELD not in kind.model_fields or FIELD not in values:
        return dict(values), name
    if not values[FIELD]:
        raise ConfigError(f"{name(FIELD)}: should name a file; it is empty")
    places, written = _read(kind, Path(values[FIELD]))
    below = {key: value for key, value in written.items() if key not in values}

    def called(field: str) -> str:
        return f"{places[field]}: {field}" if field in below else name(field)

    return {**below, **values}, called


def _read(kind: type[Config], path: Path) -> tuple[dict[str, Place], dict[str, Any]]:
    known = {key: option for key, option in options(kind).items() if option.field != FIELD}
    places: dict[str, Place] = {}
    values: dict[str, Any] = {}
    mistakes = Mistakes()
    root = read_yaml(path, mistakes, largest=LARGEST, deepest=DEEPEST)
    if root is not None and not isinstance(root, Keyed):
        mistakes.add(root.at, "'name: value' is expected on each line")
    for entry in root.entries if isinstance(root, Keyed) else ():
        name = entry.key.replace("-", "_")
        value = _value(entry.value)
        if name not in known:
            mistakes.add(entry.at, f"unknown option '{entry.key}'{suggestion(name, known)}")
        elif name in places:
            mistakes.add(entry.at, f"'{entry.key}' stands already in line {places[name].line}")
        elif not _fits(known[name], value):
            mistakes.add(entry.at, f"'{entry.key}' takes one plain value")
        else:
            places[name] = entry.at
            values |= {} if value is None else {name: value}
    mistakes.stop()
    return places, values


def _fits(option: Option, value: Any) -> bool:
    return value is None or isinstance(value, str) or (option.is_many and isinstance(value, list))


def _value(node: Node) -> Any:
    """Text, a list of texts, None for nothing; what is neither is an empty dict."""
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Items) and all(isinstance(item, Scalar) for item in node.items):
        return [item.value for item in node.items if isinstance(item, Scalar)]
    return {}
