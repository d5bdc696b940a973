"""One picture of what a recipe makes: some of its contact sheets under each other, for a page or a slide.

python examples/recipe_picture.py OUT.png recipes/out/quickstart/{continuum,grid}/sheet.png
"""

import sys
from pathlib import Path

from PIL import Image

WIDTH = 900
out, *sheets = map(Path, sys.argv[1:])

pictures = [Image.open(sheet).convert("RGB") for sheet in sheets]
scaled = [one.resize((WIDTH, round(one.height * WIDTH / one.width)), Image.Resampling.LANCZOS) for one in pictures]
page = Image.new("RGB", (WIDTH, sum(one.height for one in scaled)), "white")
top = 0
for one in scaled:
    page.paste(one, (0, top))
    top += one.height
page.quantize(256).save(out, optimize=True)
