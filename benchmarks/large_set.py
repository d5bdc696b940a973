"""What writing a large set costs beside rendering and compressing it, and whether memory stays flat.

    python benchmarks/large_set.py RUN OUT [STIMULI]

Prints the seconds that the decoder and the PNG encoder need alone, one after the other on the same codes, those of the
whole set, and their ratio; and by how much the memory grew from a tenth of the set to all of it. On a machine that does
other things at the same time, believe the processor's time, which counts all threads, rather than the clock's.
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
from gaia_stim.stimuli.writing import write_set

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


def now() -> np.ndarray:
    """Seconds of the clock and of the processor."""
    return np.array([time.perf_counter(), time.process_time()])


space.decode(codes[:64])  # warm up
begun = now()
bytes_written = 0
for tile in space.rendered(codes):
    bytes_written += sum(len(png_bytes(picture)) for picture in tile)
alone = now() - begun

shutil.rmtree(out, ignore_errors=True)
begun = now()
write_set(out, Plan(rows, codes, title="large set"), space, {"request": {}}, watch)
whole = now() - begun

megabyte = 1 << 20
sys.stdout.write(
    f"{total} stimuli of {space.shape[0]} px, {bytes_written / megabyte:.1f} MB of PNG\n"
    "                                 clock      processor\n"
    f"decoding and PNG encoding alone  {alone[0]:6.1f} s   {alone[1]:6.1f} s\n"
    f"the whole set                    {whole[0]:6.1f} s   {whole[1]:6.1f} s\n"
    f"ratio (at most 1.5 is wanted)    {whole[0] / alone[0]:6.2f}     {whole[1] / alone[1]:6.2f}\n"
    f"memory                           {memory[total // 10] / megabyte:.0f} MB at a tenth, "
    f"{memory[total] / megabyte:.0f} MB at the end\n"
)
