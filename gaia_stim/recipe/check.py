"""Looking at a recipe without doing anything."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from gaia_stim.config import RecipeCheckConfig
from gaia_stim.events import Listener, silent
from gaia_stim.recipe.plan import load_recipe


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
