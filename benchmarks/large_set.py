"""What writing a large set costs beside rendering and compressing it, and whether memory stays flat.

    python benchmarks/large_set.py RUN OUT [STIMULI]

Prints the seconds that the decoder and the PNG encoder need alone, one after the other on the same codes, those of the
whole set, and their ratio; and by how much the memory grew from a tenth of the set to all of it.
"""

import shutil
import sys
import time
from pathlib import Path

import numpy as np
import psutil

from gaia_stim.events import Event, Progress
from gaia_stim.images import png_bytes
from gaia_stim.space.space import Space
from gaia_stim.stimuli.manifest import Row
from gaia_stim.stimuli.plan import Plan
from gaia_stim.stimuli.sets import write_set

run, out = map(Path, sys.argv[1:3])
total = int(sys.argv[3]) if len(sys.argv) > 3 else 10_000

space = Space.load(run)
codes = np.random.default_rng(0).normal(size=(total, space.latent)).astype(np.float32)
rows = [Row.numbered("sample", position, total) for position in range(total)]
process = psutil.Process()
memory: dict[int, int] = {}


def watch(event: Event) -> None:
    """Note the resident memory after a tenth of the stimuli, and at the end."""
    if isinstance(event, Progress) and event.done in (total // 10, total):
        memory[event.done] = process.memory_info().rss


space.decode(codes[:64])  # warm up
begun = time.perf_counter()
bytes_written = 0
for tile in space.rendered(codes):
    bytes_written += sum(len(png_bytes(picture)) for picture in tile)
alone = time.perf_counter() - begun

shutil.rmtree(out, ignore_errors=True)
begun = time.perf_counter()
write_set(out, Plan(rows, codes, title="large set"), space, {"request": {}}, watch)
whole = time.perf_counter() - begun

megabyte = 1 << 20
sys.stdout.write(
    f"{total} stimuli of {space.shape[0]} px, {bytes_written / megabyte:.1f} MB of PNG\n"
    f"decoding and PNG encoding alone  {alone:.1f} s ({alone / total * 1e3:.2f} ms a stimulus)\n"
    f"the whole set                    {whole:.1f} s ({whole / total * 1e3:.2f} ms a stimulus)\n"
    f"ratio                            {whole / alone:.2f} (at most 1.5 is wanted)\n"
    f"memory                           {memory[total // 10] / megabyte:.0f} MB at a tenth, "
    f"{memory[total] / megabyte:.0f} MB at the end\n"
)
