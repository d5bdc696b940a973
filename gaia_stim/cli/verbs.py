"""Every command is one row of this table: what it can be asked, what it calls, and how it is introduced.

The functions are named as text and imported when the command runs, so that help never waits for torch.
"""

from dataclasses import dataclass

from gaia_stim import config
from gaia_stim.config import Config

START, SPACE, STIMULI, EXPERIMENT, LOOK = "Start", "Make a space", "Make stimuli", "Into the experiment", "Look"
STUDY = "A whole study"


@dataclass(frozen=True)
class Verb:
    """One command: its options, the pipeline function behind it, and what its help and its result add."""

    config: type[Config]
    call: str
    """The pipeline function, as "module:function"."""
    panel: str
    example: str
    """A command line worth copying, without the program's name."""
    next: str = ""
    """What to do next, without the program's name; `{out}` is a field of the result, else of the config."""
    is_json: bool = False
    """Whether its result is for programs, and JSON whatever was asked for."""


FAMILIES: dict[str, str] = {
    "attributes": "Directions of the space that stand for labelled attributes: find, use, show and test them.",
    "recipe": "Check recipes, make one from a set, or print their schema; 'run' does what a recipe asks for.",
    "benchmark": "Run published protocols on models of ours, and measure speed against what limits it.",
}
"""The first word of verbs of two words, such as `attributes fit`, and what they have in common."""

VERBS: dict[str, Verb] = {
    "demo": Verb(
        config.DemoConfig,
        "gaia_stim.pipeline.demo:demo",
        START,
        "demo --out my-first-stimuli",
        next="train YOUR_IMAGES",
    ),
    "doctor": Verb(
        config.DoctorConfig,
        "gaia_stim.pipeline.doctor:doctor",
        START,
        "doctor",
    ),
    "samples": Verb(
        config.SamplesConfig,
        "gaia_stim.pipeline.samples:samples",
        SPACE,
        "samples faces --n 500 --size 64 --seed 1",
        next="train {images}",
    ),
    "align": Verb(
        config.AlignConfig,
        "gaia_stim.pipeline.align:align",
        SPACE,
        "align photos/ --points landmarks.csv --by 0,1 --out aligned",
        next="train {images}",
    ),
    "train": Verb(
        config.TrainConfig,
        "gaia_stim.pipeline.train:train",
        SPACE,
        "train photos/ --out runs/photos --images-seen 400k",
        next="morph A.png B.png",
    ),
    "encode": Verb(
        config.EncodeConfig,
        "gaia_stim.pipeline.codes:encode",
        STIMULI,
        "encode photos/ --out latents.csv -m runs/photos",
        next="decode {out}",
    ),
    "decode": Verb(
        config.DecodeConfig,
        "gaia_stim.pipeline.codes:decode",
        STIMULI,
        "decode latents.csv --out decoded -m runs/photos",
        next="info {out}",
    ),
    "morph": Verb(
        config.MorphConfig,
        "gaia_stim.pipeline.morphs:morph",
        STIMULI,
        "morph anna.png bert.png --steps 9 --out anna-bert",
        next="info {out}",
    ),
    "interpolate": Verb(
        config.InterpolateConfig,
        "gaia_stim.pipeline.morphs:interpolate",
        STIMULI,
        "interpolate anna.png bert.png cleo.png --path wheel --steps 24 --spacing perceptual",
        next="info {out}",
    ),
    "morph-grid": Verb(
        config.MorphGridConfig,
        "gaia_stim.pipeline.grids:morph_grid",
        STIMULI,
        "morph-grid anna.png bert.png cleo.png dora.png --rows 5 --cols 7",
        next="info {out}",
    ),
    "average": Verb(
        config.AverageConfig,
        "gaia_stim.pipeline.exemplars:average_images",
        STIMULI,
        "average anna.png bert.png cleo.png --out average",
        next="info {out}",
    ),
    "caricature": Verb(
        config.CaricatureConfig,
        "gaia_stim.pipeline.exemplars:caricature",
        STIMULI,
        "caricature anna.png --norm faces/ --amount 0.5:1.5:5",
        next="info {out}",
    ),
    "sample": Verb(
        config.SampleConfig,
        "gaia_stim.pipeline.exemplars:sample",
        STIMULI,
        "sample --n 100 --from convex --seed 1 -m runs/photos",
        next="info {out}",
    ),
    "attributes fit": Verb(
        config.AttributesFitConfig,
        "gaia_stim.pipeline.attributes_fit:fit",
        STIMULI,
        "attributes fit --labels attrs.csv --out attributes",
        next="attributes show {out}",
    ),
    "attributes apply": Verb(
        config.AttributesApplyConfig,
        "gaia_stim.pipeline.attributes_apply:apply",
        STIMULI,
        "attributes apply anna.png --attribute smiling --amount -2:2:9 --hold age",
        next="info {out}",
    ),
    "attributes show": Verb(
        config.AttributesShowConfig,
        "gaia_stim.pipeline.attributes_show:show",
        STIMULI,
        "attributes show attributes --attributes smiling,age",
        next="attributes audit {vectors}",
    ),
    "attributes audit": Verb(
        config.AttributesAuditConfig,
        "gaia_stim.pipeline.attributes_audit:audit",
        STIMULI,
        "attributes audit attributes",
    ),
    "match": Verb(
        config.MatchConfig,
        "gaia_stim.pipeline.match:match",
        STIMULI,
        "match anna-bert --luminance --contrast --out anna-bert-matched",
        next="audit {out}",
    ),
    "remake": Verb(
        config.RemakeConfig,
        "gaia_stim.pipeline.remake:remake",
        STIMULI,
        "remake anna-bert --out again",
    ),
    "design": Verb(
        config.DesignConfig,
        "gaia_stim.pipeline.designs:design",
        EXPERIMENT,
        "design 2afc anna-bert --repetitions 10 --participants 12 --max-run 3 --out anna-bert-2afc",
        next="export {set} --to jspsych --design {out}",
    ),
    "export": Verb(
        config.ExportConfig,
        "gaia_stim.pipeline.export:export",
        EXPERIMENT,
        "export anna-bert --to psychopy --design anna-bert-2afc --out experiment",
    ),
    "scale": Verb(
        config.ScaleConfig,
        "gaia_stim.pipeline.scale:scale",
        EXPERIMENT,
        "scale results/ --out scale.csv",
        next="morph A.png B.png --spacing {out}",
    ),
    "audit": Verb(
        config.AuditConfig,
        "gaia_stim.pipeline.audit:audit",
        LOOK,
        "audit anna-bert",
    ),
    "evaluate": Verb(
        config.EvaluateConfig,
        "gaia_stim.pipeline.evaluate:evaluate",
        LOOK,
        "evaluate runs/photos",
    ),
    "compare": Verb(
        config.CompareConfig,
        "gaia_stim.pipeline.compare:compare",
        LOOK,
        "compare photos/ --methods gaia,ae,vae --images-seen 20k --size 32 --out comparison",
    ),
    "benchmark lines": Verb(
        config.BenchmarkLinesConfig,
        "gaia_stim.pipeline.benchmarks:benchmark_lines",
        LOOK,
        "benchmark lines --methods gaia,ae,vae,acai --images-seen 100k --seeds 1 --out lines",
    ),
    "benchmark midpoints": Verb(
        config.BenchmarkMidpointsConfig,
        "gaia_stim.pipeline.midpoints:benchmark_midpoints",
        LOOK,
        "benchmark midpoints runs/faces --attribute yaw,hair_length",
    ),
    "benchmark structure": Verb(
        config.BenchmarkStructureConfig,
        "gaia_stim.pipeline.benchmarks:benchmark_structure",
        LOOK,
        "benchmark structure photos/ --images-seen 20k --size 32 --seeds 3 --out structure",
    ),
    "benchmark step": Verb(
        config.BenchmarkStepConfig,
        "gaia_stim.pipeline.speed:benchmark_step",
        LOOK,
        "benchmark step --size 64 --threads 2",
    ),
    "benchmark load": Verb(
        config.BenchmarkLoadConfig,
        "gaia_stim.pipeline.speed:benchmark_load",
        LOOK,
        "benchmark load photos/ --batch 16",
    ),
    "benchmark encode": Verb(
        config.BenchmarkEncodeConfig,
        "gaia_stim.pipeline.speed:benchmark_encode",
        LOOK,
        "benchmark encode photos/ --n 1000 -m runs/photos",
    ),
    "benchmark render": Verb(
        config.BenchmarkRenderConfig,
        "gaia_stim.pipeline.speed:benchmark_render",
        LOOK,
        "benchmark render --n 10000 -m runs/photos",
    ),
    "report": Verb(
        config.ReportConfig,
        "gaia_stim.pipeline.report:report",
        LOOK,
        "report runs/photos",
    ),
    "info": Verb(
        config.InfoConfig,
        "gaia_stim.pipeline.info:info",
        LOOK,
        "info runs/photos",
    ),
    "run": Verb(
        config.RecipeRunConfig,
        "gaia_stim.recipe.run:run",
        STUDY,
        "run study.yaml --set steps=11",
    ),
    "recipe check": Verb(
        config.RecipeCheckConfig,
        "gaia_stim.recipe.check:check",
        STUDY,
        "recipe check study.yaml",
        next="run {recipe}",
    ),
    "recipe schema": Verb(
        config.RecipeSchemaConfig,
        "gaia_stim.recipe.schema:print_schema",
        STUDY,
        "recipe schema",
        is_json=True,
    ),
    "recipe from": Verb(
        config.RecipeFromConfig,
        "gaia_stim.recipe.from_set:recipe_from",
        STUDY,
        "recipe from anna-bert --out anna-bert.yaml",
        next="run {out}",
    ),
}
