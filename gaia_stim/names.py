"""Names of files that several rooms know, and what is looked at for them must not wait for torch or pandas."""

from pathlib import Path

BUILT_IN = Path(__file__).parent / "builtin"
"""The model that comes with the package: docs/builtin-model.md tells how it was made."""
BUILT_IN_NAME = "builtin"
"""Names it wherever a model can be given."""
WEIGHTS = "model.safetensors"
"""Of a run: their hash is the model's."""
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
