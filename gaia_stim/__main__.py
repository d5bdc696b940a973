"""`python -m gaia_stim` is `gaia-stim`."""

import sys

from gaia_stim.cli import main

if __name__ == "__main__":
    sys.exit(main())
