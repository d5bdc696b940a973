"""Images fuzzed with coverage to guide it: `make fuzz`, which gives atheris a virtual environment of its own.

Whatever the bytes are, they are a picture or a `DataError`; anything else ends the run, and the bytes that did it are
left as `crash-…`. Takes libFuzzer's options: -max_total_time=3600 for an hour.
"""

import sys

import atheris

with atheris.instrument_imports(include=["PIL", "gaia_stim.images"]):
    from gaia_stim.errors import DataError
    from gaia_stim.images import decode_image


def look(found: bytes) -> None:
    try:
        pixels = decode_image(found, "x.png")
    except DataError:
        return
    assert pixels.ndim == 3 and pixels.shape[2] in (1, 3) and pixels.size > 0


if __name__ == "__main__":
    atheris.Setup(sys.argv, look)
    atheris.Fuzz()
