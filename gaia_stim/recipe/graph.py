"""Which job needs which: the one that writes what it reads; and an order in which they can be done."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from gaia_stim.config import Config
from gaia_stim.config.verbs import Verb
from gaia_stim.recipe.paths import Folder
from gaia_stim.yaml_nodes import Mistakes, Place


@dataclass(frozen=True)
class Input:
    """A file or folder that a job reads."""

    option: str
    path: str
    at: Place
    """Where the recipe says so."""


@dataclass(frozen=True)
class Job:
    """One thing to do: a step with its options, what it reads, and what it writes."""

    id: str
    template: str
    """The name of the step that it is of."""
    at: Place
    verb: str
    step: Verb
    config: Config
    out: str
    """Relative to the recipe's folder, like all paths here."""
    inputs: tuple[Input, ...]
    row: Mapping[str, str] = field(default_factory=dict)
    """The variables of its loops."""
    needs: tuple[str, ...] = ()
    """The jobs that write what it reads."""

    @property
    def suffix(self) -> str:
        """What its loops added to the name of its step."""
        return self.id[len(self.template) :]


def in_order(jobs: Sequence[Job], folder: Folder, recipe: Path, mistakes: Mistakes) -> list[Job]:
    """The jobs with what they need, each after that; as in the file where the order is free.

    What is read must be there or be written by another; no two may write the same; none may read what it writes.
    """
    places = _Places(jobs, folder)
    for job in jobs:
        if clash := places.clash(job, recipe):
            mistakes.add(job.at, clash)
    found: dict[str, Job] = {}
    for job in jobs:
        if job.id in found:
            mistakes.add(job.at, f"a turn of its loop and another step are both called '{job.id}'")
        needs: dict[str, None] = {}
        for one in job.inputs:
            makers = places.makers(one.path)
            needs.update(dict.fromkeys(makers))
            if job.id in makers:
                mistakes.add(one.at, f"{one.option}: {one.path}: is what the step itself writes")
            elif not makers and not os.path.lexists(folder.path / one.path):
                mistakes.add(one.at, f"{one.option}: {one.path}: no such file or folder")
        found[job.id] = replace(job, needs=tuple(name for name in needs if name != job.id))
    order = ordered({name: job.needs for name, job in found.items()}, {job.id: job.at for job in jobs}, mistakes)
    return [found[name] for name in order]


class _Places:
    """Who writes where. Names are compared as on a file system that does not tell large letters from small ones."""

    def __init__(self, jobs: Sequence[Job], folder: Folder) -> None:
        self.folder = folder
        self.writers: dict[str, str] = {}
        self.below: dict[str, list[str]] = {}
        for job in jobs:
            own = self._key(job.out)
            self.writers.setdefault(own, job.id)
            for parent in _parents(own):
                self.below.setdefault(parent, []).append(job.id)

    def _key(self, path: str) -> str:
        return self.folder.whole(path).casefold()

    def clash(self, job: Job, recipe: Path) -> str | None:
        own = self._key(job.out)
        if own == self._key(str(recipe)) or own in _parents(self._key(str(recipe))):
            return f"'{job.id}' would write over the recipe itself"
        if (other := self.writers[own]) != job.id:
            return f"'{job.id}' and '{other}' both write {job.out}"
        outer = next((self.writers[parent] for parent in _parents(own) if parent in self.writers), None)
        return f"'{job.id}' would write into what '{outer}' writes, {job.out}" if outer else None

    def makers(self, path: str) -> list[str]:
        """The jobs that write this path, something that it is in, or something in it."""
        own = self._key(path)
        return [self.writers[one] for one in (own, *_parents(own)) if one in self.writers] + self.below.get(own, [])


def _parents(path: str) -> list[str]:
    return [str(parent) for parent in Path(path).parents]


def ordered(needs: Mapping[str, Iterable[str]], at: Mapping[str, Place], mistakes: Mistakes) -> list[str]:
    """The names, each after those that it needs: what can be done at once stands as in `needs`.

    Where some wait for each other that is told, and there is no order.
    """
    waiting = TopologicalSorter(needs)
    try:
        waiting.prepare()
    except CycleError as error:
        circle: list[str] = error.args[1]
        mistakes.add(at[circle[0]], f"steps wait for each other: {' → '.join(reversed(circle))}")
        return []
    place = {name: number for number, name in enumerate(needs)}
    found: list[str] = []
    while ready := waiting.get_ready():
        found += sorted(ready, key=place.__getitem__)
        waiting.done(*ready)
    return found
