"""Images to codes, and codes back to images."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from gaia_stim.config import DecodeConfig, EncodeConfig
from gaia_stim.config.verbs import verb_of
from gaia_stim.dataset import image_ids
from gaia_stim.errors import DataError
from gaia_stim.events import Listener, Note, silent
from gaia_stim.files import hash_bytes, hash_file, json_bytes
from gaia_stim.images import Listing, counted, read_bytes, several_in_words
from gaia_stim.outputs import Kind, stands, write_file
from gaia_stim.space.codes import CodeTable, check_suffix, codes_bytes, read_codes
from gaia_stim.space.encoding import EncodedFiles, listed
from gaia_stim.space.opening import open_space
from gaia_stim.space.space import Space
from gaia_stim.stimuli import licences
from gaia_stim.stimuli.making import make_set
from gaia_stim.stimuli.manifest import Row
from gaia_stim.stimuli.plan import Plan
from gaia_stim.stimuli.provenance import Source
from gaia_stim.stimuli.sets import SHEET
from gaia_stim.training.distributed import here

CODES = Kind("file of codes")


@dataclass(frozen=True)
class EncodeResult:
    """Where the codes are."""

    out: Path
    images: int
    skipped: int
    latent: int
    model_hash: str


@dataclass(frozen=True)
class DecodeResult:
    """Where the decoded pictures are."""

    out: Path
    stimuli: int
    sheet: Path
    model_hash: str


def encode(config: EncodeConfig, listen: Listener = silent) -> EncodeResult:
    """Write the codes of images, and of all images in folders; the identical command finds that they are written.

    The processes of a `joined` block take a part of the images each, and the first of them writes: the same bytes.

    Raises `DataError` for an unreadable image with `strict`, where none can be read, or where one that was named is not
    there; `ConfigError` where the file exists and holds anything else.
    """
    devices = here()
    listen = listen if devices.leads else silent
    check_suffix(config.out)
    paths, left_out = listed(config.images, strict=config.strict, follow_links=config.follow_links)
    space = open_space(config.model, listen)
    # Where nothing is there yet, no image need be read twice.
    if os.path.lexists(config.out) and stands(config.out, CODES, _request(config, space, paths), force=config.force):
        listen(Note(f"{config.out} is this very {CODES.name} already: nothing to do"))
        images = len(read_codes(config.out).path)
        return EncodeResult(config.out, images, len(paths) + len(left_out) - images, space.latent, space.model_hash)
    share = devices.share(paths)
    found = EncodedFiles.of(space, share, config.align, strict=config.strict, listen=listen).gathered(devices.gather)
    skipped = [*found.skipped, *left_out]
    told = counted(skipped) + Listing([], left_out).hint
    if skipped and (config.strict or not found.paths):
        few = "not all" if found.paths else "none"
        raise DataError(f"{few} of {len(paths) + len(left_out)} images can be read: {told}")
    if skipped:
        listen(Note(f"{len(skipped)} of {len(paths) + len(left_out)} files skipped: {told}", warning=True))
    if found.several:
        listen(Note(several_in_words(found.several)))
    table = CodeTable(found.codes, space.model_hash, image_ids(found.paths), found.paths, found.hashes)
    if devices.leads:
        request = _request(config, space, paths, dict(zip(found.paths, found.hashes, strict=True)))
        write_file(config.out, CODES, request, codes_bytes(config.out.suffix, table))
    return EncodeResult(config.out, len(found.paths), len(skipped), space.latent, space.model_hash)


def _request(
    config: EncodeConfig, space: Space, paths: Sequence[Path], known: Mapping[str, str] = MappingProxyType({})
) -> dict[str, Any]:
    """What decides the codes; `known` are the hashes of images that were read anyway."""
    hashes = [[path.as_posix(), known.get(path.as_posix()) or _hash(path)] for path in paths]
    return {
        "verb": verb_of(config),
        "options": config.request(),
        "model_hash": space.model_hash,
        "images": hash_bytes(json_bytes(hashes)),
    }


def _hash(path: Path) -> str | None:
    """Of an image's file; None where it cannot even be read, and is skipped."""
    try:
        return hash_bytes(read_bytes(path))
    except DataError:
        return None


def decode(config: DecodeConfig, listen: Listener = silent) -> DecodeResult:
    """Write the pictures of codes as a stimulus set.

    Raises `DataError` where the file does not hold codes of this model's length, `ConfigError` where the folder holds
    something else.
    """
    table = read_codes(config.latents)
    space = open_space(config.model, listen)
    total, latent = table.codes.shape
    if latent != space.latent:
        raise DataError(
            f"{config.latents}: its codes have {latent} numbers, the model's {space.latent}; give their --model"
        )
    if table.model_hash != space.model_hash:
        listen(Note(f"{config.latents} was encoded by another model ({table.model_hash[:19]}…)", warning=True))
    images = [
        Source(name, path, image_hash, licences.licence_of(Path(path)))
        for name, path, image_hash in zip(table.image_id, table.path, table.image_hash, strict=True)
    ]
    # The codes may have been edited since: the file is what the pictures are made of.
    sources = [Source("latents", str(config.latents), hash_file(config.latents)), *images]
    rows = [
        replace(Row.numbered("decode", position, total), source_ids=source)
        for position, source in enumerate(table.image_id)
    ]
    make_set(
        config.out,
        config,
        space,
        sources,
        lambda: Plan(rows, table.codes, title="decoded codes"),
        listen,
        force=config.force,
    )
    return DecodeResult(config.out, total, config.out / SHEET, space.model_hash)
