"""Every picture of the gallery, made by the lines that stand beside it.

    python examples/gallery.py [FOLDER [PICTURES [PAGE]]]

Runs examples/gallery.yaml in FOLDER (a temporary one unless said), one example after the other, and writes the pictures
(docs/images/gallery) and the page (docs/gallery.md).
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import yaml
from PIL import Image

ROOT = Path(__file__).parents[1]
EXAMPLES = yaml.safe_load((ROOT / "examples" / "gallery.yaml").read_text(encoding="utf-8"))
WIDTH = 900  # of a picture on the page, at most

HEAD = """# Gallery

Twenty pictures, each with the lines that made it and nothing else; they were run in one empty folder, from top to
bottom, with the model that comes with the package. With your own photographs and `-m RUN` they are the same lines.
`python examples/gallery.py` writes this page.
"""


def name(example: dict[str, str]) -> str:
    return example["title"].lower().replace(",", "").replace(" ", "-")


def make(example: dict[str, str], folder: Path) -> Image.Image | None:
    """Run the example's lines in `folder`; its picture, or None where it prints."""
    words = ["bash", "-euc", example["run"]] if "run" in example else [sys.executable, "-c", example["python"]]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "COLUMNS": "100"}
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{example['title']}: {done.stdout}{done.stderr}")
    example["printed"] = done.stdout
    return row(sorted(folder.glob(example["picture"]))) if "picture" in example else None


def row(files: list[Path]) -> Image.Image:
    """Pictures side by side, no wider than the page."""
    pictures = [Image.open(file).convert("RGB") for file in files]
    height = min(picture.height for picture in pictures)
    same = [picture.resize((round(picture.width * height / picture.height), height)) for picture in pictures]
    whole = Image.fromarray(np.concatenate([np.asarray(picture) for picture in same], axis=1))
    whole.thumbnail((WIDTH, 2 * WIDTH), Image.Resampling.LANCZOS)
    return whole


def section(example: dict[str, str]) -> str:
    language, lines = ("bash", example["run"]) if "run" in example else ("python", example["python"])
    shown = f"![{example['says']}](images/gallery/{name(example)}.jpg)"
    below = shown if "picture" in example else f"```text\n{example['printed'].strip()}\n```"
    return f"## {example['title']}\n\n{example['says']}\n\n```{language}\n{lines.strip()}\n```\n\n{below}\n"


def build(folder: Path, pictures: Path, page: Path) -> None:
    pictures.mkdir(parents=True, exist_ok=True)
    for example in EXAMPLES:
        print(example["title"])
        if picture := make(example, folder):
            picture.save(pictures / f"{name(example)}.jpg", quality=85, optimize=True)
    page.write_text("\n".join([HEAD, *map(section, EXAMPLES)]), encoding="utf-8")


if __name__ == "__main__":
    given = [Path(word) for word in sys.argv[1:]]
    where = given[0] if given else Path(tempfile.mkdtemp())
    build(where, *(given[1:] or [ROOT / "docs" / "images" / "gallery", ROOT / "docs" / "gallery.md"]))
