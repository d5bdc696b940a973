"""The command line: options → config → pipeline; the only place that prints, exits or translates an error."""

from gaia_stim.cli.app import main

__all__ = ["main"]
