"""A recipe's steps are the commands: all of them that make something, with their names, types and defaults."""

import json
from pathlib import Path
from typing import Any

import pytest

from gaia_stim.config import RecipeSchemaConfig, Role
from gaia_stim.config.options import options
from gaia_stim.config.verbs import STEPS, VERBS
from gaia_stim.recipe.read import StepKeys, keys_of
from gaia_stim.recipe.reference import reference
from gaia_stim.recipe.schema import print_schema, schema

SPEEDS = {"benchmark step", "benchmark load", "benchmark encode", "benchmark render"}
NO_STEPS = {
    "demo",
    "doctor",
    "info",
    "cite",
    "figure",
    "explore",
    "serve",
    "chain",
    "run",
    "recipe check",
    "recipe schema",
    "recipe from",
    *SPEEDS,
}
"""What only looks, or measures the machine, what is a recipe of its own, and what deals with recipes."""


def test_every_verb_that_makes_something_is_a_step() -> None:
    assert STEPS.keys() == VERBS.keys() - NO_STEPS


@pytest.mark.parametrize("verb", STEPS)
def test_names_types_and_defaults_are_those_of_the_command(verb: str) -> None:
    kind = STEPS[verb].config
    said = schema()["$defs"][verb]
    made = kind.model_json_schema(by_alias=True)
    expected = {
        info.alias or name for name, info in kind.model_fields.items() if name not in ("force", "dry_run", "config")
    }
    assert said["properties"].keys() - StepKeys.model_fields.keys() == expected
    assert set(said["required"]) == set(made.get("required", ())) and not said["additionalProperties"]
    for name in expected - {"out"} - ({"model"} if STEPS[verb].takes_model else set()):
        command, step = made["properties"][name], said["properties"][name]
        assert step["description"] == command["description"]
        assert step.get("default") == command.get("default")
        kinds = command.get("anyOf") or [
            {k: v for k, v in command.items() if k not in ("title", "description", "default")}
        ]
        assert all(one in step["anyOf"] for one in kinds)


@pytest.mark.parametrize("verb", STEPS)
def test_no_option_is_called_like_a_key_of_every_step(verb: str) -> None:
    assert not keys_of(STEPS[verb]).keys() & StepKeys.model_fields.keys()


@pytest.mark.parametrize("verb", STEPS)
def test_a_step_has_one_output(verb: str) -> None:
    assert options(STEPS[verb].config)["out"].role is Role.OUTPUT


def test_the_schema_is_json_and_names_every_verb() -> None:
    found = print_schema(RecipeSchemaConfig())
    assert json.loads(json.dumps(found)) == found
    steps = found["properties"]["steps"]
    assert [one["if"]["properties"]["do"]["const"] for one in steps["additionalProperties"]["allOf"]] == [*STEPS]
    assert found["required"] == ["steps"] and not found["additionalProperties"]

    def references(value: Any) -> list[str]:
        if isinstance(value, dict):
            own = [value["$ref"]] if "$ref" in value else []
            return own + [name for one in value.values() for name in references(one)]
        return [name for one in value for name in references(one)] if isinstance(value, list) else []

    assert {name.removeprefix("#/$defs/") for name in references(found)} == set(STEPS)


def test_the_reference_is_up_to_date() -> None:
    page = Path(__file__).parents[2] / "docs" / "recipes.md"
    said = page.read_text(encoding="utf-8")
    assert said == reference(page.parent), "run: python -m gaia_stim.recipe.reference docs/recipes.md"
