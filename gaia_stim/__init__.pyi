from .cli.console import progress as progress
from .config import (
    AttributesApplyConfig as AttributesApplyConfig,
)
from .config import (
    AttributesFitConfig as AttributesFitConfig,
)
from .config import (
    AverageConfig as AverageConfig,
)
from .config import (
    CaricatureConfig as CaricatureConfig,
)
from .config import (
    EvaluateConfig as EvaluateConfig,
)
from .config import (
    ExportConfig as ExportConfig,
)
from .config import (
    FigureConfig as FigureConfig,
)
from .config import (
    InterpolateConfig as InterpolateConfig,
)
from .config import (
    MatchConfig as MatchConfig,
)
from .config import (
    MorphConfig as MorphConfig,
)
from .config import (
    MorphGridConfig as MorphGridConfig,
)
from .config import (
    SampleConfig as SampleConfig,
)
from .config import (
    TrainConfig as TrainConfig,
)
from .pipeline.evaluate import evaluate as evaluate
from .pipeline.export import export as export
from .pipeline.grids import morph_grid as morph_grid
from .pipeline.match import match as match
from .pipeline.morphs import interpolate as interpolate
from .pipeline.morphs import morph as morph
from .pipeline.publish import figure as figure
from .pipeline.train import train as train
from .space.space import Space as Space
from .space.varying import Vary as Vary
from .space.vectors import Vectors as Vectors
from .stimuli.plan import Plan as Plan
from .stimuli.plans.continua import morph_plan as morph_plan
from .stimuli.plans.continua import path_plan as path_plan
from .stimuli.plans.edits import Edit as Edit
from .stimuli.plans.edits import edit_plan as edit_plan
from .stimuli.plans.exemplars import average_plan as average_plan
from .stimuli.plans.exemplars import caricature_plan as caricature_plan
from .stimuli.plans.grids import grid_plan as grid_plan
from .stimuli.sets import StimulusSet as StimulusSet

__version__: str
