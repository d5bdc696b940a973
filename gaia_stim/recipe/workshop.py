"""Doing one job of a recipe: in the recipe's folder, by the verb that anyone could ask, over what a crash left."""

from collections.abc import Callable, Iterator
from contextlib import chdir, contextmanager
from pathlib import Path

from gaia_stim.errors import OutputInTheWay
from gaia_stim.events import Listener
from gaia_stim.files import STAGING_MARK, clear_leftovers
from gaia_stim.recipe.graph import Job
from gaia_stim.recipe.plan import Recipe
from gaia_stim.recipe.state import Reason

STEM_KEPT = 48
"""Characters of a name that are surely in the temporary name of its file."""

Make = Callable[[Job, Reason, bool, Listener], None]
"""Do a job: why, and whether what is in its place is the recipe's own and may be replaced."""


@contextmanager
def workshop(recipe: Recipe) -> Iterator[Make]:
    """Where jobs are done: in the recipe's folder, each model read once, each job with the same number of threads."""
    import torch

    from gaia_stim.space.opening import spaces_kept

    before = torch.get_num_threads()

    def make(job: Job, due: Reason, is_own: bool, listen: Listener) -> None:
        # Training sets the threads of the process, and the next job's bytes must not depend on that.
        torch.set_num_threads(recipe.threads or before)
        Path(job.out).parent.mkdir(parents=True, exist_ok=True)
        _make(job, due, is_own, listen)

    with chdir(recipe.folder), spaces_kept():
        try:
            yield make
        finally:
            torch.set_num_threads(before)


def _make(job: Job, due: Reason, is_own: bool, listen: Listener) -> None:
    """Ask the verb as anyone would, so that it goes on where it was stopped; to replace something only of our own."""
    function = job.step.function()
    takes_force = "force" in type(job.config).model_fields
    forced = job.config.model_copy(update={"force": True}) if takes_force else job.config
    if due.anew:
        function(forced, listen)
        return
    try:
        function(job.config, listen)
    except OutputInTheWay:
        if not (is_own and takes_force):
            raise
        function(forced, listen)


def sweep(out: Path) -> None:
    """Remove what a crash left of writing `out`, beside it and in it.

    Files beside it, because `SET.gif` belongs to `SET`; a temporary name keeps the end of the name that it is for.
    Folders clear themselves where they are written, but one that replaced another may be all done, save for the other.
    """
    if out.parent.is_dir():
        clear_leftovers(out)
    beside = (path for path in out.parent.glob(f"{STAGING_MARK}*") if out.stem[-STEM_KEPT:] in path.name)
    inside = out.rglob(f"{STAGING_MARK}*") if out.is_dir() else ()
    for path in (*beside, *inside):
        if path.is_file():
            path.unlink(missing_ok=True)
