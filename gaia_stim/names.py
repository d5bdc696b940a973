"""Names of files that several rooms know, and how what has none gets one; nothing here waits for torch or pandas."""

import hashlib
import re
import unicodedata
from pathlib import Path

BUILT_IN = Path(__file__).parent / "builtin"
"""The model that comes with the package: docs/builtin-model.md tells how it was made."""
BUILT_IN_NAME = "builtin"
"""Names it wherever a model can be given."""
WEIGHTS = "model.safetensors"
"""Of a run: their hash is the model's."""
CARD = "card.md"
"""In a run folder: what whoever is given the model should know of it."""
LICENCE_TABLES = ("licenses.csv", "licences.csv", "labels.csv")
"""In an image's folder or the one above: they may tell its licence; the first that names it counts."""
IMAGE_SUFFIXES = (
    ".png",
    ".apng",
    ".jpg",
    ".jpeg",
    ".jpe",
    ".jfif",
    ".tif",
    ".tiff",
    ".bmp",
    ".gif",
    ".webp",
    ".avif",
    ".heic",
    ".heif",
    ".hif",
    ".pgm",
    ".ppm",
    ".pbm",
    ".pnm",
)
"""What the names of image files end in, in any case; a file is one by its first bytes, too."""
DRAWN_SUFFIXES = (".svg", ".tga")
"""Of pictures that are not read and whose first bytes may not tell: they are counted."""
LONGEST_NAME = 63
"""Characters of a name in MATLAB, and of an id in every export."""


def plain(text: str) -> str:
    """A text as a part of an id: ASCII letters, digits and single `_` within; `faces/é 1` is `faces_e_1`."""
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9_]+", "_", ascii_text).strip("_")


def default_name(verb: str, *files: Path | str) -> str:
    """What is called so that is made of these files, where a user gives it no name: as an id is, on every system.

    `morph` of `anna smith .png` and `bert.png` is `morph_anna_smith_bert`. Names of which more than that is lost end in
    a hash, so that they stay apart.
    """
    stems = [Path(file).stem for file in files]
    name = "_".join(filter(None, [plain(verb), *map(plain, stems)]))
    if all(map(plain, stems)) and len(name) <= LONGEST_NAME:
        return name
    mark = hashlib.sha256("\n".join(stems).encode(errors="surrogatepass")).hexdigest()[:8]
    return f"{name[: LONGEST_NAME - len(mark) - 1].rstrip('_')}_{mark}"
