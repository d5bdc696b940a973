"""Vectors of attributes, of every estimator, from codes and labels, with what a reviewer asks about them."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import gaia_stim
from gaia_stim.errors import DataError
from gaia_stim.files import hash_file
from gaia_stim.samples import ATTRIBUTES
from gaia_stim.samples.folder import RECORD as SAMPLES
from gaia_stim.space import attributes as estimating
from gaia_stim.space.attributes import Readout, Separation
from gaia_stim.space.labelled import Labelled
from gaia_stim.space.paths import Codes
from gaia_stim.space.space import Space
from gaia_stim.space.vectors import AttributeRecord, Vectors, VectorsRecord, as_float32

HARDLY = 0.05
"""R² below which a vector is mostly chance."""
FEW_COMPLETE = 0.8
"""Share of the labelled images; below, the least squares say so."""
FEW_IMAGES = 10
"""Images an attribute; below, the least squares say so."""
HIGH_VIF = 10.0


def fitted(space: Space, found: Labelled, file: Path, command: dict[str, Any], codes: Codes) -> Vectors:
    """The vectors of labelled images; `command` is what was asked for. Raises `DataError` where they are too few."""
    known = ~np.isnan(found.values).all(axis=1)
    full = estimating.complete(found.values)
    own = [attribute.name for attribute in found.attributes]
    if not full.any():
        worst = own[int(np.isnan(found.values).sum(axis=0).argmax())]
        raise DataError(f"{file}: no image has all labels; '{worst}' is missing most often: --without {worst}")
    values = found.values[full]
    if constant := [name for name, column in zip(own, values.T, strict=True) if (column == column[0]).all()]:
        raise DataError(
            f"{file}: among the {full.sum():,} images with all labels, '{constant[0]}' is the same for all: --without "
            f"{constant[0]}, or the attribute that is missing for the others"
        )
    least, ridge = estimating.ols(codes[full], values), estimating.ridge(codes[full], values)
    means = estimating.mean_difference(codes[known], found.values[known])
    readout = estimating.read_out(codes[known], found.values[known])
    apart = estimating.separation(values)
    record = VectorsRecord(
        gaia_stim=gaia_stim.__version__,
        command=command,
        run=str(space.run),
        model_hash=space.model_hash,
        latent=space.latent,
        labels=str(file),
        labels_hash=hash_file(file),
        images=str(found.images.folder),
        images_hash=found.images.content_hash,
        images_total=len(found.images),
        images_matched=found.matched,
        images_complete=int(full.sum()),
        samples=_are_samples(file, own),
        attributes=_attributes(found, readout, apart),
        correlations=tuple(tuple(map(float, row)) for row in estimating.correlations(found.values)),
        condition_number=apart.condition_number if np.isfinite(apart.condition_number) else None,
        inseparable=tuple(tuple(own[place] for place in group) for group in apart.groups),
        ridge_penalty=ridge.penalty or 0.0,
        warnings=tuple(_warnings(own, found.matched, int(full.sum()), readout, apart)),
    )
    return Vectors(
        record,
        {name: as_float32(one.vectors) for name, one in (("ols", least), ("mean_difference", means), ("ridge", ridge))},
        {
            name: as_float32(one.errors)
            for name, one in (("ols", least), ("mean_difference", means))
            if one.errors is not None
        },
        as_float32(readout.weights),
        as_float32(readout.intercepts),
        as_float32(codes[known].mean(axis=0, dtype=np.float64)),
    )


def _attributes(found: Labelled, readout: Readout, apart: Separation) -> tuple[AttributeRecord, ...]:
    return tuple(
        AttributeRecord(
            name=attribute.name,
            kind=attribute.kind,
            column=attribute.column,
            baseline=attribute.baseline,
            levels=attribute.levels,
            why=attribute.why,
            images=int((~np.isnan(column)).sum()),
            mean=float(np.nanmean(column)),
            sd=float(np.nanstd(column)),
            low=float(np.nanmin(column)),
            high=float(np.nanmax(column)),
            r2=float(r2),
            vif=float(vif) if np.isfinite(vif) else None,
        )
        for attribute, column, r2, vif in zip(found.attributes, found.values.T, readout.r2, apart.vifs, strict=True)
    )


def _are_samples(file: Path, own: Sequence[str]) -> bool:
    return (file.parent / SAMPLES).is_file() and set(own) <= ATTRIBUTES.keys()


def _warnings(own: Sequence[str], matched: int, full: int, readout: Readout, apart: Separation) -> Iterator[str]:
    for group in apart.groups:
        members = [own[place] for place in group]
        how = "cannot be told apart" if apart.exact else "can hardly be told apart"
        yield (
            f"{', '.join(members[:-1])} and {members[-1]} {how} in these images: each of their OLS vectors alone means "
            "little; leave one out (--without), or use --estimator ridge"
        )
    grouped = {place for group in apart.groups for place in group}
    for place, (name, vif) in enumerate(zip(own, apart.vifs, strict=True)):
        if vif >= HIGH_VIF and place not in grouped:
            yield f"{name} is nearly a sum of other attributes (VIF {vif:.0f}): its vector is uncertain"
    if full < FEW_COMPLETE * matched:
        yield (
            f"only {full:,} of {matched:,} labelled images have all labels, and OLS and ridge use no other; mean "
            "differences use all images that have the attribute"
        )
    if full < FEW_IMAGES * len(own):
        yield f"{full:,} images are few for {len(own)} attributes: look at the standard errors"
    if weak := [name for name, r2 in zip(own, readout.r2, strict=True) if r2 < HARDLY]:
        yield f"the codes hardly say anything of {', '.join(weak)} (R² below {HARDLY}): their vectors are mostly chance"
