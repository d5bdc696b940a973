"""The JSON Schema of recipes, from the models of the commands: names, types, ranges, defaults and meanings."""

from typing import Any

from gaia_stim.config import RecipeSchemaConfig
from gaia_stim.config.options import Option
from gaia_stim.config.verbs import STEPS, Verb
from gaia_stim.events import Listener, silent
from gaia_stim.recipe.read import NAME, RecipeKeys, StepKeys, keys_of

DIALECT = "https://json-schema.org/draft/2020-12/schema"
VARIABLE = {"type": "string", "pattern": r"\$\{.+\}"}
"""Any value can be, or have in it, the name of a variable or a step."""
COUNT = {"type": "string", "pattern": r"^\s*\d+(\.\d+)?\s*[kKmM]?\s*$"}
"""A number such as 400k."""

OUT = "Where the result goes."
MODEL = "The model: a run folder, the training step that makes it, or builtin. [default: the recipe's model]"
"""What goes without saying is another in a recipe than on the command line: see `recipe.plan`."""


def print_schema(config: RecipeSchemaConfig, listen: Listener = silent) -> dict[str, Any]:
    """The schema, for the command that prints it."""
    return schema()


def schema() -> dict[str, Any]:
    """The JSON Schema of recipes (draft 2020-12)."""
    top = RecipeKeys.model_json_schema()
    # A step that names no verb is called by it.
    named = {verb: {"$ref": f"#/$defs/{verb}"} for verb in STEPS}
    chosen = [
        {
            "if": {"required": ["do"], "properties": {"do": {"const": verb}}},
            "then": {"$ref": f"#/$defs/{verb}"},
        }
        for verb in STEPS
    ]
    top["properties"]["steps"] |= {
        "minProperties": 1,
        "propertyNames": {"pattern": f"^{NAME.pattern}$"},
        "additionalProperties": {"type": ["object", "null"], "properties": {"do": {"enum": [*STEPS]}}, "allOf": chosen},
        "properties": {
            verb: {"if": {"not": {"required": ["do"]}}, "then": reference, "else": {"allOf": chosen}}
            for verb, reference in named.items()
        },
    }
    return {
        "$schema": DIALECT,
        "title": "A recipe of gaia-stim",
        **{key: value for key, value in top.items() if key not in ("title", "description", "$defs")},
        "additionalProperties": False,
        "$defs": {verb: step_schema(verb, step) for verb, step in STEPS.items()},
    }


def step_schema(verb: str, step: Verb) -> dict[str, Any]:
    """What a step of that verb can say."""
    made = step.config.model_json_schema(by_alias=True)
    own = StepKeys.model_json_schema()["properties"]
    known = keys_of(step)
    properties = {key: _value(option, made["properties"][key]) for key, option in known.items()}
    properties["out"] = {"type": "string", "description": f"{OUT} [default: out/RECIPE/STEP{step.suffix}]"}
    if step.takes_model:
        properties["model"] = {"type": "string", "description": MODEL}
    return {
        "type": ["object", "null"],
        "description": made.get("description", ""),
        "properties": {**own, "do": {**own["do"], "const": verb}, **properties},
        "required": [key for key in made.get("required", ()) if key in known],
        "additionalProperties": False,
    }


def _value(option: Option, found: dict[str, Any]) -> dict[str, Any]:
    """The type of an option as pydantic says it, or a variable in its place."""
    about: dict[str, Any] = {key: found[key] for key in ("description", "default") if key in found}
    if option.mark.choices:
        about["examples"] = list(option.names)
    kinds = found.get("anyOf") or [{key: value for key, value in found.items() if key not in ("title", *about)}]
    one = [{"type": "string"}] if option.is_many else []
    return {**about, "anyOf": [*kinds, *([COUNT] if option.is_count else []), *one, VARIABLE]}
