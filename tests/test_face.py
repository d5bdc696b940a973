"""What `from gaia_stim import …` gives: all of it there, imported late, and its examples true."""

import doctest
import importlib
import subprocess
import sys

import pytest

import gaia_stim

EXAMPLES = (
    "gaia_stim",
    "gaia_stim.stimuli.plans.continua",
    "gaia_stim.stimuli.plans.exemplars",
    "gaia_stim.stimuli.plans.grids",
)


@pytest.mark.parametrize("name", gaia_stim.__all__)
def test_every_name_is_there_and_says_what_it_is(name: str) -> None:
    assert getattr(gaia_stim, name).__doc__


@pytest.mark.parametrize("module", EXAMPLES)
def test_the_examples_are_true(module: str) -> None:
    found = doctest.testmod(importlib.import_module(module))
    assert found.attempted > 2 and found.failed == 0


def test_importing_the_face_imports_nothing_heavy() -> None:
    code = "import gaia_stim, sys; print({'torch', 'pandas', 'numpy', 'pydantic'} & set(sys.modules))"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "set()"
