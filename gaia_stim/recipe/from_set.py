"""A recipe from a stimulus set: the steps that made it, as its provenance tells them.

Its verb and options stand in the provenance, and so do the images it was made of, in the order in which the verb takes
them. A set whose images are gone is made again from its plan, by `remake`.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from gaia_stim.config import RecipeFromConfig, Role
from gaia_stim.config.options import options
from gaia_stim.config.renamed import as_now
from gaia_stim.config.verbs import STEPS, Verb, verb_of
from gaia_stim.errors import DataError
from gaia_stim.events import Listener, Note, silent
from gaia_stim.files import hash_bytes, hash_file, read_json
from gaia_stim.names import BUILT_IN, WEIGHTS
from gaia_stim.outputs import Kind, file_once
from gaia_stim.recipe.plan import BUILT_IN_NAME, load_recipe
from gaia_stim.stimuli.identity import MEASURED_SCALE, POINTS

PROVENANCE = "provenance.json"
RECIPE = Kind("recipe")


@dataclass(frozen=True)
class FromResult:
    """Where the recipe is, and what it does."""

    out: Path
    steps: list[str]


def recipe_from(config: RecipeFromConfig, listen: Listener = silent) -> FromResult:
    """Write a recipe that makes a set again, byte for byte on the same build.

    Raises `DataError` where the provenance is damaged, `ConfigError` where another file has its name.
    """
    target = config.target / PROVENANCE if config.target.is_dir() else config.target
    name = target.absolute().parent.name
    out = config.out or Path(f"{name}_recipe.yaml")
    if not target.is_file():
        raise DataError(f"{config.target}: no such stimulus set or {PROVENANCE}")
    document = _Writer(target, out.absolute().parent, config.images, listen).document(name)
    text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=120)
    content = f"# Written by 'gaia-stim recipe from'.\n{text}".encode()
    request = {"verb": verb_of(config), "recipe": hash_bytes(content)}
    file_once(out, RECIPE, request, lambda: content, force=config.force, listen=listen)
    # What is wrong with it is told now, not when it is run.
    load_recipe(out)
    return FromResult(out, list(document["steps"]))


class _Writer:
    def __init__(self, target: Path, home: Path, images: Path | None, listen: Listener) -> None:
        self.target, self.home, self.listen = target, home, listen
        self.elsewhere = {hash_file(path): path for path in images.rglob("*") if path.is_file()} if images else {}
        self.outside: dict[str, None] = {}
        self.moved: list[str] = []
        self.provenance = read_json(target)

    def document(self, name: str) -> dict[str, Any]:
        """The recipe as YAML will say it."""
        try:
            model = self._model()
            try:
                steps = self._steps()
            except _GoneError as error:
                text = f"{error}; the recipe makes the set from its plan, without what it was made of"
                self.listen(Note(text, warning=True))
                steps = {"remake": {"target": self._written(self.target), **model}}
                model = {}
            threads = int(self.provenance["threads"])
        except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
            raise DataError(f"{self.target}: not the provenance of a stimulus set ({error!r})") from error
        if self.moved:
            text = f"not where it was: {', '.join(self.moved[:3])}; provenance.json will name the new place"
            self.listen(Note(text, warning=True))
        outside = {"allow_outside": list(self.outside)} if self.outside else {}
        about = f"Makes the stimulus set '{name}' again."
        return {"about": about, "threads": threads, **model, **outside, "steps": steps}

    def _steps(self) -> dict[str, dict[str, Any]]:
        processing = self.provenance.get("processing", [])
        request = as_now(processing[0]["made_of"] if processing else self.provenance["request"])
        verb = request["verb"]
        before = verb.replace(" ", "_")
        steps = {before: ({"do": verb} if before != verb else {}) | self._made(verb, request)}
        for number, step in enumerate(processing, start=1):
            _check_as_now(step)
            name = f"match_{number}" if number > 1 else "match"
            chosen = {key: value for key, value in step["options"].items() if value not in (None, False)}
            steps[name] = {"do": "match", "stimuli": f"${{{before}}}", **chosen}
            before = name
        return steps

    def _made(self, name: str, request: dict[str, Any]) -> dict[str, Any]:
        """The options of the verb that made the set: what was read, what was given, the model."""
        if name not in STEPS:
            raise _GoneError(f"'{name}' cannot be written as a step")
        verb = STEPS[name]
        keys = {option.field: key for key, option in options(verb.config).items()}
        given = {keys[field]: value for field, value in request["options"].items() if field in keys}
        if "size" in keys.values():
            carried = request.get("carried")
            given |= {"size": str(carried["side"]), "detail": carried["detail"]} if carried else {"size": "model"}
        hashes = {one["path"]: one["image_hash"] for one in self.provenance["sources"]}
        paths = {one["source_id"]: one["path"] for one in self.provenance["sources"]}
        if scale := paths.pop(MEASURED_SCALE, None):
            given["spacing"] = self._found(scale, hashes)
        if points := paths.pop(POINTS, None):
            given["points"] = self._found(points, hashes)
        # What stands in the request as nothing was not given, and is what the verb takes then.
        read = {
            key: [self._found(path, hashes) for path in own] if is_many else self._found(own[0], hashes)
            for key, is_many, own in _shared_out(verb, list(paths.values()))
            if key not in given
        }
        told = {key: value for key, value in given.items() if value is not None}
        # A verb that finds its model by itself is told where it is: what it finds it by may lie elsewhere now.
        return {**read, **told, **({} if verb.takes_model else self._model())}

    def _model(self) -> dict[str, str]:
        model = self.provenance["model"]
        recorded, wanted = Path(model["run"]), model["model_hash"]
        for run in (recorded, self.home / recorded, BUILT_IN):
            if (run / WEIGHTS).is_file() and hash_file(run / WEIGHTS) == wanted:
                is_built_in = run.resolve() == BUILT_IN.resolve()
                return {"model": BUILT_IN_NAME if is_built_in else self._written(run, str(recorded))}
        raise DataError(f"{recorded}: the model that made the set is not there ({wanted[:19]}…); put it there again")

    def _found(self, path: str, hashes: dict[str, str]) -> str:
        """The path of a source as the recipe says it. Raises `_GoneError` where it is nowhere as it was."""
        for place in (self.home / path, Path(path)):
            if place.is_dir() or (place.is_file() and hash_file(place) == hashes[path]):
                return self._written(place, path)
        if hashes[path] in self.elsewhere:
            return self._written(self.elsewhere[hashes[path]], path)
        raise _GoneError(f"{path}: is not there as it was (--images DIR says where to look)")

    def _written(self, place: Path, recorded: str | None = None) -> str:
        """A path from the recipe's folder; in the words of the provenance, where they mean the same."""
        whole = Path(os.path.normpath(place.absolute()))
        if recorded and Path(os.path.normpath(self.home / recorded)) == whole:
            written = recorded
        else:
            written = Path(os.path.relpath(whole, self.home)).as_posix()
            self.moved += [recorded] if recorded else []
        if not Path(os.path.realpath(whole)).is_relative_to(os.path.realpath(self.home)):
            self.outside[(whole if whole.is_dir() else whole.parent).as_posix()] = None
        return written.replace("${", "$${")


class _GoneError(Exception):
    """The set cannot be made by its own verb."""


def _check_as_now(step: Mapping[str, Any]) -> None:
    """Raises `_GoneError` where `match` with its options would not do the same now."""
    asked = step["options"]
    if step.get("method", 1) == 1 and (asked["contrast"] or asked["spectrum"]):
        raise _GoneError("it was matched as version 0.1 did it")
    if not isinstance(step.get("display", "srgb"), str):
        raise _GoneError("the measured display that it was matched for stands in its provenance")


def _shared_out(verb: Verb, paths: Sequence[str]) -> Iterator[tuple[str, bool, Sequence[str]]]:
    """What a set is made of, as its verb is given it: each input takes one in turn, and one that takes many the rest.

    What is left over in the end is not given by itself: it comes out of a file or folder that is.
    """
    inputs = [option for option in options(verb.config).values() if option.role is Role.INPUT]
    at = 0
    for place, option in enumerate(inputs):
        end = len(paths) - (len(inputs) - 1 - place) if option.is_many else at + 1
        yield option.key, option.is_many, paths[at:end]
        at = end
