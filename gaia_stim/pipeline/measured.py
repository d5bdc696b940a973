"""The figures of a run, kept beside it: measuring takes half a minute, and the next who asks gets the same answer."""

import math
import os
from pathlib import Path
from typing import Any

import gaia_stim
from gaia_stim.config import EvaluateConfig
from gaia_stim.dataset import Dataset
from gaia_stim.errors import DataError
from gaia_stim.events import Listener, Note
from gaia_stim.files import read_json, write_json
from gaia_stim.metrics import METRICS
from gaia_stim.pipeline.evaluate import evaluate
from gaia_stim.runs import Run

EVALUATION = "evaluation.json"
"""In the run folder: what `evaluate` said of it last."""


def figures_of(run: Run, dataset: Dataset, seed: int, listen: Listener, *, again: bool = False) -> dict[str, Any]:
    """What `evaluate` says of a run on these images: as it was kept for this very model, else measured and kept.

    Raises as `evaluate`.
    """
    wanted = {
        "gaia_stim": gaia_stim.__version__,
        "model_hash": run.model_hash(),
        "dataset_hash": dataset.content_hash,
        "seed": seed,
    }
    kept = {} if again else _kept(run.path / EVALUATION)
    too_few: object = kept.get("not_measured")
    excused = too_few if isinstance(too_few, dict) else {}
    is_whole = all(isinstance(kept.get(name), float) or name in excused for name in METRICS)
    if is_whole and wanted.items() <= kept.items():
        listen(Note(f"{run.path}: measured before"))
        return kept
    measured = {**wanted, **evaluate(EvaluateConfig(run=run.path, images=dataset.folder, seed=seed), listen)}
    if os.access(run.path, os.W_OK):
        write_json(run.path / EVALUATION, {name: _sayable(value) for name, value in measured.items()})
    return measured


def _kept(path: Path) -> dict[str, Any]:
    try:
        kept = read_json(path)
    except (OSError, DataError):
        return {}
    return kept if isinstance(kept, dict) else {}


def _sayable(value: Any) -> Any:
    # JSON has no infinity: such a figure is measured again.
    return None if isinstance(value, float) and not math.isfinite(value) else value
