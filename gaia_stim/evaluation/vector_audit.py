"""Auditing: what vectors move in pictures beside their attribute, told by predictors that were not fooled.

The predictors see pictures only, other ones than the fit has seen, and in their pictures nothing goes with anything:
for the built-in faces new ones are drawn, each attribute dealt for itself; for a user's images the labelled ones are
parted, vectors are fitted anew on one half, and predictors learn from a balanced part of the other.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gaia_stim.config import AttributesAuditConfig, SamplesConfig
from gaia_stim.config.attributes import names
from gaia_stim.dataset import cache_folder
from gaia_stim.drawing.heatmap import heatmap
from gaia_stim.errors import DataError
from gaia_stim.evaluation.leakage import WAYS, Moved, correlated, mean_over, measure, shown
from gaia_stim.evaluation.predictors import ACCURATE, LEAST_MATCHED, Lesson, Predictors, Values, balanced, learn
from gaia_stim.events import Listener
from gaia_stim.files import hash_file
from gaia_stim.images import write_png
from gaia_stim.samples.folder import IMAGES, LABELS, draw_into
from gaia_stim.space import attributes as estimating
from gaia_stim.space.labelled import as_fitted, labelled
from gaia_stim.space.paths import Codes
from gaia_stim.space.space import Space
from gaia_stim.space.vectors import CARRIED, AttributeRecord, Vectors, as_float32

HEATMAPS = {"ols": "leakage_ols.png", "mean_difference": "leakage_mean_difference.png"}
USED = "used"
"""The direction that is asked for by --estimator and --hold, where it is another than these."""
FRESH_SEED = 2**40
"""Of the faces that are drawn for an audit: far from any that a user would give."""
HELD_OUT = 300
"""Pictures that predictors are measured on."""
LEAST_IMAGES = 200
"""Labelled images that can be parted in two."""
HALF_TEST = 0.3
"""Share of the second half that predictors are measured on and sources are taken from."""
GOOD_SUCCESS = 0.8
HARDLY_SHOWN = 0.25
SHORT = 0.2
"""Of what was asked: so much less beyond all labels is said."""
SURE = 0.8
"""R² of the predictors whose scatter over the faces is told: that of weaker ones is mostly their own."""
NAMED = 6


@dataclass(frozen=True)
class AuditedAttribute:
    """How one attribute fared. What could not be measured is left out."""

    attribute: str
    r2: float
    """Cross-validated, from the codes."""
    shown: float | None
    """How much of a true difference between images their reconstructions show: 1 is all of it."""
    predictor_r2: float | None
    """On held-out pictures."""
    moved: float | None
    """Change of the attribute itself for 1 asked, to values that labels have."""
    outwards: float | None
    """The same away from the mean."""
    beyond: float | None
    """The same to values that no label has."""
    success: float | None
    identity: float | None
    leaked: float | None
    """Largest movement of another attribute, in SDs for 1 SD, root mean square over the faces, by sure predictors."""
    leaked_into: str | None
    """Which that is."""
    up: float | None = field(metadata={"for_programs": True})
    down: float | None = field(metadata={"for_programs": True})
    inwards: float | None = field(metadata={"for_programs": True})
    predictor_accuracy: float | None = field(metadata={"for_programs": True})
    """Of binary attributes: share of held-out pictures that are told right."""
    success_mean_difference: float | None = field(metadata={"for_programs": True})


@dataclass(frozen=True)
class AuditedPair:
    """Two attributes whose labels go together, and how much moving the first moves the second, in SDs."""

    moved: str
    into: str
    r: float
    ols: float | None
    mean_difference: float | None
    ols_rms: float | None
    """Face by face; the two before are means, in which faces can cancel."""
    mean_difference_rms: float | None


@dataclass(frozen=True, eq=False)
class Evidence:
    """What an audit measures with: vectors to be judged, predictors, and sources with their true values."""

    estimates: Mapping[str, Values]
    predictors: Predictors
    codes: Codes
    """Of all held-out pictures; the first are the sources."""
    values: Values
    told: str
    gauges: Mapping[int, Values] = field(default_factory=dict)
    """Of the attributes whose edits are calibrated, by their place."""
    warnings: tuple[str, ...] = ()


def gather_evidence(config: AttributesAuditConfig, vectors: Vectors, space: Space, listen: Listener) -> Evidence:
    """What vectors are judged with: newly drawn faces where they were fitted to drawn ones, else their own images.

    Raises `DataError` where labels or images are gone, no longer those of the fit, or too few.
    """
    return (_fresh_faces if vectors.record.samples else _halves)(config, vectors, space, listen)


def _fresh_faces(config: AttributesAuditConfig, vectors: Vectors, space: Space, listen: Listener) -> Evidence:
    """New faces in which no attribute goes with another, and what each really has. Drawn once, then in the cache."""
    size, held_out = space.shape[0], max(HELD_OUT, config.sources)
    total, seed = config.n + held_out, FRESH_SEED + config.seed
    folder = cache_folder() / "samples" / f"faces_{size}_{total}_{seed}"
    draw_into(SamplesConfig(out=folder, n=total, size=size, seed=seed), listen)
    own = vectors.record.names
    found = labelled(space, folder / LABELS, folder / IMAGES, {}, own, (), listen)
    train, test = np.arange(config.n), np.arange(config.n, total)
    lesson, exam = (
        Lesson(found.images.batch(rows), found.values[rows], [np.arange(len(rows))] * len(own))
        for rows in (train, test)
    )
    predictors = learn(lesson, exam, _binary(vectors))
    return Evidence(
        _estimates(config, vectors),
        predictors,
        found.codes(space, listen)[test],
        found.values[test],
        f"{config.n:,} newly drawn faces, each attribute dealt for itself",
        _gauges(config, vectors),
    )


def _halves(config: AttributesAuditConfig, vectors: Vectors, space: Space, listen: Listener) -> Evidence:
    """The labelled images in two halves: vectors of one, predictors and sources of the other."""
    record = vectors.record
    file, folder = config.labels or Path(record.labels), config.images or Path(record.images)
    if not file.is_file() or hash_file(file) != record.labels_hash:
        what = f"the table of labels of {config.vectors}"
        raise DataError(f"{file}: {what} is gone or was changed since the fit; name it with --labels")
    if not folder.is_dir():
        raise DataError(f"{folder}: the labelled images of {config.vectors} are gone; name their folder with --images")
    own = record.names
    how = as_fitted(record.command["reading"], record.attributes)
    found = labelled(space, file, folder, how, own, (), listen, config)
    if found.images.content_hash != record.images_hash:
        what = f"its images are no longer those that {config.vectors} was fitted on"
        raise DataError(f"{folder}: {what}; fit again, or name them with --images")
    known = np.flatnonzero(~np.isnan(found.values).all(axis=1))
    if len(known) < LEAST_IMAGES:
        raise DataError(f"{file}: {len(known)} labelled images are too few for an audit; {LEAST_IMAGES} are needed")
    # By hash, so that copies of an image are on one side and the halves do not depend on order or names.
    hashes = found.images.table["image_hash"].to_numpy()[known]
    share = np.array([int(name[-8:], 16) / 2**32 for name in hashes])
    fit, rest, test = (
        known[where]
        for where in (share < 0.5, (share >= 0.5) & (share < 1 - HALF_TEST / 2), share >= 1 - HALF_TEST / 2)
    )
    codes = found.codes(space, listen)
    full = fit[estimating.complete(found.values[fit])]
    for name, column in zip(own, found.values.T, strict=True):
        if any(len(np.unique(column[rows][~np.isnan(column[rows])])) < 2 for rows in (full, rest, test)):
            raise DataError(f"{file}: '{name}' is too rare to be audited: in a part of the images all have the same")
    halved = replace(
        vectors,
        estimates={
            "ols": as_float32(estimating.ols(codes[full], found.values[full]).vectors),
            "mean_difference": as_float32(estimating.mean_difference(codes[fit], found.values[fit]).vectors),
            "ridge": as_float32(estimating.ridge(codes[full], found.values[full]).vectors),
        },
        readout=as_float32(estimating.read_out(codes[fit], found.values[fit]).weights),
    )
    related = correlated(record.attributes, np.array(record.correlations))
    chance = np.random.default_rng(config.seed)
    lesson, exam = (
        Lesson(
            found.images.batch(rows),
            found.values[rows],
            [
                balanced(found.values[rows], place, np.flatnonzero(related[place]).tolist(), chance)
                for place in range(len(own))
            ],
        )
        for rows in (chance.permutation(rest)[: config.n], test)
    )
    predictors = learn(lesson, exam, _binary(vectors))
    sizes = [len(rows) for rows in lesson.rows]
    unmatched = [name for name, size in zip(own, sizes, strict=True) if size < LEAST_MATCHED]
    return Evidence(
        _estimates(config, halved),
        predictors,
        codes[test],
        found.values[test],
        f"{len(lesson.pictures):,} labelled images that the vectors were not fitted on, balanced for each attribute "
        f"({min(sizes):,} to {max(sizes):,} of them used)",
        _gauges(config, halved),
        tuple(_unbalanced(unmatched)),
    )


def _unbalanced(unmatched: list[str]) -> Iterator[str]:
    if unmatched:
        yield (
            f"no balanced subset of these images exists for {', '.join(unmatched)}: images that differ in it differ in "
            "what goes with it too, so no predictor can learn it alone, and what leaks into it cannot be measured"
        )


def _gauges(config: AttributesAuditConfig, vectors: Vectors) -> dict[int, Values]:
    """Those that edits are calibrated by, as `attributes apply` does it: of attributes that the codes carry."""
    found = {place: vectors.gauge(name) for place, name in enumerate(vectors.record.names)} if config.calibrate else {}
    return {place: gauge for place, gauge in found.items() if gauge is not None}


def _binary(vectors: Vectors) -> list[bool]:
    return [one.kind != "graded" for one in vectors.record.attributes]


def _estimates(config: AttributesAuditConfig, vectors: Vectors) -> dict[str, Values]:
    found = {name: np.asarray(vectors.estimates[name], np.float64) for name in HEATMAPS}
    return found if is_plain(config) else {**found, USED: directions(config, vectors)}


def is_plain(config: AttributesAuditConfig) -> bool:
    """Whether the direction asked for is one of the two that are audited anyway."""
    return config.estimator in HEATMAPS and not names(config.hold)


def directions(config: AttributesAuditConfig, vectors: Vectors) -> Values:
    """Of each attribute the direction that `apply` would take, (attributes, latent), all others of --hold held.

    Raises `ConfigError` as `Vectors.direction`.
    """
    held = names(config.hold)
    return np.stack(
        [
            vectors.direction(name, config.estimator, [one for one in held if one != name])
            for name in vectors.record.names
        ]
    )


def judged(
    staging: Path,
    config: AttributesAuditConfig,
    vectors: Vectors,
    space: Space,
    evidence: Evidence,
    listen: Listener,
) -> dict[str, Any]:
    """Fill the audit's folder, and return what it found."""
    record, predictors = vectors.record, evidence.predictors
    sources = slice(config.sources)
    moved = measure(
        space,
        predictors,
        evidence.codes[sources],
        evidence.values[sources],
        record.attributes,
        evidence.estimates,
        listen,
        evidence.gauges,
        ("mean_difference", *([USED] if config.estimator == "mean_difference" else [])),
    )
    visible = shown(predictors, space.decode(evidence.codes), evidence.values)
    r = np.array(record.correlations)
    judged = np.broadcast_to(predictors.reliable, r.shape)
    pairs = correlated(record.attributes, r) & judged
    columns = np.array([one.column for one in record.attributes])
    every = (columns[:, None] != columns) & judged
    sure = np.nan_to_num(predictors.r2, nan=-1.0) >= SURE
    carried = np.array([one.r2 >= CARRIED for one in record.attributes])
    means: dict[str, Any] = {}
    for name in (*HEATMAPS, USED):
        if name not in moved:
            continue
        means |= {
            f"leakage_{name}": mean_over(moved[name].matrix, pairs),
            f"leakage_rms_{name}": mean_over(moved[name].scatter, pairs & sure),
            f"leakage_all_pairs_{name}": mean_over(moved[name].matrix, every),
            f"leakage_rms_all_pairs_{name}": mean_over(moved[name].scatter, every & sure),
            f"success_{name}": _mean(moved[name].success[carried]),
            f"identity_{name}": _mean(moved[name].identity),
        }
    audited, used = (
        _attributes(record.attributes, moved, name, visible, predictors, every) if name in moved else []
        for name in ("ols", USED)
    )
    found = [
        AuditedPair(
            record.names[a],
            record.names[b],
            float(r[a, b]),
            _number(moved["ols"].matrix[a, b]),
            _number(moved["mean_difference"].matrix[a, b]),
            _number(moved["ols"].scatter[a, b]),
            _number(moved["mean_difference"].scatter[a, b]),
        )
        for a, b in np.argwhere(pairs)
    ]
    result = {
        "sources": min(config.sources, len(evidence.codes)),
        "predictors_learned_from": evidence.told,
        **means,
        "attributes": [asdict(one) for one in audited],
        "used": [asdict(one) for one in used],
        "pairs": [asdict(one) for one in found],
        "in_words": [*_words(means, found, audited, bool(pairs.any())), *_used(means, used), *evidence.warnings],
        "names": record.names,
        **{
            f"{what}_{name}": [[_number(cell) for cell in row] for row in table]
            for name in HEATMAPS
            for what, table in (("matrix", moved[name].matrix), ("rms", moved[name].scatter))
        },
    }
    words = {"ols": "OLS", "mean_difference": "mean difference"}
    for name, file in HEATMAPS.items():
        title = f"{words[name]}: applied (row) moves predicted (column), in SDs"
        write_png(staging / file, heatmap(_reliable(moved[name].matrix, predictors), record.names, title, pairs))
    return result


def _reliable(matrix: Values, predictors: Predictors) -> Values:
    return np.where(predictors.reliable, matrix, np.nan)


def _attributes(
    attributes: tuple[AttributeRecord, ...],
    moved: Mapping[str, Moved],
    direction: str,
    visible: Values,
    predictors: Predictors,
    others: npt.NDArray[np.bool_],
) -> list[AuditedAttribute]:
    own = moved[direction]
    sure = np.nan_to_num(predictors.r2, nan=-1.0) >= SURE
    leaked = np.where(others & sure, np.nan_to_num(own.scatter, nan=-1.0), -1.0)
    most = leaked.argmax(axis=1)
    return [
        AuditedAttribute(
            attribute=one.name,
            r2=one.r2,
            shown=_number(visible[place]),
            predictor_r2=_number(predictors.r2[place]),
            moved=_number(own.matrix[place, place]) if predictors.reliable[place] else None,
            success=_number(own.success[place]),
            identity=_number(own.identity[place]),
            leaked=_number(leaked[place, most[place]]) if leaked[place].max() >= 0 else None,
            leaked_into=attributes[most[place]].name if leaked[place].max() >= 0 else None,
            predictor_accuracy=_number(predictors.accuracy[place]),
            success_mean_difference=_number(moved["mean_difference"].success[place]),
            **{way: _number(own.own[way][place]) for way in WAYS},
        )
        for place, one in enumerate(attributes)
    ]


def _words(
    means: Mapping[str, Any], pairs: list[AuditedPair], attributes: list[AuditedAttribute], related: bool
) -> Iterator[str]:
    ols, difference = means["leakage_ols"], means["leakage_mean_difference"]
    if ols is not None and difference is not None:
        times = f" ({difference / ols:.1f} times as much)" if ols > 0 else ""
        yield (
            f"where labels go together, moving one attribute by 1 SD moves the other by {ols:.2f} SD with OLS and by "
            f"{difference:.2f} SD with mean differences{times}"
        )
        by_face = means["leakage_rms_ols"], means["leakage_rms_mean_difference"]
        if None not in by_face:
            yield f"face by face (root mean square) these are {by_face[0]:.2f} and {by_face[1]:.2f} SD"
        worst = max(pairs, key=lambda pair: abs(pair.mean_difference or 0))
        yield (
            f"most of all {worst.moved} into {worst.into} (r = {worst.r:.2f}): {worst.mean_difference:+.2f} SD with "
            f"mean differences, {worst.ols:+.2f} SD with OLS"
        )
    elif not related:
        yield "no two attributes' labels go together (|r| of 0.2 or more), so there is nothing that should leak"
    carried = [one for one in attributes if one.r2 >= CARRIED]
    if dim := [one.attribute for one in carried if one.shown is not None and one.shown < HARDLY_SHOWN]:
        yield (
            f"the codes tell {_list(dim)}, but the decoded pictures hardly show it: a longer trained or larger model "
            "is needed before it can be moved"
        )
    seen = [one for one in carried if one.attribute not in dim and one.success is not None]
    if good := [one.attribute for one in seen if (one.success or 0) >= GOOD_SUCCESS]:
        yield f"asked to move, these do so by half to one and a half times as much in most faces: {_list(good)}"
    for one in seen:
        if (one.success or 0) < GOOD_SUCCESS:
            yield (
                f"{one.attribute} moves by {one.moved:.2f} for 1 asked, and as asked in only "
                f"{one.success:.0%} of the faces"
            )
    for one in seen:
        if one.beyond is not None and abs(one.beyond - 1) > SHORT and one.success and one.success >= GOOD_SUCCESS:
            yield (
                f"{one.attribute} moves by {one.moved:.2f} for 1 asked to values that labels have, and by "
                f"{one.beyond:.2f} beyond them"
            )
    if weak := [one.attribute for one in attributes if one.predictor_r2 is None or one.predictor_r2 < ACCURATE]:
        yield f"not judged, for no predictor could tell it from pictures (R² below {ACCURATE}): {_list(weak)}"


def _used(means: Mapping[str, Any], used: list[AuditedAttribute]) -> Iterator[str]:
    moved = [one.moved for one in used if one.r2 >= CARRIED and one.moved is not None]
    if moved:
        leaked = means["leakage_rms_all_pairs_used"]
        others = "" if leaked is None else f", and the others by {leaked:.2f} SD, face by face"
        yield (
            f"the directions that --estimator and --hold ask for move their attributes by {min(moved):.2f} to "
            f"{max(moved):.2f} for 1 asked{others}"
        )


def _list(given: list[str]) -> str:
    more = f" and {len(given) - NAMED} more" if len(given) > NAMED else ""
    return ", ".join(given[:NAMED]) + more


def _mean(values: Values) -> float | None:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else None


def _number(value: Any) -> float | None:
    return float(value) if np.isfinite(value) else None
