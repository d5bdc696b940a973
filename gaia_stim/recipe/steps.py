"""Every verb that makes something, as a step of a recipe: one row each.

All else is in the verb's config: an option that is a path is an input, `out` is the output.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

from pydantic.fields import FieldInfo

from gaia_stim import config
from gaia_stim.config import Cli, Config, ModelPath


@dataclass(frozen=True)
class Step:
    """What a verb is to a recipe."""

    config: type[Config]
    call: str
    """The pipeline function, as "module:function"."""
    suffix: str = ""
    """Of the file that it makes; a folder has none."""
    lasting: bool = False
    """Whether it takes hours: another version of gaia-stim is no reason to do it again."""


STEPS: dict[str, Step] = {
    "samples": Step(config.SamplesConfig, "gaia_stim.pipeline.samples:samples"),
    "align": Step(config.AlignConfig, "gaia_stim.pipeline.align:align"),
    "train": Step(config.TrainConfig, "gaia_stim.pipeline.train:train", lasting=True),
    "encode": Step(config.EncodeConfig, "gaia_stim.pipeline.codes:encode", ".csv"),
    "decode": Step(config.DecodeConfig, "gaia_stim.pipeline.codes:decode"),
    "morph": Step(config.MorphConfig, "gaia_stim.pipeline.morphs:morph"),
    "interpolate": Step(config.InterpolateConfig, "gaia_stim.pipeline.morphs:interpolate"),
    "morph-grid": Step(config.MorphGridConfig, "gaia_stim.pipeline.grids:morph_grid"),
    "average": Step(config.AverageConfig, "gaia_stim.pipeline.exemplars:average_images"),
    "caricature": Step(config.CaricatureConfig, "gaia_stim.pipeline.exemplars:caricature"),
    "sample": Step(config.SampleConfig, "gaia_stim.pipeline.exemplars:sample"),
    "attributes fit": Step(config.AttributesFitConfig, "gaia_stim.pipeline.attributes_fit:fit"),
    "attributes apply": Step(config.AttributesApplyConfig, "gaia_stim.pipeline.attributes_apply:apply"),
    "attributes show": Step(config.AttributesShowConfig, "gaia_stim.pipeline.attributes_show:show"),
    "attributes audit": Step(config.AttributesAuditConfig, "gaia_stim.pipeline.attributes_audit:audit"),
    "match": Step(config.MatchConfig, "gaia_stim.pipeline.match:match"),
    "remake": Step(config.RemakeConfig, "gaia_stim.pipeline.remake:remake"),
    "design": Step(config.DesignConfig, "gaia_stim.pipeline.designs:design"),
    "export": Step(config.ExportConfig, "gaia_stim.pipeline.export:export"),
    "scale": Step(config.ScaleConfig, "gaia_stim.pipeline.scale:scale", ".csv"),
    "audit": Step(config.AuditConfig, "gaia_stim.pipeline.audit:audit"),
    "evaluate": Step(config.EvaluateConfig, "gaia_stim.pipeline.evaluate:evaluate", ".json"),
    "compare": Step(config.CompareConfig, "gaia_stim.pipeline.compare:compare", lasting=True),
    "benchmark lines": Step(config.BenchmarkLinesConfig, "gaia_stim.pipeline.benchmarks:benchmark_lines", lasting=True),
    "benchmark midpoints": Step(config.BenchmarkMidpointsConfig, "gaia_stim.pipeline.midpoints:benchmark_midpoints"),
    "benchmark structure": Step(
        config.BenchmarkStructureConfig, "gaia_stim.pipeline.benchmarks:benchmark_structure", lasting=True
    ),
    "report": Step(config.ReportConfig, "gaia_stim.pipeline.report:report", ".html"),
}

RUNNERS = frozenset({"force", "dry_run", "config"})
"""Fields of configs that belong to the one who runs a recipe, not to its steps."""


@dataclass(frozen=True)
class Option:
    """One option of a step."""

    key: str
    """Its name in a recipe."""
    field: str
    info: FieldInfo

    @property
    def kind(self) -> Any:
        """Its type, without the None that only says "not given"."""
        kinds = [kind for kind in get_args(self.info.annotation) if kind is not NoneType]
        return kinds[0] if NoneType in get_args(self.info.annotation) else self.info.annotation

    @property
    def is_many(self) -> bool:
        return get_origin(self.kind) is tuple

    @property
    def is_path(self) -> bool:
        return self.kind is Path or (self.is_many and get_args(self.kind)[0] is Path)

    @property
    def cli(self) -> Cli:
        return next((mark for mark in self.info.metadata if isinstance(mark, Cli)), Cli())

    def paths(self, value: Any) -> Iterator[str]:
        """The files that a value of this option names: a name or a file, as of a spacing, is one if it ends so."""
        values = [] if value is None else value if isinstance(value, list | tuple) else [value]
        if self.is_path:
            yield from map(str, values)
        elif self.kind is str and "FILE" in (self.cli.metavar or ""):
            yield from (text for text in values if text.lower().endswith(".csv"))


@cache
def options(kind: type[Config]) -> Mapping[str, Option]:
    """What a step of that config can be asked, by its key in a recipe; what several verbs have in common comes last."""
    fields = sorted(kind.model_fields.items(), key=lambda item: item[0] not in kind.__annotations__)
    found = (Option(info.alias or field, field, info) for field, info in fields)
    return {option.key: option for option in found if option.field not in RUNNERS}


def takes_model(kind: type[Config]) -> bool:
    """Whether a step works with a model that has to be chosen; not with the one that a provenance names."""
    return bool(get_type_hints(kind, include_extras=True).get("model") == ModelPath)


def names_in(table: str) -> Iterable[str]:
    """The names in a table that is named as "module:TABLE", which imports nothing that is in it."""
    module, name = table.split(":")
    found: Iterable[str] = getattr(import_module(module), name)
    return found
