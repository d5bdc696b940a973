"""What each verb can be asked, as one frozen model a verb: the only home of defaults, and of what they mean.

The command line, the recipes and the notebooks read their options, types, defaults and help from these models; a file a
family of verbs. Nothing here imports torch.
"""

from gaia_stim.config.attributes import (
    AttributesApplyConfig,
    AttributesAuditConfig,
    AttributesFitConfig,
    AttributesShowConfig,
)
from gaia_stim.config.base import (
    MOST_LEVELS,
    Config,
    ConfigT,
    Count,
    Device,
    Fit,
    FolderConfig,
    Force,
    ModelPath,
    RecordedModel,
    Seed,
    levels,
    make,
    said,
)
from gaia_stim.config.benchmarks import (
    BenchmarkEncodeConfig,
    BenchmarkLinesConfig,
    BenchmarkLoadConfig,
    BenchmarkMidpointsConfig,
    BenchmarkRenderConfig,
    BenchmarkStepConfig,
    BenchmarkStructureConfig,
)
from gaia_stim.config.designs import AnalyseConfig, CollectConfig, DesignConfig, ResultsConfig, ScaleConfig
from gaia_stim.config.explorer import ChainConfig, ExploreConfig, ServeConfig
from gaia_stim.config.exports import ExportConfig, ExportDecoderConfig, PresentationConfig
from gaia_stim.config.looks import (
    AuditConfig,
    CiteConfig,
    CompareConfig,
    DemoConfig,
    DoctorConfig,
    EvaluateConfig,
    FigureConfig,
    InfoConfig,
    ReportConfig,
)
from gaia_stim.config.options import Role, option_name
from gaia_stim.config.recipes import RecipeCheckConfig, RecipeFromConfig, RecipeRunConfig, RecipeSchemaConfig
from gaia_stim.config.spaces import INVERTIBLE, PRESETS, AlignConfig, ModelConfig, SamplesConfig, TrainConfig
from gaia_stim.config.stimuli import (
    AverageConfig,
    CaricatureConfig,
    DecodeConfig,
    EncodeConfig,
    InterpolateConfig,
    MatchConfig,
    MediaConfig,
    MorphConfig,
    MorphGridConfig,
    ProcessingConfig,
    Refine,
    RemakeConfig,
    SampleConfig,
    SpacingName,
)
