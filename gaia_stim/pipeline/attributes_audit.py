"""Auditing: what vectors move in pictures beside their attribute, in figures, words and heat maps."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gaia_stim
from gaia_stim.config import AttributesAuditConfig
from gaia_stim.config.attributes import names
from gaia_stim.config.verbs import verb_of
from gaia_stim.evaluation.vector_audit import (
    HEATMAPS,
    USED,
    AuditedAttribute,
    AuditedPair,
    directions,
    gather_evidence,
    judged,
)
from gaia_stim.events import Listener, Note, silent
from gaia_stim.outputs import Kind, made_once
from gaia_stim.space.opening import open_space_by_hash
from gaia_stim.space.vectors import Vectors
from gaia_stim.stimuli.sets import beside

AUDIT = Kind("audit", "audit.json", parts=frozenset(HEATMAPS.values()), verb="attributes audit")


@dataclass(frozen=True)
class Finding:
    """A sentence on what was found."""

    finding: str


@dataclass(frozen=True)
class AttributesAuditResult:
    """What was measured; None where nothing could be."""

    out: Path
    sources: int
    predictors_learned_from: str
    leakage_ols: float | None
    """Mean |L| over the ordered pairs whose labels correlate."""
    leakage_mean_difference: float | None
    leakage_rms_ols: float | None
    """The same, of the root mean square over the faces instead of the size of their mean."""
    leakage_rms_mean_difference: float | None
    leakage_all_pairs_ols: float | None
    leakage_all_pairs_mean_difference: float | None
    leakage_rms_all_pairs_ols: float | None
    leakage_rms_all_pairs_mean_difference: float | None
    success_ols: float | None
    """Mean over the attributes that the codes carry (R² of 0.5 or more)."""
    success_mean_difference: float | None
    identity_ols: float | None
    identity_mean_difference: float | None
    attributes: list[AuditedAttribute]
    """By the vectors of OLS."""
    used: list[AuditedAttribute]
    """By the direction that --estimator and --hold ask for, where it is another; else none."""
    pairs: list[AuditedPair]
    in_words: list[Finding]
    heatmaps: list[Path]
    names: list[str] = field(metadata={"for_programs": True})
    """Of rows and columns of the matrices."""
    matrix_ols: list[list[float | None]] = field(metadata={"for_programs": True})
    """L[applied][predicted]."""
    matrix_mean_difference: list[list[float | None]] = field(metadata={"for_programs": True})
    rms_ols: list[list[float | None]] = field(metadata={"for_programs": True})
    """Root mean square over the faces of what L is the mean of."""
    rms_mean_difference: list[list[float | None]] = field(metadata={"for_programs": True})


def audit(config: AttributesAuditConfig, listen: Listener = silent) -> AttributesAuditResult:
    """Measure success, leakage and identity of vectors and write figures and heat maps into a folder.

    Raises `DataError` where vectors, labels or images cannot be read or are no longer those of the fit, or are too few,
    `CheckpointError` where the vectors' model is not found, `ConfigError` where the folder holds something else.
    """
    vectors = Vectors.open(config.vectors)
    record = vectors.record
    directions(config, vectors)
    out = config.out or beside(config.vectors, "_audit")
    request = {
        "verb": verb_of(config),
        "gaia_stim": gaia_stim.__version__,
        "vectors": record.tensors_hash,
        "sources": config.sources,
        "n": config.n,
        "calibrate": config.calibrate,
        "estimator": config.estimator,
        "hold": names(config.hold),
        "seed": config.seed,
    }

    def make(staging: Path) -> dict[str, Any]:
        space = open_space_by_hash(config.vectors, record.model_hash, Path(record.run), config.model, listen)
        evidence = gather_evidence(config, vectors, space, listen)
        for warning in evidence.warnings:
            listen(Note(warning, warning=True))
        return {"result": judged(staging, config, vectors, space, evidence, listen)}

    return _result(out, made_once(out, AUDIT, request, make, force=config.force, listen=listen)["result"])


def _result(out: Path, found: dict[str, Any]) -> AttributesAuditResult:
    made = ("attributes", "used", "pairs", "in_words")
    rest = {name: value for name, value in found.items() if name not in made and not name.endswith(f"_{USED}")}
    return AttributesAuditResult(
        out=out,
        attributes=[AuditedAttribute(**one) for one in found["attributes"]],
        used=[AuditedAttribute(**one) for one in found["used"]],
        pairs=[AuditedPair(**one) for one in found["pairs"]],
        in_words=[Finding(one) for one in found["in_words"]],
        heatmaps=[out / name for name in HEATMAPS.values()],
        **rest,
    )
