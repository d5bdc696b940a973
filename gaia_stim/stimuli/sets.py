"""A stimulus set: a folder that is whole or not there.

SET/manifest.csv      a row a stimulus
SET/stimuli/*.png     lossless, named by stim_id
SET/sheet.png         the set at a glance
SET/disagreement.png  of carried photographs: where they do not agree
SET/provenance.json   everything needed to make it again, and the hashes of all files

It is read here, and needs no model for that, nor torch; `stimuli.writing` writes it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import pandas as pd

from gaia_stim.errors import DataError
from gaia_stim.files import hash_bytes, hash_file, stamp
from gaia_stim.images import Pixels, decode_image, read_bytes
from gaia_stim.outputs import Kind
from gaia_stim.stimuli.identity import NO_IMAGES, continuum_id, set_id
from gaia_stim.stimuli.manifest import STIMULI, Row, read_manifest, rows_of
from gaia_stim.stimuli.provenance import Provenance

MANIFEST, PROVENANCE, SHEET = "manifest.csv", "provenance.json", "sheet.png"
DISAGREEMENT = "disagreement.png"
SET = Kind(
    "stimulus set",
    PROVENANCE,
    parts=frozenset({MANIFEST, SHEET, DISAGREEMENT, STIMULI, "matching.csv"}),
    hashes=lambda folder: {row.image: row.image_hash or "" for row in StimulusSet.open(folder).rows()},
)
MOST_BYTES = 200
"""Bytes of a name that is made here: file systems have 255, and what is not finished has a longer one."""


@dataclass(frozen=True, eq=False)
class StimulusSet:
    """A set on disk: its folder, its manifest as a table, and its provenance."""

    folder: Path
    table: pd.DataFrame = field(repr=False)
    provenance: Provenance = field(repr=False)

    def __len__(self) -> int:
        return len(self.table)

    @property
    def name(self) -> str:
        """What its folder is called."""
        return self.folder.resolve().name

    @cached_property
    def manifest_hash(self) -> str:
        """The hash of its manifest, and so of all its pictures."""
        return hash_file(self.folder / MANIFEST)

    @property
    def set_id(self) -> str:
        """Which set it is, whatever it is called and wherever it lies; see `stimuli.identity`."""
        about = self.provenance
        images = [source.image_hash for source in about.sources if source.source_id not in NO_IMAGES]
        return set_id(self.manifest_hash, continuum_id(about.model.model_hash, about.plan.path.kind, images))

    def _repr_png_(self) -> bytes | None:
        """Its sheet, which a notebook shows."""
        return read_bytes(self.folder / SHEET) if (self.folder / SHEET).is_file() else None

    def rows(self) -> list[Row]:
        """The manifest's rows. Raises `DataError` where one is damaged."""
        return rows_of(self.table.to_dict("records"), str(self.folder / MANIFEST))

    def image(self, stim_id: str) -> Pixels:
        """The picture of one stimulus: uint8 (H, W, C). Raises `DataError` for an unknown id."""
        found = self.table[self.table["stim_id"] == stim_id]
        if found.empty:
            raise DataError(f"{self.folder}: no stimulus '{stim_id}' in its manifest")
        [row] = rows_of(found[:1].to_dict("records"), str(self.folder / MANIFEST))
        return self.picture(row.image)[1]

    def pictures(self) -> Iterator[tuple[Row, Pixels]]:
        """Every stimulus in order, one in memory at a time.

        Raises `DataError` where a file is no longer the one that the manifest tells of.
        """
        for row in self.rows():
            image_hash, pixels = self.picture(row.image)
            if image_hash != row.image_hash:
                raise DataError(
                    f"{self.folder / row.image}: was changed after the set was written; 'gaia-stim remake "
                    f"{self.folder}' makes it again"
                )
            yield row, pixels

    def picture(self, image: str) -> tuple[str, Pixels]:
        """The hash and the pixels of one of the files; raises as `content`."""
        content = self.content(image)
        return hash_bytes(content), decode_image(content, str(self.folder / image))

    def content(self, image: str) -> bytes:
        """One of the files as it is. Raises `DataError` for a path, or a link, that leads out of the set."""
        if not (self.folder / image).resolve().is_relative_to(self.folder.resolve()):
            raise DataError(f"{self.folder / MANIFEST}: the image {image} is not in the set's folder")
        return read_bytes(self.folder / image)

    @classmethod
    def open(cls, folder: Path) -> "StimulusSet":
        """Read a set. Raises `DataError` where the folder is not one."""
        before = stamp(folder)
        for name in (MANIFEST, PROVENANCE):
            if not (folder / name).is_file():
                raise DataError(f"{folder}: not a stimulus set (it has no {name})")
        table = read_manifest(folder / MANIFEST)
        if table.empty:
            raise DataError(f"{folder / MANIFEST}: names no stimuli")
        found = cls(folder, table, Provenance.read(folder / PROVENANCE))
        # Where the set was replaced meanwhile, that is the table of one and the provenance of another.
        return found if stamp(folder) == before else cls.open(folder)


def beside(folder: Path, ending: str) -> Path:
    """`SET.gif` or `SET_audit` for the folder `SET`, whose name is cut where no file system had room for both."""
    known = folder if folder.name not in ("", "..") else folder.resolve()
    room = MOST_BYTES - len(ending.encode())
    stem = known.name.encode(errors="surrogateescape")[:room].decode(errors="ignore")
    return known.with_name(f"{known.name if len(stem) == len(known.name) else stem.rstrip(' .')}{ending}")
