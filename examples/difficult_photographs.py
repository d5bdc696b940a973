"""Photographs as they come, made from good ones: what `gaia-stim align` is to survive, and to say.

python examples/difficult_photographs.py PHOTOS OUT
"""

import sys
from pathlib import Path

import numpy as np
import skimage.data
from PIL import Image, ImageDraw, ImageFilter

EXIF_ORIENTATION, ON_ITS_SIDE = 274, 6


def main(photos: Path, out: Path) -> None:
    """Write the difficult ones; the good ones are the first of the folder, in the order of their names."""
    out.mkdir(parents=True)
    files = sorted(path for path in photos.rglob("*") if path.suffix.lower() in (".jpg", ".png"))
    first, second, third, fourth = (
        Image.open(files[place]).convert("RGB") for place in np.linspace(0, 99, 4, dtype=int)
    )
    width, height = first.size
    turned = Image.Exif()
    turned[EXIF_ORIENTATION] = ON_ITS_SIDE
    pictures = {
        "as it is": first,
        "two faces": beside(first, second),
        "one behind another": behind(first, second),
        "head tilted": third.rotate(28, Image.Resampling.BICUBIC, fillcolor=(200, 200, 200)),
        "upside down": third.rotate(180),
        "only the face": second.crop((width * 0.2, height * 0.28, width * 0.8, height * 0.8)),
        "far off": far(fourth),
        "half outside": fourth.crop((fourth.width // 2, 0, fourth.width, fourth.height)),
        "tiny": third.crop((160, 100, 480, 420)).resize((32, 32)),
        "dark": third.point(lambda value: value // 6),
        "blurred": second.filter(ImageFilter.GaussianBlur(14)),
        "eyes hidden": hidden(fourth),
        "a cat": Image.fromarray(skimage.data.chelsea()),
        "coffee": Image.fromarray(skimage.data.coffee()),
        "noise": Image.fromarray(np.random.default_rng(0).integers(0, 256, (300, 300, 3), dtype=np.uint8)),
        "from the side": Image.fromarray(skimage.data.camera()),
    }
    for name, picture in pictures.items():
        picture.save(out / f"{name}.png")
    fourth.rotate(90, expand=True).save(out / "on its side by EXIF.jpg", exif=turned, quality=95)
    second.resize((6000, 6000 * second.height // second.width)).save(out / "6000 px.jpg", quality=80)
    sixteen = np.asarray(third.convert("L")).astype(np.uint16) * 257
    Image.fromarray(sixteen).save(out / "16 bits, grey.png")


def beside(left: Image.Image, right: Image.Image) -> Image.Image:
    made = Image.new("RGB", (left.width + right.width, max(left.height, right.height)))
    made.paste(left, (0, 0))
    made.paste(right, (left.width, 0))
    return made


def behind(near: Image.Image, far_off: Image.Image) -> Image.Image:
    made = near.copy()
    made.paste(far_off.resize((far_off.width // 6, far_off.height // 6)), (4, 4))
    return made


def far(picture: Image.Image) -> Image.Image:
    made = Image.new("RGB", (1200, 1000), (110, 130, 110))
    made.paste(picture.resize((150, 150 * picture.height // picture.width)), (930, 640))
    return made


def hidden(picture: Image.Image) -> Image.Image:
    made = picture.copy()
    width, height = picture.size
    ImageDraw.Draw(made).rectangle((0, height * 0.38, width, height * 0.56), fill=(20, 20, 20))
    return made


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
