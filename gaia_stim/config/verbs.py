"""Every verb is one row of this table; the command line, recipes, pages and requests read it.

The functions are named as text and imported when they are called, so that help never waits for torch.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from gaia_stim.config import attributes, benchmarks, designs, explorer, exports, looks, recipes, spaces, stimuli
from gaia_stim.config.base import Config
from gaia_stim.config.options import Role, options

START, SPACE, STIMULI, EXPERIMENT, LOOK = "Start", "Make a space", "Make stimuli", "Into the experiment", "Look"
STUDY = "A whole study"
SET, FOLDER = "set", "folder"


@dataclass(frozen=True)
class Verb:
    """One verb: its options, the function behind it, what it makes, and what its help and its result add."""

    config: type[Config]
    call: str
    """The function, as "module:function"."""
    panel: str
    example: str
    """A command line worth copying, without the program's name."""
    next: str = ""
    """What to do next, without the program's name; `{out}` is a field of the result, else of the config."""
    makes: str = ""
    """A stimulus set, another folder, or a file that ends so: a step of a recipe makes it. Nothing: it is no step."""
    is_lasting: bool = False
    """Whether that takes hours: another version of gaia-stim is no reason to do it again."""
    is_json: bool = False
    """Whether its result is for programs, and JSON whatever was asked for."""

    @property
    def suffix(self) -> str:
        """Of the name of what it makes."""
        return "" if self.makes in (SET, FOLDER) else self.makes

    @property
    def takes_model(self) -> bool:
        """Whether it works with a model that has to be chosen; not with the one that a provenance names."""
        return any(option.role is Role.MODEL for option in options(self.config).values())

    def function(self) -> Callable[..., Any]:
        """Import the function."""
        module, name = self.call.split(":")
        found: Callable[..., Any] = getattr(import_module(module), name)
        return found


FAMILIES: dict[str, str] = {
    "attributes": "Directions of the space that stand for labelled attributes: find, use, show and test them.",
    "recipe": "Check recipes, make one from a set, or print their schema; 'run' does what a recipe asks for.",
    "benchmark": "Run published protocols on models of ours, and measure speed against what limits it.",
}
"""The first word of verbs of two words, such as `attributes fit`, and what they have in common."""

VERBS: dict[str, Verb] = {
    "demo": Verb(
        looks.DemoConfig, "gaia_stim.pipeline.demo:demo", START, "demo --out my-first-stimuli", next="train YOUR_IMAGES"
    ),
    "doctor": Verb(looks.DoctorConfig, "gaia_stim.pipeline.doctor:doctor", START, "doctor"),
    "samples": Verb(
        spaces.SamplesConfig,
        "gaia_stim.pipeline.samples:samples",
        SPACE,
        "samples faces --n 500 --size 64 --seed 1",
        next="morph {first} {second} --steps 9 -m builtin",
        makes=FOLDER,
    ),
    "align": Verb(
        spaces.AlignConfig,
        "gaia_stim.pipeline.align:align",
        SPACE,
        "align photos/ --out aligned",
        next="train {images}",
        makes=FOLDER,
    ),
    "train": Verb(
        spaces.TrainConfig,
        "gaia_stim.pipeline.train:train",
        SPACE,
        "train photos/ --out runs/photos --images-seen 400k",
        next="morph A.png B.png",
        makes=FOLDER,
        is_lasting=True,
    ),
    "encode": Verb(
        stimuli.EncodeConfig,
        "gaia_stim.pipeline.codes:encode",
        STIMULI,
        "encode photos/ --out latents.csv -m runs/photos",
        next="decode {out}",
        makes=".csv",
    ),
    "decode": Verb(
        stimuli.DecodeConfig,
        "gaia_stim.pipeline.codes:decode",
        STIMULI,
        "decode latents.csv --out decoded -m runs/photos",
        next="info {out}",
        makes=SET,
    ),
    "morph": Verb(
        stimuli.MorphConfig,
        "gaia_stim.pipeline.morphs:morph",
        STIMULI,
        "morph anna.png bert.png --steps 9 --out anna-bert",
        next="info {out}",
        makes=SET,
    ),
    "interpolate": Verb(
        stimuli.InterpolateConfig,
        "gaia_stim.pipeline.morphs:interpolate",
        STIMULI,
        "interpolate anna.png bert.png cleo.png --path wheel --steps 24 --spacing ciede2000",
        next="info {out}",
        makes=SET,
    ),
    "morph-grid": Verb(
        stimuli.MorphGridConfig,
        "gaia_stim.pipeline.grids:morph_grid",
        STIMULI,
        "morph-grid anna.png bert.png cleo.png dora.png --rows 5 --cols 7",
        next="info {out}",
        makes=SET,
    ),
    "average": Verb(
        stimuli.AverageConfig,
        "gaia_stim.pipeline.exemplars:average_images",
        STIMULI,
        "average anna.png bert.png cleo.png --out average",
        next="info {out}",
        makes=SET,
    ),
    "caricature": Verb(
        stimuli.CaricatureConfig,
        "gaia_stim.pipeline.exemplars:caricature",
        STIMULI,
        "caricature anna.png --norm faces/ --amount 0.5:1.5:5",
        next="info {out}",
        makes=SET,
    ),
    "sample": Verb(
        stimuli.SampleConfig,
        "gaia_stim.pipeline.exemplars:sample",
        STIMULI,
        "sample --n 100 --from convex --seed 1 -m runs/photos",
        next="info {out}",
        makes=SET,
    ),
    "attributes fit": Verb(
        attributes.AttributesFitConfig,
        "gaia_stim.pipeline.attributes_fit:fit",
        STIMULI,
        "attributes fit --labels attrs.csv --out attributes",
        next="attributes show {out}",
        makes=FOLDER,
    ),
    "attributes apply": Verb(
        attributes.AttributesApplyConfig,
        "gaia_stim.pipeline.attributes_apply:apply",
        STIMULI,
        "attributes apply anna.png --attribute smiling --amount -2:2:9 --hold age",
        next="info {out}",
        makes=SET,
    ),
    "attributes show": Verb(
        attributes.AttributesShowConfig,
        "gaia_stim.pipeline.attributes_show:show",
        STIMULI,
        "attributes show attributes --attributes smiling,age",
        next="attributes audit {vectors}",
        makes=FOLDER,
    ),
    "attributes audit": Verb(
        attributes.AttributesAuditConfig,
        "gaia_stim.pipeline.attributes_audit:audit",
        STIMULI,
        "attributes audit attributes",
        makes=FOLDER,
    ),
    "match": Verb(
        stimuli.MatchConfig,
        "gaia_stim.pipeline.match:match",
        STIMULI,
        "match anna-bert --luminance --contrast --out anna-bert-matched",
        next="audit {out}",
        makes=SET,
    ),
    "remake": Verb(
        stimuli.RemakeConfig, "gaia_stim.pipeline.remake:remake", STIMULI, "remake anna-bert --out again", makes=SET
    ),
    "explore": Verb(
        explorer.ExploreConfig, "gaia_stim.pipeline.explorer:explore", STIMULI, "explore photos/ -m runs/photos"
    ),
    "design": Verb(
        designs.DesignConfig,
        "gaia_stim.pipeline.designs:design",
        EXPERIMENT,
        "design 2afc anna-bert --repetitions 10 --participants 12 --max-run 3 --out anna-bert-2afc",
        next="export {set} --to jspsych --design {out}",
        makes=FOLDER,
    ),
    "export": Verb(
        exports.ExportConfig,
        "gaia_stim.pipeline.export:export",
        EXPERIMENT,
        "export anna-bert --to psychopy --design anna-bert-2afc --out experiment",
        makes=FOLDER,
    ),
    "export-decoder": Verb(
        exports.ExportDecoderConfig,
        "gaia_stim.pipeline.portable:export_decoder",
        EXPERIMENT,
        "export-decoder runs/photos --out decoder",
        makes=FOLDER,
    ),
    "collect": Verb(
        designs.CollectConfig,
        "gaia_stim.pipeline.collect:collect",
        EXPERIMENT,
        "collect results/ --out all.csv",
        next="scale {out}",
        makes=".csv",
    ),
    "scale": Verb(
        designs.ScaleConfig,
        "gaia_stim.pipeline.scale:scale",
        EXPERIMENT,
        "scale results/ --out scale",
        next="morph A.png B.png --spacing {scale}",
        makes=FOLDER,
    ),
    "analyse": Verb(
        designs.AnalyseConfig,
        "gaia_stim.pipeline.analyse:analyse",
        EXPERIMENT,
        "analyse results/ --task same-different --out analysis",
        makes=FOLDER,
    ),
    "serve": Verb(explorer.ServeConfig, "gaia_stim.pipeline.explorer:serve", EXPERIMENT, "serve anna-bert --port 8765"),
    "chain": Verb(
        explorer.ChainConfig,
        "gaia_stim.pipeline.explorer:chain",
        EXPERIMENT,
        "chain anna-bert --chain 1 --out chain",
        next="info {out}",
    ),
    "audit": Verb(looks.AuditConfig, "gaia_stim.pipeline.audit:audit", LOOK, "audit anna-bert", makes=FOLDER),
    "evaluate": Verb(
        looks.EvaluateConfig, "gaia_stim.pipeline.evaluate:evaluate", LOOK, "evaluate runs/photos", makes=".json"
    ),
    "compare": Verb(
        looks.CompareConfig,
        "gaia_stim.pipeline.compare:compare",
        LOOK,
        "compare photos/ --methods gaia,ae,vae --images-seen 20k --size 32 --out comparison",
        makes=FOLDER,
        is_lasting=True,
    ),
    "benchmark lines": Verb(
        benchmarks.BenchmarkLinesConfig,
        "gaia_stim.pipeline.benchmarks:benchmark_lines",
        LOOK,
        "benchmark lines --methods gaia,ae,vae,acai --images-seen 100k --seeds 1 --out lines",
        makes=FOLDER,
        is_lasting=True,
    ),
    "benchmark midpoints": Verb(
        benchmarks.BenchmarkMidpointsConfig,
        "gaia_stim.pipeline.midpoints:benchmark_midpoints",
        LOOK,
        "benchmark midpoints runs/faces --attribute yaw,hair_length",
        makes=FOLDER,
    ),
    "benchmark structure": Verb(
        benchmarks.BenchmarkStructureConfig,
        "gaia_stim.pipeline.benchmarks:benchmark_structure",
        LOOK,
        "benchmark structure photos/ --images-seen 20k --size 32 --seeds 3 --out structure",
        makes=FOLDER,
        is_lasting=True,
    ),
    "benchmark step": Verb(
        benchmarks.BenchmarkStepConfig,
        "gaia_stim.pipeline.speed:benchmark_step",
        LOOK,
        "benchmark step --size 64 --threads 2",
    ),
    "benchmark load": Verb(
        benchmarks.BenchmarkLoadConfig,
        "gaia_stim.pipeline.speed:benchmark_load",
        LOOK,
        "benchmark load photos/ --batch 16",
    ),
    "benchmark encode": Verb(
        benchmarks.BenchmarkEncodeConfig,
        "gaia_stim.pipeline.speed:benchmark_encode",
        LOOK,
        "benchmark encode photos/ --n 1000 -m runs/photos",
    ),
    "benchmark render": Verb(
        benchmarks.BenchmarkRenderConfig,
        "gaia_stim.pipeline.speed:benchmark_render",
        LOOK,
        "benchmark render --n 10000 -m runs/photos",
    ),
    "report": Verb(looks.ReportConfig, "gaia_stim.pipeline.report:report", LOOK, "report runs/photos", makes=".html"),
    "figure": Verb(
        looks.FigureConfig, "gaia_stim.pipeline.publish:figure", LOOK, "figure anna-bert scale --out figure_1.pdf"
    ),
    "cite": Verb(looks.CiteConfig, "gaia_stim.pipeline.publish:cite", LOOK, "cite anna-bert --bibtex"),
    "info": Verb(looks.InfoConfig, "gaia_stim.pipeline.info:info", LOOK, "info runs/photos"),
    "run": Verb(recipes.RecipeRunConfig, "gaia_stim.recipe.run:run", STUDY, "run study.yaml --set steps=11"),
    "recipe check": Verb(
        recipes.RecipeCheckConfig, "gaia_stim.recipe.plan:check", STUDY, "recipe check study.yaml", next="run {recipe}"
    ),
    "recipe schema": Verb(
        recipes.RecipeSchemaConfig, "gaia_stim.recipe.schema:print_schema", STUDY, "recipe schema", is_json=True
    ),
    "recipe from": Verb(
        recipes.RecipeFromConfig,
        "gaia_stim.recipe.from_set:recipe_from",
        STUDY,
        "recipe from anna-bert --out anna-bert.yaml",
        next="run {out}",
    ),
}

STEPS = {name: verb for name, verb in VERBS.items() if verb.makes}
"""The verbs that are steps of recipes."""


def verb_of(config: Config) -> str:
    """What a config's verb is called, as it is typed and as it stands in records."""
    return next(name for name, verb in VERBS.items() if verb.config is type(config))
