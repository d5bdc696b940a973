"""Names of files that several rooms know, and what is looked at for them must not wait for torch or pandas."""

from pathlib import Path

BUILT_IN = Path(__file__).parent / "builtin"
"""The model that comes with the package: docs/builtin-model.md tells how it was made."""
WEIGHTS = "model.safetensors"
"""Of a run: their hash is the model's."""
LICENCE_TABLES = ("licenses.csv", "licences.csv", "labels.csv")
"""In an image's folder or the one above: they may tell its licence; the first that names it counts."""
IMAGE_SUFFIXES = (
    ".png",
    ".jpg",
    ".jpeg",
    ".tif",
    ".tiff",
    ".bmp",
    ".gif",
    ".webp",
    ".pgm",
    ".ppm",
    ".pbm",
    ".pnm",
)
"""What the names of image files end in, in any case."""
