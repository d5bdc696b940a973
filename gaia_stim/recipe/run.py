"""Doing what a recipe asks for and is not done yet.

Outputs come first and their record last, so whatever stops the run, the same command goes on: a job without a record is
asked for again, and its verb goes on, finds all done, or makes it anew. A job that fails leaves the others alone that
do not need it.

Processes that were started together take the jobs in turn, and hear of each other before a job that needs another's. A
training, or codes of many images, they make together.
"""

import json
import time
from collections import Counter
from contextlib import ExitStack, nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import gaia_stim
from gaia_stim.config import RecipeRunConfig
from gaia_stim.errors import (
    Cancelled,
    ConfigError,
    DataError,
    GaiaStimError,
    InterruptedRun,
    OutputInTheWay,
    suggestion,
)
from gaia_stim.events import Event, Listener, Note, Progress, silent
from gaia_stim.files import hash_file, read_json, write_json
from gaia_stim.recipe.contents import Contents
from gaia_stim.recipe.graph import Job
from gaia_stim.recipe.plan import Recipe, load_recipe
from gaia_stim.recipe.records import SUMMARY, Records, now
from gaia_stim.recipe.state import Reason, Wanted, reason
from gaia_stim.recipe.workshop import Make, sweep, workshop
from gaia_stim.training.distributed import alone, here

DONE, SKIPPED, FAILED, LEFT_OUT = "done", "skipped", "failed", "left out"
DUE, PERHAPS = "to do", "perhaps"
BREATH = 2.0
"""Seconds after which a job tells how far it is; before, the bar of all jobs is enough."""


@dataclass(frozen=True)
class StepLine:
    """What became of a step, or would."""

    step: str
    do: str
    result: str
    seconds: float | None
    why: str


@dataclass(frozen=True)
class RunResult:
    """What was done of a recipe, step by step."""

    out: Path
    record: Path
    seconds: float
    results: dict[str, int]
    steps: list[StepLine]


class StepsFailed(GaiaStimError):
    """Some steps of a recipe failed; the exit code is that of the first."""

    result: RunResult

    def __init__(self, text: str, exit_code: int, result: RunResult) -> None:
        super().__init__(text)
        self.exit_code, self.result = exit_code, result


def run(config: RecipeRunConfig, listen: Listener = silent) -> RunResult:
    """Do the steps of a recipe that are not done.

    Raises `ConfigError` with all that is wrong with the recipe, where a step that is needed is not done and not asked
    for, or where another run of it is at work; `StepsFailed` once all that could be done is done; `InterruptedRun`
    where it was stopped.
    """
    recipe = load_recipe(config.recipe, config.set_ or (), config.out)
    records = Records(recipe.folder / recipe.out)
    runner = _Runner(recipe, config, records, Contents(recipe.folder, records.hashes), listen)
    if config.dry_run:
        return runner.plan()
    summary = records.out / SUMMARY
    if summary.exists() and not _is_summary(summary):
        raise OutputInTheWay(
            f"{summary}: a file of your own, where the recipe's summary goes; move it away, or give --out"
        )
    with records.locked() if runner.devices.leads else nullcontext():
        runner.devices.wait()
        return runner.run()


class _Runner:
    def __init__(
        self, recipe: Recipe, config: RecipeRunConfig, records: Records, contents: Contents, listen: Listener
    ) -> None:
        self.recipe, self.config, self.records, self.contents = recipe, config, records, contents
        self.devices = here()
        self.listen = listen if self.devices.leads else _only_warnings(listen)
        self.jobs = _chosen(recipe, config)
        self.lines: dict[str, StepLine] = {}
        self.codes: dict[str, int] = {}
        """The exit code that each job that failed asks for."""
        self.bugs: list[Exception] = []
        self.unheard: dict[str, Job] = {}
        """Jobs of which only the process that did them knows how they ended."""
        self.started = time.monotonic()

    # -- looking -----------------------------------------------------------------------------------------------------

    def plan(self) -> RunResult:
        """What would be done and why, as far as that can be told before it is done."""
        for job in self.jobs:
            wanted, due = self._look(job)
            changing = [name for name in job.needs if name in self.lines and self.lines[name].result != SKIPPED]
            record = self.records.get(job.id)
            if changing and record is not None and not self.config.force:
                # What it reads will be made: only its own options can be compared now.
                due = reason(job, replace(wanted, inputs=record.inputs), self.records, self.contents)
                if due is None:
                    self._tell(job, PERHAPS, f"if {', '.join(changing)} becomes another one")
                    continue
            self._tell(job, DUE if due else SKIPPED, due.text if due else "done before")
        return self._result()

    def _look(self, job: Job) -> tuple[Wanted, Reason | None]:
        wanted = Wanted.of(job, self.recipe, self.contents)
        if self.config.force:
            return wanted, Reason("--force", anew=True)
        return wanted, reason(job, wanted, self.records, self.contents)

    def _check_needs(self) -> None:
        """What was not asked for and is needed must be done. Raises `ConfigError`."""
        asked = {job.id for job in self.jobs}
        needed = {name for job in self.jobs for name in job.needs} - asked
        for job in self.recipe.jobs:
            if job.id not in needed:
                continue
            wanted = Wanted.of(job, self.recipe, self.contents)
            if due := reason(job, wanted, self.records, self.contents):
                option = "--only" if self.config.only else "--from"
                raise ConfigError(f"{option}: '{job.id}' is needed and not done ({due.text}); leave {option} out")

    # -- doing -------------------------------------------------------------------------------------------------------

    def run(self) -> RunResult:
        """Do what is due, one job after the other; of several processes, each takes its turn."""
        self._check_needs()
        at = ""
        try:
            with ExitStack() as stack:
                make: Make | None = None
                for place, job in enumerate(self.jobs):
                    self.listen(Progress("steps", place, len(self.jobs)))
                    at = job.id
                    if not self.unheard.keys().isdisjoint(job.needs):
                        self._hear()
                    self.unheard[job.id] = job
                    if not (job.config.is_shared or self.devices.takes(place)):
                        continue
                    if (due := self._due(job)) is not None:
                        make = make or stack.enter_context(workshop(self.recipe))
                        self._do(job, *due, make)
                self._hear()
                self.listen(Progress("steps", len(self.jobs), len(self.jobs)))
        except (KeyboardInterrupt, InterruptedRun) as error:
            kind = type(error) if isinstance(error, InterruptedRun) else Cancelled
            ready = sum(line.result in (DONE, SKIPPED) for line in self.lines.values())
            told = f"stopped in '{at}' with {ready} of {len(self.jobs)} steps done; the same command goes on"
            why = f"\n{error}" if str(error) else ""
            raise kind(f"{self.config.recipe}: {told}{why}") from error
        finally:
            if self.devices.leads:
                self.contents.save()
                self._summarize()
        result = self._result()
        if self.bugs:
            raise self.bugs[0]
        if self.codes:
            first = next(job.id for job in self.jobs if job.id in self.codes)
            raise StepsFailed(self._failures(), self.codes[first], result)
        return result

    def _hear(self) -> None:
        """Tell the other processes how jobs ended, and hear it from them."""
        own = {name: [asdict(self.lines[name]), self.codes.get(name)] for name in self.unheard if name in self.lines}
        for said in self._exchanged(own):
            for name, (line, code) in said.items():
                if name not in own:
                    self.lines[name] = StepLine(**line)
                    self.codes |= {} if code is None else {name: code}
                    self.contents.forget(self.unheard[name].out)
        self.unheard.clear()

    def _exchanged(self, own: Any) -> list[Any]:
        """What each process has to say, once all are here: one may have a job that takes days."""
        self.devices.wait()
        return [json.loads(said) for said in self.devices.gather(json.dumps(own).encode())]

    def _due(self, job: Job) -> tuple[Wanted, Reason, bool] | None:
        """What a job is to be, why, and whether what is there is our own, if it has to be done and can be."""
        missing = [name for name in job.needs if name in self.lines and self.lines[name].result in (FAILED, LEFT_OUT)]
        if missing:
            self._tell(job, LEFT_OUT, f"needs {', '.join(missing)}")
            return None
        wanted, due = self._look(job)
        is_own = self.records.was_begun(job.id)
        if job.config.is_shared:
            # Together they do what the leader finds due.
            found, is_own = self._exchanged([due and asdict(due), is_own])[0]
            due = found and Reason(**found)
        if due is None:
            self._tell(job, SKIPPED, "done before")
            return None
        return wanted, due, is_own

    def _do(self, job: Job, wanted: Wanted, due: Reason, is_own: bool, make: Make) -> None:
        writes = self.devices.leads or not job.config.is_shared
        if writes:
            if is_own:
                sweep(self.recipe.folder / job.out)
            self.records.begin(job.id)
        begun = time.monotonic()
        try:
            with nullcontext() if job.config.is_shared else alone():
                make(job, due, is_own, _Told(job.id, self.listen))
        except InterruptedRun:
            raise
        except Exception as error:
            # A bug of ours in one step is told in the end, with all it takes to find it; the others are done before.
            self.bugs += [] if isinstance(error, GaiaStimError | OSError | MemoryError) else [error]
            failure = error if isinstance(error, GaiaStimError) else DataError(_words(error))
            self.codes[job.id] = failure.exit_code
            self.listen(Note(f"{job.id}: {failure}", warning=True))
            self._tell(job, FAILED, str(failure), time.monotonic() - begun)
            return
        finally:
            self.contents.forget(job.out)
        seconds = time.monotonic() - begun
        if writes:
            self.records.put(job.id, wanted.record(job, self.contents, seconds))
        self._tell(job, DONE, due.text, seconds)

    # -- telling -----------------------------------------------------------------------------------------------------

    def _tell(self, job: Job, result: str, why: str = "", seconds: float | None = None) -> None:
        self.lines[job.id] = StepLine(job.id, job.verb, result, None if seconds is None else round(seconds, 2), why)

    def _lines(self) -> list[StepLine]:
        return [self.lines[job.id] for job in self.jobs if job.id in self.lines]

    def _result(self) -> RunResult:
        lines = self._lines()
        counted = dict(Counter(line.result for line in lines))
        # As the user would write it, from where they are.
        out = self.config.out or self.config.recipe.parent / self.recipe.out
        return RunResult(out, out / SUMMARY, round(time.monotonic() - self.started, 2), counted, lines)

    def _failures(self) -> str:
        failed = [line for line in self._lines() if line.result == FAILED]
        left_out = sum(line.result == LEFT_OUT for line in self._lines())
        head = f"{len(failed)} of {len(self.jobs)} steps failed"
        tail = f"; {left_out} that need them were left out" if left_out else ""
        return "\n".join([f"{head}{tail}", *(f"{line.step}: {line.why}" for line in failed)])

    def _summarize(self) -> None:
        """Write `run.json`, if anything has happened."""
        if all(line.result == SKIPPED for line in self.lines.values()) and (self.records.out / SUMMARY).exists():
            return
        steps = []
        for job in self.recipe.jobs:
            record, line = self.records.get(job.id), self.lines.get(job.id)
            told = {"result": line.result, "why": line.why} if line else {}
            steps.append(
                {
                    "step": job.id,
                    "do": job.verb,
                    **told,
                    **(record.model_dump(mode="json", exclude={"files"}) if record else {}),
                }
            )
        summary = {
            "gaia_stim": gaia_stim.__version__,
            "recipe": self.config.recipe.name,
            "recipe_hash": hash_file(self.config.recipe),
            "about": self.recipe.about,
            "set": list(self.config.set_ or ()),
            "finished": now(),
            "seconds": round(time.monotonic() - self.started, 2),
            "build": _build() if any(line.result == DONE for line in self.lines.values()) else None,
            "steps": steps,
        }
        write_json(self.records.out / SUMMARY, summary)


def _is_summary(path: Path) -> bool:
    try:
        found = read_json(path)
    except (OSError, DataError):
        return False
    return isinstance(found, dict) and {"gaia_stim", "recipe", "steps"} <= found.keys()


def _chosen(recipe: Recipe, config: RecipeRunConfig) -> list[Job]:
    """The jobs that --only and --from leave. Raises `ConfigError` for a step that is not there."""
    chosen = {job.id for job in recipe.jobs}
    for option, name in (("--only", config.only), ("--from", config.from_)):
        if name is None:
            continue
        named = {job.id for job in recipe.jobs if name in (job.template, job.id)}
        if not named:
            valid = dict.fromkeys(name for job in recipe.jobs for name in (job.template, job.id))
            raise ConfigError(f"{option} {name}: no such step in {config.recipe}{suggestion(name, valid)}")
        if option == "--from":
            for job in recipe.jobs:
                named |= {job.id} if named & set(job.needs) else set()
        chosen &= named
    return [job for job in recipe.jobs if job.id in chosen]


def _build() -> dict[str, Any]:
    from gaia_stim.devices import build

    return build()


def _words(error: Exception) -> str:
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{(error.strerror or str(error)).lower()}"
    return "not enough memory" if isinstance(error, MemoryError) else f"a bug ({type(error).__name__}: {error})"


def _only_warnings(listen: Listener) -> Listener:
    """What a process that does not lead has to say: nobody else knows it."""
    return lambda event: listen(event) if isinstance(event, Note) and event.warning else None


class _Told:
    """A job's events among those of all jobs: its warnings under its name, its progress where it takes long."""

    def __init__(self, job: str, listen: Listener) -> None:
        self._job, self._listen, self._begun = job, listen, time.monotonic()

    def __call__(self, event: Event) -> None:
        if isinstance(event, Note):
            if event.warning:
                self._listen(replace(event, text=f"{self._job}: {event.text}"))
        elif time.monotonic() - self._begun > BREATH:
            self._listen(replace(event, task=f"{self._job}: {event.task}"))
