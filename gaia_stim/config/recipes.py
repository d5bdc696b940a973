"""What recipes can be asked: running one, checking one, making one from a set, and the schema that editors read."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from gaia_stim.config.base import Config, Force
from gaia_stim.config.options import Asking, Cli, Input, Output, Watching

RecipePath = Annotated[Path, Field(description="The recipe."), Input("RECIPE.yaml", positional=True)]
Overrides = Annotated[
    tuple[str, ...] | None,
    Field(
        alias="set",
        description="Another value for a variable or for an option of a step: --set train.images_seen=2k; may be "
        "repeated.",
    ),
    Cli("KEY=VALUE"),
]


class RecipeRunConfig(Config):
    """Do the steps of a recipe that are not done yet; the same command goes on where it was stopped."""

    is_shared = True

    recipe: RecipePath
    out: Annotated[
        Path | None,
        Field(description="The folder of what is made. [default: as the recipe says, else out/RECIPE beside it]"),
        Output("DIR"),
    ] = None
    dry_run: Annotated[bool, Field(description="Say what would be done and why, and do nothing."), Asking()] = False
    only: Annotated[str | None, Field(description="Only this step; what it needs must be done."), Asking("STEP")] = None
    from_: Annotated[
        str | None,
        Field(alias="from", description="Only this step and those that need it; what they need must be done."),
        Asking("STEP"),
    ] = None
    set_: Overrides = None
    force: Annotated[
        bool, Field(description="Do the steps again, done or not, and replace what they made."), Asking()
    ] = False


class RecipeCheckConfig(Config):
    """Say all that is wrong with a recipe, each with its line and column, and do nothing."""

    recipe: RecipePath
    set_: Overrides = None


class RecipeSchemaConfig(Config):
    """Print the JSON Schema of recipes: with it an editor completes keys, explains them and marks mistakes."""


class RecipeFromConfig(Config):
    """Write a recipe that makes a stimulus set again, from the set's provenance."""

    target: Annotated[
        Path, Field(description="A stimulus set, or the provenance.json of one."), Input("SET", positional=True)
    ]
    out: Annotated[
        Path | None,
        Field(description="The recipe. [default: SET_recipe.yaml, where the paths in the provenance start]"),
        Output("FILE"),
    ] = None
    images: Annotated[
        Path | None,
        Field(description="Where to look for source images that are no longer where they were."),
        Watching("DIR"),
    ] = None
    force: Force = False
