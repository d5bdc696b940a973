"""Single points of the space: new exemplars, averages, and caricatures."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from gaia_stim.config import AverageConfig, CaricatureConfig, SampleConfig, levels
from gaia_stim.dataset import Dataset, cache_folder
from gaia_stim.errors import DataError
from gaia_stim.events import Listener, silent, tracked
from gaia_stim.files import hash_bytes, write_bytes
from gaia_stim.pipeline.ingredients import Gain, Ingredients, encoded, gains, gather
from gaia_stim.pipeline.models import open_space
from gaia_stim.pipeline.sets import Source, make_set
from gaia_stim.space.images import images_of
from gaia_stim.space.paths import Codes, Line, average
from gaia_stim.space.sampling import Density, Support, choose_parents, mix
from gaia_stim.space.space import Space
from gaia_stim.stimuli import licences
from gaia_stim.stimuli.manifest import Row
from gaia_stim.stimuli.plan import Plan
from gaia_stim.stimuli.sets import SHEET


@dataclass(frozen=True)
class ExemplarsResult:
    """Where the stimuli are, and where they lie."""

    out: Path
    stimuli: int
    sheet: Path
    median_support: float | None
    """Distance to the nearest real code, in units of their distance to each other."""
    refinement: tuple[Gain, ...]
    model_hash: str


def sample(config: SampleConfig, listen: Listener = silent) -> ExemplarsResult:
    """Draw new exemplars from the space and write them as a stimulus set.

    Raises `DataError` where the real images are gone or too few, else as `morph`.
    """
    out = config.out or Path(f"sample_{config.from_}_{config.seed}")
    space = open_space(config.model, listen)
    real = images_of(space, config.images, listen)
    if config.from_ == "convex":
        parents, weights = choose_parents(len(real), config.n, config.parents, config.seed)
        used = sorted(set(parents.ravel().tolist()))
    else:
        used = []
    everything = _all_of("real_images", real)

    def plan() -> Plan:
        codes = real_codes(space, real, listen)
        record: dict[str, Any] = {"from": config.from_, "real_images": len(real)}
        if config.from_ == "convex":
            drawn = mix(codes, parents, weights)
            ids = [";".join(real.table["image_id"].iloc[rows]) for rows in parents]
            record |= {"weights": weights.tolist()}
        else:
            density = Density.fit(codes)
            drawn = density.draw(config.n, config.seed)
            ids = [everything.source_id] * config.n
            record |= {"density": "Gaussian, Ledoit-Wolf covariance", "shrinkage": density.shrinkage}
        support = Support.of(codes)
        return Plan(
            rows=[
                replace(
                    Row.numbered("sample", position, config.n), source_ids=parents_of, seed=config.seed, support=near
                )
                for position, (parents_of, near) in enumerate(zip(ids, support(drawn).tolist(), strict=True))
            ],
            codes=drawn,
            title=f"{config.n} new exemplars ({config.from_}), seed {config.seed}",
            record={"sampling": {**record, "support_unit": support.unit}},
        )

    sources = [everything, *_described(real, used)]
    made = make_set(out, config, space, sources, plan, listen, force=config.force)
    return ExemplarsResult(
        out, len(made), out / SHEET, float(made.table["support"].median()), (), made.provenance["model"]["model_hash"]
    )


def average_images(config: AverageConfig, listen: Listener = silent) -> ExemplarsResult:
    """Make the average of images and write it as a stimulus set of one; raises as `morph`."""
    out = config.out or Path("average")
    space = open_space(config.model, listen)
    images = gather(space, config.images)
    if len(images.sources) < 2:
        raise DataError(f"{config.images[0]}: an average needs at least 2 images")

    def plan() -> Plan:
        points = encoded(space, images, config.refine, listen)
        ids = ";".join(source.source_id for source in images.sources)
        return Plan(
            rows=[replace(Row.numbered("average", 0, 1), source_ids=ids)],
            codes=average(points.codes)[None],
            title=f"average of {len(images.sources)}",
            record={"path": {"kind": "average"}, **points.record},
        )

    made = make_set(out, config, space, images.sources, plan, listen, force=config.force)
    provenance = made.provenance
    return ExemplarsResult(out, 1, out / SHEET, None, gains(provenance["plan"]), provenance["model"]["model_hash"])


def caricature(config: CaricatureConfig, listen: Listener = silent) -> ExemplarsResult:
    """Make caricatures and anti-caricatures of faces and write them as a stimulus set.

    Each lies on the line from the norm (alpha 0) through the face (alpha 1). Raises as `morph` and `sample`.
    """
    amounts = np.array(levels(config.amount))
    out = config.out or Path(f"caricature_{config.faces[0].stem}")
    space = open_space(config.model, listen)
    is_image = config.norm is not None and not config.norm.is_dir()
    real = None if is_image else images_of(space, config.norm, listen, "--norm")
    # Together, so that no two of them get the same id.
    images = gather(space, [*config.faces, config.norm] if is_image and config.norm else config.faces)
    faces = Ingredients(images.sources[:-1], images.pictures[:-1]) if is_image else images
    norm = images.sources[-1] if real is None else _all_of("norm", real)

    def plan() -> Plan:
        points = encoded(space, faces, config.refine, listen)
        centre = average(real_codes(space, real, listen)) if real else space.encode(images.pictures[-1:])[0]
        total = len(points.codes) * len(amounts)
        rows = [
            replace(
                Row.numbered("caricature", face * len(amounts) + place, total),
                alpha=float(amount),
                source_ids=f"{source.source_id};{norm.source_id}",
            )
            for face, source in enumerate(faces.sources)
            for place, amount in enumerate(amounts)
        ]
        return Plan(
            rows=rows,
            codes=np.concatenate([Line(centre, code)(amounts) for code in points.codes]),
            title=f"0 is {'the norm' if real is None else f'the mean of {len(real)} images'}, 1 the face itself",
            record={
                "path": {"kind": "caricature", "norm": "mean" if real else "image", "amounts": amounts.tolist()},
                **points.record,
            },
            columns=len(amounts),
            sources={row.position: faces.pictures[row.position // len(amounts)] for row in rows if row.alpha == 1},
        )

    made = make_set(out, config, space, [*faces.sources, norm], plan, listen, force=config.force)
    provenance = made.provenance
    return ExemplarsResult(
        out, len(made), out / SHEET, None, gains(provenance["plan"]), provenance["model"]["model_hash"]
    )


def real_codes(space: Space, images: Dataset, listen: Listener) -> Codes:
    """The codes of all images, encoded once for each model: later calls read them from the cache."""
    key = hash_bytes(f"{space.model_hash}\n{images.content_hash}".encode())
    file = cache_folder() / "codes" / f"{key}.f32"
    shape = (len(images), space.latent)
    if file.is_file() and file.stat().st_size == 4 * shape[0] * shape[1]:
        return np.fromfile(file, dtype="<f4").astype(np.float32).reshape(shape)
    pictures = (images.batch([row])[0] for row in range(len(images)))
    codes = space.encode(tracked(pictures, "encoding", len(images), listen))
    write_bytes(file, codes.astype("<f4").tobytes())
    return codes


def _described(images: Dataset, rows: Sequence[int]) -> list[Source]:
    chosen = images.table.iloc[list(rows)]
    return [
        Source(name, str(images.folder / path), image_hash, licences.licence_of(images.folder / path))
        for name, path, image_hash in zip(chosen["image_id"], chosen["path"], chosen["image_hash"], strict=True)
    ]


def _all_of(name: str, images: Dataset) -> Source:
    """A whole folder as one source; whoever is made of it carries the strictest of its licences."""
    licence = licences.strictest(licences.licence_of(images.folder / path) for path in images.table["path"])
    return Source(name, str(images.folder), images.content_hash, licence)
