"""From what is written to what is to be done: loops written out, variables filled in, options checked."""

import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from gaia_stim.config import RecipeCheckConfig, said
from gaia_stim.config.options import Option, Role
from gaia_stim.errors import suggestion
from gaia_stim.events import Listener, silent
from gaia_stim.names import BUILT_IN
from gaia_stim.names import BUILT_IN_NAME as BUILT_IN_NAME
from gaia_stim.recipe.fill import Scope, Untold, Value, fill, fill_one, references
from gaia_stim.recipe.graph import Input, Job, in_order, ordered
from gaia_stim.recipe.loops import Turn, turns
from gaia_stim.recipe.paths import Folder
from gaia_stim.recipe.read import Document, Template, keys_of, read_recipe
from gaia_stim.yaml_nodes import Items, Mistakes, Node, Place, Scalar


@dataclass(frozen=True)
class Recipe:
    """Everything that a recipe asks for, in an order in which it can be done."""

    path: Path
    about: str | None
    out: str
    threads: int | None
    jobs: tuple[Job, ...]

    @property
    def folder(self) -> Path:
        """Where all its paths start."""
        return self.path.absolute().parent


def load_recipe(path: Path, overrides: Sequence[str] = (), out: Path | None = None) -> Recipe:
    """Read a recipe and write out all that it asks for; `out` is where all of it goes, else what the recipe says.

    Raises `ConfigError` with all that is wrong with it, a line each: file, line, column, what, and the way out.
    """
    mistakes = Mistakes()
    document = read_recipe(path, overrides, mistakes)
    planner = _Planner(document, mistakes, out)
    jobs = list(planner.jobs())
    recipe = Recipe(
        path,
        document.about,
        planner.out,
        document.threads,
        tuple(in_order(jobs, planner.folder, path.absolute(), mistakes)),
    )
    planner.look_for_loose_inputs()
    mistakes.stop()
    return recipe


@dataclass(frozen=True)
class CheckResult:
    """What a recipe asks for."""

    recipe: Path
    about: str | None
    out: Path
    steps: int
    verbs: dict[str, int]


def check(config: RecipeCheckConfig, listen: Listener = silent) -> CheckResult:
    """Read a recipe and write out its loops. Raises `ConfigError` with all that is wrong with it, a line each."""
    recipe = load_recipe(config.recipe, config.set_ or ())
    verbs = Counter(job.verb for job in recipe.jobs)
    return CheckResult(config.recipe, recipe.about, config.recipe.parent / recipe.out, len(recipe.jobs), dict(verbs))


class _Planner:
    """What is known of a recipe while its steps are gone through, each after those that it names."""

    def __init__(self, document: Document, mistakes: Mistakes, out: Path | None) -> None:
        self.document, self.mistakes = document, mistakes
        self.folder = Folder(document.path.absolute().parent, document.anywhere, document.outside)
        self.out = self._out(out)
        self.scope: dict[str, Value | None] = {}
        self.turns: dict[str, list[Turn]] = {}
        self.loose: list[Input] = []
        """What steps read that have a mistake, and so are no jobs."""
        for entry in document.vars:
            try:
                self.scope[entry.key] = fill(entry.value, self.scope, mistakes) or ""
            except Untold:
                self.scope[entry.key] = None

    def jobs(self) -> Iterator[Job]:
        """The jobs of all steps, in the order of the file; a step with a mistake has none."""
        found: dict[str, list[Job]] = {}
        for template in self._templates():
            name = template.name
            if name in {entry.key for entry in self.document.vars}:
                self.mistakes.add(template.at, f"'{name}' is the name of a variable, too")
            try:
                found[name] = self._jobs(template)
            except Untold:
                self.scope[name] = None
                continue
            outs = [job.out for job in found[name]]
            self.scope[name] = outs if template.is_loop else outs[0]
            self.turns[name] = [Turn({**job.row, name: job.out}, job.suffix) for job in found[name]]
        for template in self.document.templates:
            yield from found.get(template.name, ())

    def _out(self, typed: Path | None) -> str:
        if typed is not None:
            return self.folder.typed(typed)
        written = self.document.out
        if written is None or written.value is None:
            return f"out/{self.document.path.stem}"
        self._refuse(written.at, self.folder.problem(written.value, written=True))
        return written.value

    def _templates(self) -> list[Template]:
        by_name = {template.name: template for template in self.document.templates}
        needs = {name: self._names(template) & by_name.keys() for name, template in by_name.items()}
        places = {name: template.at for name, template in by_name.items()}
        return [by_name[name] for name in ordered(needs, places, self.mistakes)]

    def _names(self, template: Template) -> set[str]:
        nodes = [*template.options.values(), template.each, *(entry.value for entry in template.matrix)]
        if self._takes_default_model(template):
            nodes.append(self.document.model)
        return {name for node in nodes for name in references(node)}

    def _takes_default_model(self, template: Template) -> bool:
        models = {key for key, option in keys_of(template.step).items() if option.role is Role.MODEL}
        return bool(models) and not models & template.options.keys()

    # -- a step ------------------------------------------------------------------------------------------------------

    def _jobs(self, template: Template) -> list[Job]:
        used = self._names(template)
        found = turns(template, self.scope, self.turns, used, self.folder, self.mistakes)
        jobs = [self._job(template, turn.label, dict(turn.row)) for turn in found]
        whole = [job for job in jobs if job is not None]
        if len(whole) < len(jobs):
            raise Untold
        return whole

    def _job(self, template: Template, name: str, row: dict[str, str]) -> Job | None:
        known = keys_of(template.step)
        values, untold = self._values(template, row)
        try:
            self._complete(template, values, name)
        except Untold:
            untold.add("model")
        checks = [self._check(known[key], self._place(template, key), value) for key, value in values.items()]
        inputs = [
            Input(key, path, self._place(template, key))
            for key, value in values.items()
            if known[key].role is not Role.OUTPUT
            for path in known[key].paths(value)
        ]
        try:
            config = template.step.config.model_validate(values)
        except ValidationError as error:
            self._explain(template, error, untold)
        else:
            if all(checks) and not untold:
                at, verb, step, out = template.at, template.verb, template.step, str(values["out"])
                return Job(name, template.name, at, verb, step, config, out, tuple(inputs), row)
        self.loose += inputs
        return None

    def _values(self, template: Template, row: dict[str, str]) -> tuple[dict[str, Value], set[str]]:
        """What a step says, variables filled in; and the keys whose values cannot be told for a mistake in them."""
        known, scope = keys_of(template.step), {**self.scope, **row}
        values: dict[str, Value] = {}
        untold = set()
        for key, node in template.options.items():
            try:
                value = self._value(known[key], node, scope)
            except Untold:
                untold.add(key)
                continue
            if value is not None:
                values[key] = value
        return values, untold

    def _value(self, option: Option, node: Node, scope: Scope) -> Value | None:
        if option.is_many:
            value = fill(node, scope, self.mistakes)
            return [value] if isinstance(value, str) else value
        hint = f"; to do the step for each, write 'each: ${{{next(references(node), 'name')}}}' or use matrix"
        return fill_one(node, scope, self.mistakes, hint)

    def look_for_loose_inputs(self) -> None:
        """Tell what is not there of what steps with mistakes read, unless another step might make it."""
        written = (template.options.get("out") for template in self.document.templates)
        outs = [self.out, *(node.value for node in written if isinstance(node, Scalar) and node.value)]
        homes = [self.folder.whole(out.split("${")[0]) for out in outs]
        for one in self.loose:
            own = self.folder.whole(one.path)
            if not os.path.lexists(own) and not any(Path(own).is_relative_to(home) for home in homes):
                self._refuse(one.at, f"{one.option}: {one.path}: no such file or folder")

    def _complete(self, template: Template, values: dict[str, Value], name: str) -> None:
        """Put in what goes without saying in a recipe: where the result goes, the model, the threads."""
        values.setdefault("out", f"{self.out}/{name}{template.step.suffix}")
        if self._takes_default_model(template):
            model = self.document.model
            values["model"] = (fill_one(model, self.scope, self.mistakes) if model else None) or BUILT_IN_NAME
        if values.get("model") == BUILT_IN_NAME:
            values["model"] = str(BUILT_IN)
        if self.document.threads and "threads" in template.step.config.model_fields:
            values.setdefault("threads", str(self.document.threads))

    def _place(self, template: Template, key: str) -> Place:
        """Where the value of an option stands, else the step."""
        node = template.options.get(key)
        if node is None and key == "model":
            node = self.document.model
        return node.at if node else template.at

    def _check(self, option: Option, at: Place, value: Value) -> bool:
        """Whether a value is one that its option can have: a path that may be used, a name of its table."""
        paths = [path for path in option.paths(value) if path != str(BUILT_IN)]
        problems = [self.folder.problem(path, written=option.role is Role.OUTPUT) for path in paths]
        if option.mark.choices and isinstance(value, str) and not paths:
            problems.append(_unknown(option, value))
        for problem in problems:
            self._refuse(at, problem and f"{option.key}: {problem}")
        return not any(problems)

    def _refuse(self, at: Place, problem: str | None) -> None:
        if problem:
            self.mistakes.add(at, problem)

    def _explain(self, template: Template, error: ValidationError, untold: set[str]) -> None:
        """Tell pydantic's mistakes where the values stand, in a recipe's words; `untold` are told otherwise."""
        for mistake in error.errors():
            key, *rest = [*mistake["loc"], ""]
            if key in untold or (untold and not key):
                continue
            at = self._place(template, str(key))
            node = template.options.get(str(key))
            if isinstance(node, Items) and rest and isinstance(rest[0], int) and rest[0] < len(node.items):
                at = node.items[rest[0]].at
            if mistake["type"] == "missing":
                self.mistakes.add(template.at, f"the step '{template.name}' needs '{key}'")
            else:
                text = re.sub(r"--([a-z][a-z-]*)", lambda option: option[1].replace("-", "_"), said(mistake))
                self.mistakes.add(at, f"{key}: {text}" if key else text)


def _unknown(option: Option, value: str) -> str | None:
    """Why a name is none of those that an option can be; `gaia:alpha=0,ae` is two of them with options of one."""
    names = option.names
    unknown = next((name for spec in value.split(",") if (name := spec.split(":")[0].strip()) not in names), None)
    return unknown and f"unknown name '{unknown}'{suggestion(unknown, names)}; choose from {', '.join(names)}"
