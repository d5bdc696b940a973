"""A YAML file of options: what would have been typed, written down.

Its values are read as text and parsed as if they had been typed, so that `1e-4` is a number and `no` is no;
only plain `name: value` lines are allowed, which leaves no room for what YAML can do to a reader.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from gaia_stim.cli.options import Option, options
from gaia_stim.config import Config
from gaia_stim.errors import ConfigError, suggestion

LARGEST, DEEPEST = 1 << 16, 2
FIELD = "config"
"""The field that names such a file, in the configs that take one."""

Name = Callable[[str], str]


def merged(kind: type[Config], values: Mapping[str, Any], name: Name) -> tuple[dict[str, Any], Name]:
    """The typed values over those of the file they name, and what to call each in a message.

    Raises `ConfigError`, a line a mistake, with the file and the line.
    """
    if FIELD not in kind.model_fields or FIELD not in values:
        return dict(values), name
    path = Path(values[FIELD])
    lines, written = _read(kind, path)
    below = {key: value for key, value in written.items() if key not in values}

    def called(field: str) -> str:
        return f"{path}:{lines[field]}: {field}" if field in below else name(field)

    return {**below, **values}, called


def _read(kind: type[Config], path: Path) -> tuple[dict[str, int], dict[str, Any]]:
    known = {option.key: option for option in options(kind) if option.field != FIELD}
    lines: dict[str, int] = {}
    values: dict[str, Any] = {}
    mistakes = []
    for line, key, value in _entries(path):
        where = f"{path}:{line}"
        name = key.replace("-", "_")
        if name not in known:
            mistakes.append(f"{where}: unknown option '{key}'{suggestion(name, known)}")
        elif name in lines:
            mistakes.append(f"{where}: '{key}' stands already in line {lines[name]}")
        elif not _fits(known[name], value):
            mistakes.append(f"{where}: '{key}' takes one plain value")
        else:
            lines[name] = line
            values |= {} if value is None else {name: value}
    if mistakes:
        raise ConfigError("\n".join(mistakes))
    return lines, values


def _fits(option: Option, value: Any) -> bool:
    return value is None or isinstance(value, str) or (option.is_many and isinstance(value, list))


def _entries(path: Path) -> Iterator[tuple[int, str, str | list[str] | dict[str, Any] | None]]:
    """The line, name and value of each entry; what is neither text nor a list of texts is an empty dict."""
    import yaml

    try:
        text = path.read_text(encoding="utf-8-sig") if path.stat().st_size <= LARGEST else None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"--config {path}: cannot be read ({getattr(error, 'strerror', 'not UTF-8')})") from error
    if text is None:
        raise ConfigError(f"--config {path}: larger than {LARGEST // 1024} KB, so not a file of options")
    try:
        _refuse_depth(path, text)
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        raise ConfigError(f"{path}:{mark.line + 1 if mark else 1}: not YAML ({error.problem})") from None
    except yaml.YAMLError:
        raise ConfigError(f"{path}: not a file of options, 'name: value' a line") from None
    if root is None:
        return
    if not isinstance(root, yaml.MappingNode):
        raise ConfigError(f"{path}:{root.start_mark.line + 1}: 'name: value' is expected on each line")
    for key, node in root.value:
        yield key.start_mark.line + 1, str(key.value), _value(node)


def _refuse_depth(path: Path, text: str) -> None:
    """Stop before a deeply nested file costs its reader anything: a list is as deep as an option gets."""
    import yaml

    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            line = event.start_mark.line + 1 if event.start_mark else 1
            raise ConfigError(f"{path}:{line}: too deep for a file of options")


def _value(node: Any) -> Any:
    import yaml

    if isinstance(node, yaml.ScalarNode):
        return None if node.tag.endswith(":null") else node.value
    if isinstance(node, yaml.SequenceNode) and all(isinstance(item, yaml.ScalarNode) for item in node.value):
        return [item.value for item in node.value]
    return {}
