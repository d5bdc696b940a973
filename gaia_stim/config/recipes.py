"""What recipes can be asked: running one, checking one, making one from a set, and the schema that editors read."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from gaia_stim.config.base import Config, Force
from gaia_stim.config.options import Asking, Decides, Input, Output, Watching

RecipePath = Annotated[Path, Input("The recipe.", "RECIPE.yaml", positional=True)]
Overrides = Annotated[
    tuple[str, ...] | None,
    Field(alias="set"),
    Decides(
        "Another value for a variable or for an option of a step: --set train.images_seen=2k; may be repeated.",
        "KEY=VALUE",
    ),
]


class RecipeRunConfig(Config):
    """Do the steps of a recipe that are not done yet; the same command goes on where it was stopped."""

    is_shared = True

    recipe: RecipePath
    out: Annotated[
        Path | None,
        Output("The folder of what is made. [default: as the recipe says, else out/RECIPE beside it]", "DIR"),
    ] = None
    dry_run: Annotated[bool, Asking("Say what would be done and why, and do nothing.")] = False
    only: Annotated[str | None, Asking("Only this step; what it needs must be done.", "STEP")] = None
    from_: Annotated[
        str | None,
        Field(alias="from"),
        Asking("Only this step and those that need it; what they need must be done.", "STEP"),
    ] = None
    set_: Overrides = None
    force: Annotated[bool, Asking("Do the steps again, done or not, and replace what they made.")] = False


class RecipeCheckConfig(Config):
    """Say all that is wrong with a recipe, each with its line and column, and do nothing."""

    recipe: RecipePath
    set_: Overrides = None


class RecipeSchemaConfig(Config):
    """Print the JSON Schema of recipes: with it an editor completes keys, explains them and marks mistakes."""


class RecipeFromConfig(Config):
    """Write a recipe that makes a stimulus set again, from the set's provenance."""

    target: Annotated[Path, Input("A stimulus set, or the provenance.json of one.", "SET", positional=True)]
    out: Annotated[
        Path | None, Output("The recipe. [default: SET_recipe.yaml, where the paths in the provenance start]", "FILE")
    ] = None
    images: Annotated[
        Path | None, Watching("Where to look for source images that are no longer where they were.", "DIR")
    ] = None
    force: Force = False
